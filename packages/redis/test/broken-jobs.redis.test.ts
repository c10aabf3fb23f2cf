import { eventually, type RedisFixture, redisFixture } from '@rq/testkit'
import { claimRequest, end, newJob, RAISED } from '@rq/testkit/storage-conformance'
import { describe, expect, test } from 'vitest'
import { RedisStorage } from '../src/index.ts'

/** Runs a test beside jobs that no program of ours could have written; deletes what is left of them. */
async function withStorage(run: (storage: RedisStorage, redis: RedisFixture) => Promise<void>): Promise<void> {
  await using redis = await redisFixture()
  await using storage = new RedisStorage({ connection: redis.url, prefix: redis.prefix })
  try {
    await run(storage, redis)
  } finally {
    await redis.client.unlink(await redis.client.keys(`${redis.prefix}*`))
  }
}

describe('claim', () => {
  test('gives out a job without data, so that it fails', () =>
    withStorage(async (storage, { client, prefix }) => {
      await storage.queues.enqueue([newJob({ id: 'plain' }), newJob({ id: 'other', ttlS: 60 })])
      await client.hset(`${prefix}job:plain`, 'data', '')
      await client.hset(`${prefix}job:other`, 'data', '')
      const { jobs } = await storage.workers.claim(claimRequest())
      expect(jobs.map(({ job }) => [job.id, job.data.length])).toEqual([
        ['plain', 0],
        ['other', 0],
      ])
      expect(await end(storage, jobs, RAISED)).toEqual(['applied', 'applied'])
    }))

  test('drops an id whose key is no job, and no other', () =>
    withStorage(async (storage, { client, prefix }) => {
      await storage.queues.enqueue(['a', 'b', 'c'].map((id) => newJob({ id })))
      await client.del(`${prefix}job:b`)
      await client.sadd(`${prefix}job:b`, 'x')
      const { jobs } = await storage.workers.claim(claimRequest())
      expect(jobs.map(({ job }) => job.id)).toEqual(['a', 'c'])
    }))
})

describe.each(['-1', '0', '1.5', 'garbage', '1e400', ' '])('a ttl of "%s"', (ttl) => {
  const ttlOf = ({ client, prefix }: RedisFixture) => client.ttl(`${prefix}job:j`)

  test('does not end a job that is given back', () =>
    withStorage(async (storage, redis) => {
      await storage.queues.enqueue([newJob({ id: 'j' })])
      await redis.client.hset(`${redis.prefix}job:j`, 'ttl', ttl)
      const { jobs } = await storage.workers.claim(claimRequest())
      const executionId = jobs[0]?.executionId ?? ''
      expect(await storage.workers.giveBack([{ queue: 'default', jobId: 'j', executionId }])).toEqual(['returned'])
      expect(await ttlOf(redis)).not.toBe(-2)
    }))

  test('does not end a job that is retried later, nor keep it from being promoted', () =>
    withStorage(async (storage, redis) => {
      const { client, prefix } = redis
      await storage.schedules.lead({ name: 's', queues: ['default'], pid: 1, hostname: 'h', createdAtMs: 0 }, 60_000)
      await storage.queues.enqueue([newJob({ id: 'j', retriesLeft: 1, retryIntervalsS: [1] })])
      await client.hset(`${prefix}job:j`, 'ttl', ttl)
      const { jobs } = await storage.workers.claim(claimRequest())
      expect(await end(storage, jobs, RAISED)).toEqual(['applied'])
      expect(await storage.schedules.reschedule('j', Date.now() + 100)).toBe('done')
      await eventually(async () =>
        expect(await storage.schedules.promoteDue('default', 's', 10)).toMatchObject({ moved: 1 }),
      )
      expect(await ttlOf(redis)).not.toBe(-2)
      expect(await client.lrange(`${prefix}queue:default`, 0, -1)).toEqual(['j'])
    }))
})
