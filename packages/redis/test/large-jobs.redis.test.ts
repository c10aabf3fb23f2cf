import { type RedisFixture, redisFixture, startRedis } from '@rq/testkit'
import { claimRequest, end, newJob, RETURNED } from '@rq/testkit/storage-conformance'
import { describe, expect, test } from 'vitest'
import { JOB_FIELDS } from '../src/codec/job-codec.ts'
import { claim } from '../src/connection/scripts.generated.ts'
import { RedisStorage } from '../src/index.ts'
import { withStorage } from './with-storage.ts'

const MB = 1024 ** 2
const text = (bytes: number) => 'y'.repeat(bytes)

async function enqueue(storage: RedisStorage, sizes: readonly number[]): Promise<void> {
  await storage.queues.enqueue(sizes.map((size, n) => newJob({ id: `j${n}`, data: text(size) })))
}

async function claimedSizes(storage: RedisStorage, want = 100) {
  const { again, jobs } = await storage.workers.claim(claimRequest({ want }))
  expect(await end(storage, jobs, RETURNED)).toEqual(jobs.map(() => 'applied'))
  return { ids: jobs.map(({ job }) => job.id), again }
}

describe('claim', () => {
  test('ends when it has come to 8 MB, says so, and leaves the others in their order', () =>
    withStorage(async (storage) => {
      await enqueue(storage, [...Array(5).fill(3 * MB), 10, 10])
      expect(await claimedSizes(storage)).toEqual({ ids: ['j0', 'j1', 'j2'], again: true })
      expect(await storage.queues.jobIds('default', 0, -1)).toEqual(['j3', 'j4', 'j5', 'j6'])
      expect(await claimedSizes(storage)).toEqual({ ids: ['j3', 'j4', 'j5', 'j6'] })
    }))

  test('gives as many small jobs as before', () =>
    withStorage(async (storage) => {
      await enqueue(storage, Array(500).fill(1000))
      expect((await claimedSizes(storage, 500)).ids).toHaveLength(500)
    }))

  test.each([{}, { ttlS: 60 }])(
    'gives a job that is too large without its data, and says how large it is: %j',
    (fields) =>
      withStorage(async (storage, { client, prefix }) => {
        const meta = text(2000)
        await storage.queues.enqueue([newJob({ id: 'a', data: text(1001), ...fields }), newJob({ id: 'b', meta })])
        const { jobs } = await storage.workers.claim(claimRequest({ want: 2, largestBytes: 1000 }))
        expect(jobs.map(({ job }) => job)).toMatchObject([
          { id: 'a', data: '', leftOutBytes: expect.any(Number), description: expect.any(String), timeoutS: 180 },
          { id: 'b', data: '', leftOutBytes: expect.any(Number) },
        ])
        expect(jobs[1]?.job).not.toHaveProperty('meta')
        expect(await end(storage, jobs, RETURNED)).toEqual(['applied', 'applied'])
        expect((await client.hget(`${prefix}job:a`, 'data'))?.length).toBe(1001)
      }),
  )

  test('gives no job whose fields are too large together', () =>
    withStorage(async (storage, { client, prefix }) => {
      await storage.queues.enqueue([newJob({ id: 'a' })])
      for (const name of ['meta', 'description', 'data']) await client.hset(`${prefix}job:a`, name, text(700))
      const { jobs } = await storage.workers.claim(claimRequest({ largestBytes: 1000 }))
      expect(jobs[0]?.job.leftOutBytes).toBeGreaterThan(2100)
      expect(await end(storage, jobs, RETURNED)).toEqual(['applied'])
    }))
})

describe('recover', () => {
  test('takes jobs over in steps of 8 MB', () =>
    withStorage(async (storage, redis) => {
      const { client, prefix } = redis
      await enqueue(storage, Array(5).fill(3 * MB))
      for (let n = 0; n < 2; n++) await storage.workers.claim(claimRequest({ want: 5 }))
      await client.zadd(`${prefix}wip:default`, 'XX', ...(await ended(redis)))
      const first = await storage.workers.recover({ queue: 'default', workerName: 'w', leaseMs: 60_000, most: 100 })
      expect(first).toMatchObject({ jobs: { length: 3 }, next: 0 })
      const second = await storage.workers.recover({
        queue: 'default',
        workerName: 'w',
        leaseMs: 60_000,
        most: 100,
        from: 0,
      })
      expect(second.jobs).toHaveLength(2)
      expect(await end(storage, [...first.jobs, ...second.jobs], RETURNED)).toEqual(Array(5).fill('applied'))
    }))

  test('leaves out what is large when a job was lost with three workers, since reading it may have killed them', () =>
    withStorage(async (storage, redis) => {
      const { client, prefix } = redis
      await enqueue(storage, [MB])
      await storage.workers.claim(claimRequest())
      for (const count of [1, 2, 3]) {
        await client.zadd(`${prefix}wip:default`, 'XX', ...(await ended(redis)))
        const { jobs } = await storage.workers.recover({
          queue: 'default',
          workerName: 'w',
          leaseMs: 60_000,
          most: 100,
        })
        expect(jobs[0]?.job).toMatchObject({ abandonedCount: count })
        expect(String(jobs[0]?.job.data)).toBe(count < 3 ? text(MB) : '')
        if (count === 3) expect(await end(storage, jobs, RETURNED)).toEqual(['applied'])
      }
    }))
})

