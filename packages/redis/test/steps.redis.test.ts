import { eventually, faultProxy, type RedisFixture, redisFixture } from '@rq/testkit'
import { claimRequest, newJob, newWorker } from '@rq/testkit/storage-conformance'
import { describe, expect, it } from 'vitest'
import * as scripts from '../src/connection/scripts.generated.ts'
import { RedisStorage } from '../src/index.ts'

/** More than two steps of everything. */
const MANY = 2500

interface Place {
  readonly storage: RedisStorage
  readonly redis: RedisFixture
  /** How often the storage has sent this command or script. */
  sent(name: string): number
}

/** A storage whose commands are counted: each works on a part of what there is, however much that is. */
async function withStorage(run: (place: Place) => Promise<void>, tolerate?: RegExp): Promise<void> {
  await using redis = await redisFixture(tolerate === undefined ? {} : { tolerate })
  await using proxy = await faultProxy(redis.url)
  await using storage = new RedisStorage({ connection: proxy.url, prefix: redis.prefix, role: 'worker' })
  // A script that the server does not know is sent twice.
  for (const { lua } of Object.values(scripts)) await redis.client.script('LOAD', lua)
  const sent = (name: string) => proxy.commands.filter((one) => one === name).length
  await run({ storage, redis, sent })
}

const entries = (count: number, score: number, letter: string) =>
  Array.from({ length: count }, (_, n) => [String(score), `${letter}${n}`]).flat()

describe('a registry', () => {
  it('counts what has not expired, and removes nothing for it', () =>
    withStorage(async ({ redis: { client, prefix }, storage }) => {
      const key = `${prefix}failed:default`
      await client.zadd(key, ...entries(MANY, 1, 'past'), ...entries(2, -1, 'ever'), ...entries(3, 4e9, 'later'))
      expect(await storage.queues.registryCount('default', 'failed')).toBe(5)
      expect(await storage.queues.registryCount('default', 'failed', true)).toBe(MANY + 5)
      expect(await client.zcard(key)).toBe(MANY + 5)
    }, /without a job|no job/))

  it('drops what has expired in steps, and nothing else', () =>
    withStorage(async ({ redis: { client, prefix }, sent, storage }) => {
      const key = `${prefix}finished:default`
      await client.zadd(key, ...entries(MANY, 1, 'past'), ...entries(2, -1, 'ever'), ...entries(3, 4e9, 'later'))
      expect(await storage.queues.registryCleanup('default', 'finished')).toBe(MANY)
      expect(await client.zrange(key, 0, '-1')).toEqual(['ever0', 'ever1', 'later0', 'later1', 'later2'])
      expect(sent('drop_expired')).toBe(3)
      expect(await storage.queues.registryCleanup('default', 'finished')).toBe(0)
    }, /without a job|no job/))
})

describe('a claim', () => {
  it('drops a limited number of ids that cannot start, and says that it is to be repeated', () =>
    withStorage(async ({ redis: { client, prefix }, storage }) => {
      const gone = Array.from({ length: MANY }, (_, n) => `gone${n}`)
      await client.rpush(`${prefix}queue:default`, ...gone)
      await storage.queues.enqueue([newJob({ id: 'alive' })])
      const claims = []
      do claims.push(await storage.workers.claim(claimRequest({ want: 100 })))
      while (claims.at(-1)?.again === true)
      expect(claims.map(({ again, jobs }) => [again, jobs.length])).toEqual([
        [true, 0],
        [true, 0],
        [undefined, 1],
      ])
      expect(await storage.workers.claim(claimRequest())).toEqual({ jobs: [], suspended: false })
      const lease = { queue: 'default', jobId: 'alive', executionId: claims.at(-1)?.jobs[0]?.executionId ?? '' }
      await storage.workers.giveBack([lease])
    }))
})

describe('a rate limit', () => {
  it('takes its slots from jobs that are gone in steps', () =>
    withStorage(async ({ redis: { client, prefix }, sent, storage }) => {
      const rateLimit = { key: 'k', concurrency: MANY + 1 }
      await storage.queues.enqueue([newJob({ id: 'holder', rateLimit })])
      await client.zadd(`${prefix}rl:k:allowed`, ...entries(MANY, 1, 'gone'))
      await storage.workers.cleanUp([])
      expect(await client.zrange(`${prefix}rl:k:allowed`, 0, '-1')).toEqual(['holder'])
      expect(sent('drop_dead_slots')).toBe(3)
    }))

  it('passes over waiting jobs that are gone, in steps', () =>
    withStorage(async ({ redis: { client, prefix }, storage }) => {
      const rateLimit = { key: 'k', concurrency: 1 }
      await storage.queues.enqueue([newJob({ id: 'holder', rateLimit }), newJob({ id: 'waiter', rateLimit })])
      for (let n = 0; n < 5; n++) await client.zadd(`${prefix}rl:k:rate_limited`, ...entries(MANY, 1, `gone${n}-`))
      await storage.jobs.delete({ jobId: 'holder', deleteDependents: false })
      await eventually(async () => {
        await storage.workers.cleanUp([])
        return (await storage.queues.jobIds('default', 0, -1)).includes('waiter')
      })
      expect(await client.exists(`${prefix}rl:k:rate_limited`)).toBe(0)
    }))
})

describe('a worker that leaves', () => {
  it('returns the jobs of a claim whose reply it did not get, in order, among thousands of leases', async () => {
    await using redis = await redisFixture({ tolerate: /lease|started/ })
    await using proxy = await faultProxy(redis.url)
    await using storage = new RedisStorage({ connection: proxy.url, prefix: redis.prefix, role: 'worker' })
    const ids = Array.from({ length: 1200 }, (_, n) => `job${String(n).padStart(4, '0')}`)
    await storage.queues.enqueue(ids.map((id) => newJob({ id })))
    const others = Array.from({ length: MANY }, (_, n) => ['1', `other${n}:0123`]).flat()
    await redis.client.zadd(`${redis.prefix}wip:default`, ...others)
    const worker = newWorker({ ttlS: 60 })
    await storage.workers.register(worker, 15_000)
    proxy.onCommand = ({ name }) => (name === 'claim' ? { kind: 'delay', ms: 50 } : undefined)
    const claim = storage.workers.claim(claimRequest({ want: ids.length }))
    await storage.workers.unregister(worker)
    await claim
    expect(await storage.queues.jobIds('default', 0, -1)).toEqual(ids)
    expect(await redis.client.zcard(`${redis.prefix}wip:default`)).toBe(MANY)
  })
})
