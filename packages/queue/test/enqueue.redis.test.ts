import { RedisStorage } from '@rq/redis'
import { patience, type RedisFixture, redisFixture } from '@rq/testkit'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { Group, Job, Queue } from '../src/index.ts'
import { add, boom, greet, nothing, onDone } from './functions.ts'

const ISO = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/)

async function setUp() {
  const redis = await redisFixture()
  const opened: RedisStorage[] = []
  const open = () => {
    const storage = new RedisStorage({ connection: redis.url, prefix: redis.prefix })
    opened.push(storage)
    return storage
  }
  const storage = open()
  return {
    redis,
    storage,
    open,
    queue: new Queue('low', { storage }),
    hash: (job: { id: string }) => redis.client.hgetall(`${redis.prefix}job:${job.id}`),
    async [Symbol.asyncDispose]() {
      await Promise.all(opened.map((one) => one.close()))
      await redis[Symbol.asyncDispose]()
    },
  }
}

const listOf = (redis: RedisFixture, queue: string) => redis.client.lrange(`${redis.prefix}queue:${queue}`, 0, -1)

describe('Queue on Redis', () => {
  it('writes the fields that RQ reads, and nothing else', async () => {
    await using ctx = await setUp()
    const job = await ctx.queue.enqueue(greet, ['ada'], { meta: { a: 1 }, resultTtl: 60, onSuccess: onDone })
    expect(await ctx.hash(job)).toEqual({
      status: 'queued',
      origin: 'low',
      created_at: ISO,
      enqueued_at: ISO,
      last_heartbeat: '',
      data: expect.stringMatching(/^\["\.\/[\w./-]*test\/functions#greet",null,\["ada"\],\{\}\]$/),
      description: '-',
      meta: '{"a":1}',
      timeout: '180',
      result_ttl: '60',
      success_callback_name: expect.stringMatching(/functions#onDone$/),
      success_callback_timeout: '60',
    })
    const { prefix } = ctx.redis
    expect(await ctx.redis.keys()).toEqual([`${prefix}job:${job.id}`, `${prefix}queue:low`, `${prefix}queues`])
    const fetched = await Job.fetch(job.id, { storage: ctx.storage })
    expect(fetched).toMatchObject({ args: ['ada'], meta: { a: 1 }, timeout: 180, createdAt: job.createdAt })
    for (const handle of [job, fetched]) expect(handle.description).toMatch(/functions#greet\('ada'\)$/)
  })

  it('writes the description for Python, where Python reads the results', async () => {
    await using ctx = await setUp()
    const queue = new Queue('low', { storage: ctx.storage, results: 'stream' })
    const { description } = await ctx.hash(await queue.enqueue(greet, ['ada']))
    expect(description).toMatch(/functions#greet\('ada'\)$/)
  })

  it('has the jobs of a registry in its order, without those that are gone', async () => {
    await using ctx = await setUp()
    const { queue, redis, storage } = ctx
    const datas = ['a', 'b', 'c'].map((jobId) => Queue.prepareData(nothing, [], { jobId }))
    for (const job of await queue.enqueueMany(datas)) await job.cancel()
    const registry = queue.canceledJobRegistry
    expect((await registry.getJobs({ desc: true })).map(({ id }) => id)).toEqual(['c', 'b', 'a'])
    expect(await registry.getJobs({ start: 1, end: 1 })).toMatchObject([{ id: 'b', origin: 'low' }])
    await redis.client.del(`${redis.prefix}job:b`)
    expect((await registry.getJobs()).map(({ id }) => id)).toEqual(['a', 'c'])
    await expect(registry.getJobs({ limit: 1 } as never)).rejects.toThrow(/getJobs.*limit/)
    expect(await new Queue('other', { storage }).failedJobRegistry.getJobs()).toEqual([])
  })

  it('writes nothing for bad input', async () => {
    await using ctx = await setUp()
    await expect(ctx.queue.enqueue(greet, [Symbol('x') as never])).rejects.toThrow(/Cannot serialize/)
    await expect(ctx.queue.enqueue(() => 1)).rejects.toThrow(/no module exports it/)
    await expect(ctx.queue.enqueue(nothing, [], { ttl: 0 })).rejects.toThrow(/Invalid ttl/)
    expect(await ctx.redis.keys()).toEqual([])
  })

  it('keeps the order of 2,000 concurrent calls', async () => {
    await using ctx = await setUp()
    const jobs = await Promise.all(Array.from({ length: 2000 }, (_, index) => ctx.queue.enqueue(add, [index, 0])))
    expect(await listOf(ctx.redis, 'low')).toEqual(jobs.map((job) => job.id))
  })

  it('enqueues many jobs of a group with dependencies among them', async () => {
    await using ctx = await setUp()
    const group = Group.create({ storage: ctx.storage, name: 'report' })
    const parent = Queue.prepareData(nothing)
    const [child, front, parentJob] = await group.enqueueMany(ctx.queue, [
      Queue.prepareData(nothing, [], { dependsOn: parent }),
      Queue.prepareData(nothing, [], { atFront: true }),
      parent,
    ])
    expect(await listOf(ctx.redis, 'low')).toEqual([front.id, parentJob.id])
    expect(await child.getStatus()).toBe('deferred')
    expect(await ctx.queue.deferredJobRegistry.getJobIds()).toEqual([child.id])
    expect((await (await Group.fetch('report', { storage: ctx.storage })).getJobIds()).sort()).toEqual(
      [child.id, front.id, parentJob.id].sort(),
    )
    for (const job of await group.getJobs()) await job.delete()
    await expect(Group.fetch('report', { storage: ctx.storage })).rejects.toThrow(/no group/)
    expect(await Group.all({ storage: ctx.storage })).toEqual([])
  })

  it('lets one of 50 clients have a unique job', async () => {
    await using ctx = await setUp()
    const outcomes = await Promise.allSettled(
      Array.from({ length: 50 }, () =>
        new Queue('low', { storage: ctx.open() }).enqueue(nothing, [], { jobId: 'one', unique: true }),
      ),
    )
    expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(1)
    const refusals = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason.code] : []))
    expect(new Set(refusals)).toEqual(new Set(['RQ_DUPLICATE_JOB']))
    expect(await listOf(ctx.redis, 'low')).toEqual(['one'])
  })

  it('shows nothing of a pipeline before its exec, over two queues', async () => {
    await using ctx = await setUp()
    const other = new Queue('high', { storage: ctx.storage })
    const pipeline = ctx.redis.client.multi()
    const job = await ctx.queue.enqueue(add, [1, 2], { pipeline })
    await other.enqueueMany([Queue.prepareData(nothing), Queue.prepareData(nothing)], { pipeline })
    expect(await ctx.redis.keys()).toEqual([])
    await pipeline.exec()
    expect([await ctx.queue.getJobIds(), await other.count()]).toEqual([[job.id], 2])
    expect(await job.getStatus()).toBe('queued')
  })

  it('schedules, cancels, requeues and runs again', async () => {
    await using ctx = await setUp()
    const job = await ctx.queue.enqueueAt('2040-01-02T03:04:05Z', add, [1, 2])
    expect(await ctx.queue.scheduledJobRegistry.getScheduledTime(job)).toEqual(new Date('2040-01-02T03:04:05Z'))
    await job.cancel()
    expect([await ctx.queue.scheduledJobRegistry.count(), await ctx.queue.canceledJobRegistry.getJobIds()]).toEqual([
      0,
      [job.id],
    ])
    await expect(job.cancel()).rejects.toThrow(/is canceled already/)
    await ctx.queue.enqueueJob(job)
    expect([await job.getStatus(), await ctx.queue.canceledJobRegistry.count()]).toEqual(['queued', 0])
    expect(await job.getPosition()).toBe(0)
  })

  it('saves a created job, and queues it on request', async () => {
    await using ctx = await setUp()
    const job = await ctx.queue.createJob(add, [1, 2])
    await job.save()
    expect([await job.getStatus(), await ctx.queue.count()]).toEqual(['created', 0])
    await ctx.queue.enqueueJob(job)
    expect([await job.getStatus(), await ctx.queue.getJobIds()]).toEqual(['queued', [job.id]])
  })
})

