import { settle } from '@rq/job'
import { faultProxy, redisFixture } from '@rq/testkit'
import { claimRequest, newJob, newWorker, RAISED, RETURNED } from '@rq/testkit/storage-conformance'
import { describe, expect, test } from 'vitest'
import { RedisStorage } from '../src/index.ts'

describe('awaitResult of a job that is over', () => {
  test.each([
    ['finished', newJob({ id: 'a' }), RETURNED, 'successful'],
    ['finished, in the dialect of Python', newJob({ id: 'a', results: 'stream' }), RETURNED, 'successful'],
    ['failed', newJob({ id: 'a' }), RAISED, 'failed'],
  ] as const)('takes one command: %s', async (_what, job, outcome, type) => {
    await using redis = await redisFixture()
    await using proxy = await faultProxy(redis.url)
    await using storage = new RedisStorage({ connection: proxy.url, prefix: redis.prefix })
    await storage.workers.register(newWorker(), 15_000)
    await storage.queues.enqueue([job])
    const { jobs } = await storage.workers.claim(claimRequest())
    await storage.workers.settle(
      'worker',
      jobs.map((claimed) => settle(claimed.job, claimed.executionId, outcome)),
    )
    // The first one also subscribes, and sends the script.
    await storage.jobs.awaitResult('a', 10_000, undefined, 'end')
    for (const until of ['end', 'result'] as const) {
      const before = proxy.commands.length
      const { status, result } = await storage.jobs.awaitResult('a', 10_000, undefined, until)
      expect(proxy.commands.slice(before)).toEqual(['await_result'])
      expect({ status, type: result?.type }).toEqual({ status: outcome === RAISED ? 'failed' : 'finished', type })
      const [known] = await storage.jobs.results('a')
      expect(result).toEqual(known)
    }
    await storage.workers.unregister(newWorker())
  })
})

test('the channels that a job notes come to an end', async () => {
  await using redis = await redisFixture()
  await using storage = new RedisStorage({ connection: redis.url, prefix: redis.prefix })
  await storage.queues.enqueue([newJob({ id: 'a' })])
  const key = `${redis.prefix}job:a`
  const gone = Array.from({ length: 130 }, (_, n) => String(n).padStart(32, 'x'))
  await redis.client.hset(key, 'waiters', gone.join(','))
  await storage.jobs.awaitResult('a', 1)
  const noted = String(await redis.client.hget(key, 'waiters')).split(',')
  expect(noted.length).toBeLessThan(130)
  expect(noted.slice(0, -1)).toEqual(gone.slice(-noted.length + 1))
  expect(noted.at(-1)).toMatch(/^[0-9a-f]{32}$/)
})
