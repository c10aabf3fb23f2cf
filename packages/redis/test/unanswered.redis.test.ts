import { type Fault, faultProxy, redisFixture } from '@rq/testkit'
import { newJob } from '@rq/testkit/storage-conformance'
import { expect, test } from 'vitest'
import { RedisStorage } from '../src/index.ts'

/** A producer whose enqueue is under way when the connection breaks, and every later connection meets `fault`. */
async function underWay(fault: Fault, atFirst?: (storage: RedisStorage) => void) {
  await using redis = await redisFixture()
  await using proxy = await faultProxy(redis.url)
  await using storage = new RedisStorage({ connection: proxy.url, prefix: redis.prefix })
  await storage.queues.count('default')
  proxy.onCommand = ({ name }) => {
    if (name === 'info') {
      atFirst?.(storage)
      return fault
    }
    return name === 'enqueue' ? { kind: 'reset' } : undefined
  }
  return await storage.queues.enqueue([newJob({ id: 'a' })]).catch((reason: unknown) => reason)
}

test('a call under way fails when connections open and none comes to anything', async () => {
  expect(await underWay({ kind: 'reset' })).toMatchObject({ code: 'RQ_REDIS_UNREACHABLE', retryable: true })
})

test('a call under way fails when the credentials are no longer right', async () => {
  const refused = { kind: 'error', message: 'WRONGPASS invalid username-password pair' } as const
  expect(await underWay(refused)).toMatchObject({ code: 'RQ_REDIS_AUTH' })
})

test('a call under way fails when the storage is closed meanwhile', async () => {
  const error = await underWay({ kind: 'reset' }, (storage) => void storage.close())
  expect(error).toMatchObject({ code: 'RQ_REDIS_UNREACHABLE' })
})
