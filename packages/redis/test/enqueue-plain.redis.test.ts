import { faultProxy, redisFixture, startRedis } from '@rq/testkit'
import { newJob, RETURNED, workOff } from '@rq/testkit/storage-conformance'
import { expect, test } from 'vitest'
import { RedisStorage } from '../src/index.ts'
import { NEW_HASH, named } from './whole-state.ts'
import { withBrokenKeys, withStorage } from './with-storage.ts'

const lone = (id: string, facts: Parameters<typeof newJob>[0] = {}) => newJob({ id, ...facts }, { hasNewId: true })

/** A storage behind a proxy, which lists the scripts that were sent. */
async function watched(run: (place: { storage: RedisStorage; sent: () => readonly string[] }) => Promise<void>) {
  await using redis = await redisFixture()
  await using proxy = await faultProxy(redis.url)
  await using storage = new RedisStorage({ connection: proxy.url, prefix: redis.prefix })
  // So that the server knows the scripts.
  await storage.queues.enqueue([lone('first')])
  await storage.queues.enqueue([newJob({ id: 'second' })])
  const before = proxy.commands.length
  await run({ storage, sent: () => proxy.commands.slice(before) })
}

test('a lone plain job with a new id is one call of its own script', () =>
  watched(async ({ sent, storage }) => {
    expect(await storage.queues.enqueue([lone('a')])).toEqual(['queued'])
    expect(sent()).toEqual(['enqueue_plain'])
  }))

test('any other job, and more than one, is one call of the other script', () =>
  watched(async ({ sent, storage }) => {
    await storage.queues.enqueue([newJob({ id: 'may-be-known' })])
    await storage.queues.enqueue([lone('a'), lone('b')])
    await storage.queues.enqueue([lone('with-ttl', { ttlS: 60 })])
    await storage.queues.enqueue([{ ...lone('at-front'), atFront: true }])
    expect(sent()).toEqual(['enqueue', 'enqueue', 'enqueue', 'enqueue'])
  }))

test('both scripts write the same, in the same order', () =>
  withStorage(async (storage, redis) => {
    const { client, prefix } = redis
    await storage.queues.enqueue([lone('a', { data: '"\u00e9\u2028"', description: 'd' })])
    await storage.queues.enqueue([newJob({ id: 'b', data: '"\u00e9\u2028"', description: 'd' })])
    const [one, other] = await Promise.all(['a', 'b'].map((id) => client.hgetall(`${prefix}job:${id}`)))
    const { enqueued_at: _, ...values } = one ?? {}
    expect(other).toMatchObject(values)
    expect(Object.keys(one ?? {})).toEqual(Object.keys(other ?? {}))
    await storage.queues.enqueue([lone('c')])
    expect(named(await redis.dump())).toMatchObject({
      'rq:job:c': NEW_HASH,
      'rq:queue:default': ['a', 'b', 'c'],
      'rq:queues': ['rq:queue:default'],
    })
  }))

test('bytes arrive as they are', () =>
  withStorage(async (storage, { client, prefix }) => {
    const data = Uint8Array.from({ length: 256 }, (_, byte) => byte)
    await storage.queues.enqueue([lone('a', { data })])
    expect(await client.hgetBuffer(`${prefix}job:a`, 'data')).toEqual(Buffer.from(data))
  }))

test('a call whose reply was lost enqueues its job once', async () => {
  await using redis = await redisFixture()
  await using proxy = await faultProxy(redis.url)
  await using storage = new RedisStorage({ connection: proxy.url, prefix: redis.prefix })
  await storage.queues.enqueue([lone('first')])
  await workOff(storage, RETURNED)
  let cuts = 0
  proxy.onCommand = ({ name }) => (name === 'enqueue_plain' && cuts++ === 0 ? { kind: 'cut' } : undefined)
  expect(await storage.queues.enqueue([lone('a')])).toEqual(['queued'])
  expect(await storage.queues.jobIds('default', 0, -1)).toEqual(['a'])
})

test('a job that was there is replaced as by any other call', () =>
  withStorage(async (storage, { client, prefix }) => {
    await storage.queues.enqueue([lone('a')])
    await workOff(storage, RETURNED)
    expect(await storage.queues.enqueue([lone('a', { createdAtMs: 1_790_000_000_001 })])).toEqual(['queued'])
    expect(await storage.queues.jobIds('default', 0, -1)).toEqual(['a'])
    expect(await client.hget(`${prefix}job:a`, 'status')).toBe('queued')
  }))

test.each(['queue:default', 'job:a', 'queues'])('%s of another type: an error, and nothing is written', (name) =>
  withBrokenKeys(async (storage, { client, prefix }) => {
    await client.set(prefix + name, 'x')
    await expect(storage.queues.enqueue([lone('a')])).rejects.toMatchObject({
      code: 'RQ_REDIS',
      message: expect.stringContaining('WRONGTYPE'),
    })
    expect(await client.keys(`${prefix}job:a`)).toEqual(name === 'job:a' ? [prefix + name] : [])
    expect(await client.type(`${prefix}queue:default`)).toBe(name === 'queue:default' ? 'string' : 'none')
  }),
)

test('a full Redis refuses it, and it is not there', async () => {
  await using server = await startRedis()
  await using redis = await redisFixture({ url: server.url })
  await using storage = new RedisStorage({ connection: server.url, prefix: redis.prefix })
  await redis.client.config('SET', 'maxmemory', '1')
  await expect(storage.queues.enqueue([lone('a')])).rejects.toMatchObject({ code: 'RQ_REDIS_OUT_OF_MEMORY' })
  await redis.client.config('SET', 'maxmemory', '0')
  expect(await redis.client.exists(`${redis.prefix}job:a`)).toBe(0)
})
