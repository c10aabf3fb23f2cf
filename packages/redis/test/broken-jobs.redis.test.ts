import { eventually, type RedisFixture } from '@rq/testkit'
import { claimRequest, end, newJob, RAISED } from '@rq/testkit/storage-conformance'
import { describe, expect, test } from 'vitest'
import { withBrokenKeys } from './with-storage.ts'

describe('claim', () => {
  test('gives out a job without data, so that it fails', () =>
    withBrokenKeys(async (storage, { client, prefix }) => {
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

  test('takes a hash of as many fields as a plain job has for one only if they are those of a plain job', () =>
    withBrokenKeys(async (storage, { client, prefix }) => {
      const ids = ['eight', 'nine']
      await storage.queues.enqueue([newJob({ id: 'eight' }), newJob({ id: 'nine', resultTtlS: 60 })])
      for (const id of ids) {
        await client.hset(`${prefix}job:${id}`, 'success_callback_name', 'jobs#done')
        await client.hdel(`${prefix}job:${id}`, 'last_heartbeat')
      }
      const { jobs } = await storage.workers.claim(claimRequest())
      expect(jobs.map(({ job }) => [job.id, job.onSuccess?.name])).toEqual(ids.map((id) => [id, 'jobs#done']))
    }))

  test('drops an id whose key is no job, and no other', () =>
    withBrokenKeys(async (storage, { client, prefix }) => {
      await storage.queues.enqueue(['a', 'b', 'c'].map((id) => newJob({ id })))
      await client.del(`${prefix}job:b`)
      await client.sadd(`${prefix}job:b`, 'x')
      const { jobs } = await storage.workers.claim(claimRequest())
      expect(jobs.map(({ job }) => job.id)).toEqual(['a', 'c'])
    }))
})

describe('fetch', () => {
  test('reads no list that is too long to be one of ours', () =>
    withBrokenKeys(async (storage, { client, prefix }) => {
      await storage.queues.enqueue(['a', 'b'].map((id) => newJob({ id })))
      const long = JSON.stringify(Array(5 * 1024 ** 2).fill(1))
      const fields = { retry_intervals: long, repeat_intervals: long, dependency_ids: long, webhooks: long }
      await client.hset(`${prefix}job:a`, fields)
      const webhook = { url: 'http://x', job_status: 'failed' }
      await client.hset(`${prefix}job:b`, 'webhooks', JSON.stringify(Array(20_000).fill(webhook)))
      const [a, b] = await storage.jobs.fetch(['a', 'b'])
      expect(a).toMatchObject({ webhooks: [undefined] })
      for (const field of ['retryIntervalsS', 'repeatIntervalsS', 'dependencyIds']) expect(a).not.toHaveProperty(field)
      expect(b?.webhooks).toHaveLength(33)
    }))
})

describe.each(['-1', '0', '1.5', 'garbage', '1e400', ' '])('a ttl of "%s"', (ttl) => {
  const ttlOf = ({ client, prefix }: RedisFixture) => client.ttl(`${prefix}job:j`)

  test('does not end a job that is given back', () =>
    withBrokenKeys(async (storage, redis) => {
      await storage.queues.enqueue([newJob({ id: 'j' })])
      await redis.client.hset(`${redis.prefix}job:j`, 'ttl', ttl)
      const { jobs } = await storage.workers.claim(claimRequest())
      const executionId = jobs[0]?.executionId ?? ''
      expect(await storage.workers.giveBack([{ queue: 'default', jobId: 'j', executionId }])).toEqual(['returned'])
      expect(await ttlOf(redis)).not.toBe(-2)
    }))

  test('does not end a job that is retried later, nor keep it from being promoted', () =>
    withBrokenKeys(async (storage, redis) => {
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

describe('promoteDue', () => {
  /** What is wrong with the job `broken`, and where it is afterwards. */
  const FAULTS: readonly [string, (redis: RedisFixture) => Promise<unknown>, string | null][] = [
    [
      'a key of another type',
      async ({ client, prefix }) => {
        await client.del(`${prefix}job:broken`)
        await client.sadd(`${prefix}job:broken`, 'x')
      },
      null,
    ],
    ['slots of another type', ({ client, prefix }) => client.set(`${prefix}rl:k:allowed`, 'x'), 'failed'],
    ['a list of limits of another type', ({ client, prefix }) => client.set(`${prefix}rl-keys`, 'x'), 'queued'],
    [
      'dependencies of another type',
      async ({ client, prefix }) => {
        await client.hset(`${prefix}job:broken`, 'dependency_id', 'p')
        await client.set(`${prefix}job::broken:dependencies`, 'x')
      },
      'failed',
    ],
    [
      'no sense in its concurrency',
      ({ client, prefix }) => client.hset(`${prefix}job:broken`, 'rate_limit_concurrency', 'many'),
      'queued',
    ],
  ]

  test.each(FAULTS)('moves the others when a job has %s', async (_, damage, status) =>
    withBrokenKeys(async (storage, redis) => {
      const { client, prefix } = redis
      await storage.schedules.lead({ name: 's', queues: ['default'], pid: 1, hostname: 'h', createdAtMs: 0 }, 60_000)
      const late = { delayMs: 3_600_000 }
      const rateLimit = { key: 'k', concurrency: 1 }
      await storage.queues.enqueue([
        newJob({ id: 'a' }, late),
        newJob({ id: 'broken', rateLimit }, late),
        newJob({ id: 'c', ttlS: 60 }, late),
      ])
      for (const [n, id] of ['a', 'broken', 'c'].entries())
        await client.zadd(`${prefix}scheduled:default`, String(1000 + n), id)
      await damage(redis)
      const promoted = await storage.schedules.promoteDue('default', 's', 10)
      const isSetAside = status !== 'queued'
      expect(promoted).toMatchObject({
        moved: isSetAside ? 2 : 3,
        waitMs: undefined,
        ...(isSetAside && { setAside: [{ jobId: 'broken', reason: expect.stringMatching(/^WRONGTYPE/) }] }),
      })
      expect(await storage.queues.jobIds('default', 0, -1)).toEqual(isSetAside ? ['a', 'c'] : ['a', 'broken', 'c'])
      if (status !== null) expect(await storage.jobs.status('broken')).toBe(status)
      expect(await storage.queues.registryIds('default', 'failed', 0, -1, false)).toEqual(
        status === 'failed' ? ['broken'] : [],
      )
      if (status === 'failed') expect((await storage.jobs.fetch(['broken']))[0]?.excInfo).toMatch(/could not be moved/)
      expect(await storage.schedules.promoteDue('default', 's', 10)).not.toHaveProperty('setAside')
    }),
  )

  test('moves nothing, and fails no job, when the key of the queue is of another type', () =>
    withBrokenKeys(async (storage, { client, prefix }) => {
      await storage.schedules.lead({ name: 's', queues: ['default'], pid: 1, hostname: 'h', createdAtMs: 0 }, 60_000)
      await storage.queues.enqueue([newJob({ id: 'a' }, { delayMs: 3_600_000 })])
      await client.zadd(`${prefix}scheduled:default`, '1000', 'a')
      await client.set(`${prefix}queue:default`, 'x')
      await expect(storage.schedules.promoteDue('default', 's', 10)).rejects.toThrow(/queue default holds a string/)
      expect(await storage.jobs.status('a')).toBe('scheduled')
      await client.del(`${prefix}queue:default`)
      expect(await storage.schedules.promoteDue('default', 's', 10)).toMatchObject({ moved: 1 })
    }))
})