describe('fetch', () => {
  test('leaves values above its limit in Redis, and names them; the rest of the job is there', async () => {
    await using server = await startRedis()
    await using redis = await redisFixture({ url: server.url })
    await using storage = new RedisStorage({ connection: redis.url, prefix: redis.prefix })
    const { client, prefix } = redis
    for (const field of ['data', 'meta', 'result', 'exc_info', 'description', 'group_id']) {
      await storage.queues.enqueue([newJob({ id: field, meta: '{"m":1}', description: 'f()' })])
      await client.hset(`${prefix}job:${field}`, field, text(30 * MB))
    }
    await storage.queues.enqueue([newJob({ id: 'plain' })])
    const before = await sentBytes(client)
    const jobs = await storage.jobs.fetch(['data', 'meta', 'result', 'exc_info', 'description', 'group_id', 'plain'])
    expect(jobs.map((job) => job?.leftOut)).toEqual([
      { data: 30 * MB },
      { meta: 30 * MB },
      { result: 30 * MB },
      { exc_info: 30 * MB },
      { description: 30 * MB },
      { group_id: 30 * MB },
      undefined,
    ])
    expect(jobs[0]).toMatchObject({ data: '', meta: '{"m":1}', description: 'f()', timeoutS: 180 })
    expect(jobs[1]).toMatchObject({ data: expect.stringContaining('['), description: 'f()' })
    expect(jobs[1]).not.toHaveProperty('meta')
    expect((await sentBytes(client)) - before).toBeLessThan(MB)
    for (const field of ['data', 'meta', 'result', 'exc_info', 'description', 'group_id'])
      await client.del(`${prefix}job:${field}`)
    await storage.queues.compact('default')
  })

  test('reads what fits the limit of its reader, however many large values there are', () =>
    withStorage(async (storage, { client, prefix }) => {
      await storage.queues.enqueue([newJob({ id: 'a', data: text(2 * MB), meta: text(2 * MB) })])
      await client.hset(`${prefix}job:a`, 'result', text(2 * MB))
      const [whole] = await storage.jobs.fetch(['a'], 2 * MB)
      expect(whole).not.toHaveProperty('leftOut')
      expect([whole?.data, whole?.meta, whole?.result].map((value) => value?.length)).toEqual(Array(3).fill(2 * MB))
      const [part] = await storage.jobs.fetch(['a'], 2 * MB - 1)
      expect(part?.leftOut).toEqual({ data: 2 * MB, meta: 2 * MB, result: 2 * MB })
      await client.hdel(`${prefix}job:a`, 'result')
    }))

  test('reads many large jobs in steps of about 8 MB, in their order', () =>
    withStorage(async (storage) => {
      await enqueue(storage, [...Array(7).fill(3 * MB), 10])
      const ids = ['j7', 'j0', 'gone', 'j1', 'j2', 'j3', 'j4', 'j5', 'j6']
      const jobs = await storage.jobs.fetch(ids)
      expect(jobs.map((job) => job?.id)).toEqual(ids.map((id) => (id === 'gone' ? undefined : id)))
      expect(jobs.map((job) => job?.data.length ?? 0)).toEqual([10, 3 * MB, 0, ...Array(6).fill(3 * MB)])
    }))
})

/** How many bytes Redis has sent so far. */
async function sentBytes(client: RedisFixture['client']): Promise<number> {
  return Number(/total_net_output_bytes:(\d+)/.exec(await client.info('stats'))?.[1])
}

/** Scores and members of the leases, as if they had ended. */
async function ended({ client, prefix }: RedisFixture) {
  const members = await client.zrange(`${prefix}wip:default`, '0', '-1')
  return members.flatMap((member) => ['1', member])
}

describe('beside fields of another program', () => {
  test.each([
    ['a large one', { foreign: text(3 * MB) }],
    ['very many', Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`foreign${n}`, text(2000)]))],
  ])('a job is claimed, recovered, fetched and explained without them: %s', async (_, foreign) => {
    await using server = await startRedis()
    await using redis = await redisFixture({ url: server.url })
    await using storage = new RedisStorage({ connection: redis.url, prefix: redis.prefix })
    const { client, prefix } = redis
    await storage.queues.enqueue([newJob({ id: 'a', data: '["f",null,[],{}]', meta: '{"m":1}' })])
    await client.hset(`${prefix}job:a`, foreign)
    const whole = { id: 'a', data: '["f",null,[],{}]', meta: '{"m":1}', timeoutS: 180 }
    const { jobs } = await storage.workers.claim(claimRequest({ largestBytes: MB }))
    expect(jobs.map(({ job }) => job)).toMatchObject([whole])
    await client.zadd(`${prefix}wip:default`, 'XX', ...(await ended(redis)))
    const request = { queue: 'default', workerName: 'w', leaseMs: 60_000, most: 100, largestBytes: MB }
    const recovered = await storage.workers.recover(request)
    expect(recovered.jobs.map(({ job }) => job)).toMatchObject([whole])
    expect(await storage.jobs.fetch(['a'])).toMatchObject([whole])
    expect((await storage.jobs.explain('a'))?.record).toMatchObject({ id: 'a', timeoutS: 180 })
    // HGETALL would read them, too.
    expect(await client.info('commandstats')).not.toContain('cmdstat_hgetall')
    await client.hdel(`${prefix}job:a`, ...Object.keys(foreign))
    expect(await end(storage, recovered.jobs, RETURNED)).toEqual(['applied'])
  })

  test('each field that is read has its place in the list of those that are', () => {
    for (const name of JOB_FIELDS) expect(claim.lua, name).toContain(`'${name}'`)
  })
})