describe('isAsync: false on Redis', () => {
  it('leaves a finished job with its result, as RQ reads it', async () => {
    await using ctx = await setUp()
    const queue = new Queue('now', { storage: ctx.storage, isAsync: false })
    const job = await queue.enqueue(add, [3, 4])
    expect(await job.result()).toBe(7)
    expect(await ctx.hash(job)).toMatchObject({ status: 'finished', worker_name: 'sync', result: '7' })
    expect(await queue.finishedJobRegistry.getJobIds()).toEqual([job.id])
    const { prefix } = ctx.redis
    expect(await ctx.redis.keys()).toEqual([`${prefix}finished:now`, `${prefix}job:${job.id}`, `${prefix}queues`])
  })

  it('leaves a failed job in the failed registry', async () => {
    await using ctx = await setUp()
    const queue = new Queue('now', { storage: ctx.storage, isAsync: false })
    const job = await queue.enqueue(boom)
    expect((await job.latestResult())?.excString).toMatch(/TypeError: boom$/)
    expect(await queue.failedJobRegistry.contains(job)).toBe(true)
    await queue.failedJobRegistry.requeue(job)
    expect(await queue.getJobIds()).toEqual([job.id])
  })

  it('runs the dependents of other processes no earlier than allowed', async () => {
    await using ctx = await setUp()
    const queue = new Queue('now', { storage: ctx.storage, isAsync: false })
    const parent = await ctx.queue.enqueue(nothing)
    const child = await queue.enqueue(add, [1, 2], { dependsOn: parent })
    expect(await child.getStatus()).toBe('deferred')
  })
})

describe('job.result on Redis', () => {
  it('resolves at once when the job ends', async () => {
    await using ctx = await setUp()
    // The waits do not poll within this time: one that ends has been woken.
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    onTestFinished(() => {
      vi.useRealTimers()
    })
    const job = await ctx.queue.enqueue(add, [1, 2])
    const result = job.result({ timeout: patience(60) })
    const worker = { queues: ['low'], want: 1, workerName: 'w', leaseMs: 5000 }
    const { jobs } = await ctx.storage.workers.claim(worker)
    const [claimed] = jobs
    if (claimed === undefined) throw new Error('nothing was claimed')
    const { settle } = await import('@rq/job')
    const outcome = { kind: 'returned', value: '3', startedAtMs: Date.now(), endedAtMs: Date.now() } as const
    await ctx.storage.workers.settle('w', [settle(claimed.job, claimed.executionId, outcome)])
    expect(await result).toBe(3)
  })

  it('rejects when the job does not end in time, or no longer exists', async () => {
    await using ctx = await setUp()
    const job = await ctx.queue.enqueue(add, [1, 2])
    await expect(job.result({ timeout: 0.1 })).rejects.toMatchObject({ code: 'RQ_TIMEOUT' })
    const result = job.result({ timeout: patience(60) })
    await job.delete()
    await expect(result).rejects.toMatchObject({ code: 'RQ_NO_SUCH_JOB' })
  })
})
