import { RedisStorage } from '@rq/redis'
import { eventually } from '@rq/testkit'
import { describe, expect, it } from 'vitest'
import { Job, Queue, RateLimit, Retry } from '../src/index.ts'
import {
  add,
  Calculator,
  currentJobId,
  divByZero,
  echo,
  kwargsOf,
  note,
  noted,
  nothing,
  sayHello,
} from './functions.ts'
import { rqFixture } from './rq-fixture.ts'

describe('Queue', () => {
  it('is named "default" by default', async () => {
    await using at = await rqFixture()
    expect(String(at.queue)).toBe('<Queue default>')
    expect(String(at.open('low'))).toBe('<Queue low>')
    expect(at.queue.equals(at.open('default'))).toBe(true)
    expect(at.queue.equals(at.open('low'))).toBe(false)
  })

  it('is listed once from its first enqueue on, also when it is empty', async () => {
    await using at = await rqFixture()
    const low = at.open('low')
    expect(await Queue.all(at.shared)).toEqual([])
    await low.enqueue(sayHello)
    await low.enqueue(sayHello)
    expect((await Queue.all(at.shared)).map(({ name }) => name)).toEqual(['low'])
    await at.work(['low'])
    expect(await low.isEmpty()).toBe(true)
    expect((await Queue.all(at.shared)).map(({ name }) => name)).toEqual(['low'])
  })

  it('returns positions, slices, and only its own jobs', async () => {
    await using at = await rqFixture()
    const jobs = [
      await at.queue.enqueue(add, [1, 1]),
      await at.queue.enqueue(add, [2, 2]),
      await at.queue.enqueue(add, [3, 3]),
    ]
    const ids = jobs.map(({ id }) => id)
    expect(await Promise.all(jobs.map((job) => at.queue.getJobPosition(job)))).toEqual([0, 1, 2])
    expect(await at.queue.getJobPosition(ids[2] ?? '')).toBe(2)
    expect(await jobs[1]?.getPosition()).toBe(1)
    expect(await at.queue.getJobPosition('unknown')).toBeNull()
    expect(await (await Job.create(add, [1, 1], at.shared)).getPosition()).toBeNull()
    expect(await at.queue.getJobIds()).toEqual(ids)
    expect(await at.queue.getJobIds({ offset: 1, length: 1 })).toEqual([ids[1]])
    expect(await at.queue.getJobIds({ offset: 1, length: -1 })).toEqual(ids.slice(1))
    expect(await at.queue.getJobIds({ offset: 1 })).toEqual(ids.slice(1))
    expect(await at.queue.count()).toBe(3)
    expect((await at.queue.fetchJob(ids[0] ?? ''))?.id).toBe(ids[0])
    expect(await at.open('other').fetchJob(ids[0] ?? '')).toBeNull()
    expect(await at.queue.fetchJob('unknown')).toBeNull()
  })

  it('leaves out and removes ids without a job, and keeps the order', async () => {
    await using at = await rqFixture()
    const [first, second] = [await at.queue.enqueue(sayHello), await at.queue.enqueue(sayHello)]
    await at.redis.client.linsert(at.key('queue:default'), 'BEFORE', second.id, 'gone')
    await at.redis.client.rpush(at.key('queue:default'), 'gone-too')
    expect(await at.queue.count()).toBe(4)
    expect((await at.queue.getJobs()).map(({ id }) => id)).toEqual([first.id, second.id])
    expect(await at.queue.count()).toBe(2)
    await at.redis.client.lpush(at.key('queue:default'), 'gone')
    expect(await at.queue.compact()).toBe(1)
    expect(await at.queue.getJobIds()).toEqual([first.id, second.id])
  })

  it('removes an id and leaves the job as it is', async () => {
    await using at = await rqFixture(/is nowhere/)
    const [a, b] = [await at.queue.enqueue(sayHello), await at.queue.enqueue(sayHello)]
    expect(await at.queue.remove(a)).toBe(1)
    expect(await at.queue.remove(b.id)).toBe(1)
    expect(await at.queue.count()).toBe(0)
    expect(await Job.exists(a.id, at.shared)).toBe(true)
    expect((await a.explain()).code).toBe('forgotten')
  })

  it('is emptied of its jobs and their records, and stays listed', async () => {
    await using at = await rqFixture()
    const job = await at.queue.enqueue(sayHello)
    await at.queue.enqueue(sayHello)
    expect(await at.queue.empty()).toBe(2)
    expect(await Job.exists(job.id, at.shared)).toBe(false)
    expect(await Queue.all(at.shared)).toHaveLength(1)
    expect(await at.queue.empty()).toBe(0)
  })

  it('is deleted with its jobs, or without them', async () => {
    await using at = await rqFixture(/is nowhere/)
    const gone = await at.queue.enqueue(sayHello)
    await at.queue.delete()
    expect(await Queue.all(at.shared)).toEqual([])
    expect(await at.redis.keys()).toEqual([])
    expect(await Job.exists(gone.id, at.shared)).toBe(false)
    const kept = await at.queue.enqueue(sayHello)
    await at.queue.delete({ deleteJobs: false })
    expect(await Queue.all(at.shared)).toEqual([])
    expect(await Job.exists(kept.id, at.shared)).toBe(true)
  })

  it('is listed again when a job returns to it after it was deleted', async () => {
    await using at = await rqFixture()
    await using storage = new RedisStorage({ connection: at.redis.url, prefix: at.redis.prefix })
    const { workers } = storage
    const low = at.open('low')
    const limited = { rateLimit: new RateLimit({ key: 'k', concurrency: 1 }) }
    const comesBack = async (toLow: () => Promise<unknown>) => {
      await low.delete({ deleteJobs: false })
      expect(await Queue.all(at.shared)).not.toContainEqual(expect.objectContaining({ name: 'low' }))
      await toLow()
      expect(await low.count()).toBe(1)
      expect((await Queue.all(at.shared)).map(({ name }) => name)).toContain('low')
      await low.empty()
    }
    const claim = async () => (await workers.claim({ queues: ['low'], want: 1, workerName: 'w', leaseMs: 60_000 })).jobs

    const parent = await at.queue.enqueue(nothing)
    await low.enqueue(nothing, [], { dependsOn: parent })
    await comesBack(() => at.work())

    const holder = await at.queue.enqueue(nothing, [], limited)
    await low.enqueue(nothing, [], limited)
    await comesBack(() => holder.cancel())

    const failing = await low.enqueue(divByZero)
    await at.work(['low'])
    await comesBack(() => failing.requeue())

    await low.enqueue(nothing)
    const [running] = await claim()
    const lease = { queue: 'low', jobId: running?.job.id ?? '', executionId: running?.executionId ?? '' }
    await comesBack(() => workers.giveBack([lease]))

    const later = await low.enqueueIn(60, nothing)
    await comesBack(() => low.scheduledJobRegistry.requeue(later))
    const due = await low.enqueueIn(60, nothing)
    await at.redis.client.zadd(at.key('scheduled:low'), '1', due.id)
    await at.redis.client.set(at.key('scheduler-lock:low'), 's', 'EX', 60)
    await comesBack(() => storage.schedules.promoteDue('low', 's', 10))
  })

  it('also deletes jobs that get a slot meanwhile', async () => {
    await using at = await rqFixture()
    const rateLimit = new RateLimit({ key: 'api', concurrency: 1 })
    await at.queue.enqueueMany([1, 2, 3].map((n) => Queue.prepareData(echo, [n], { rateLimit })))
    await at.queue.delete()
    expect(await at.redis.keys()).toEqual([at.key('rl-keys'), at.key('rl:api')])
  })
})

describe('Queue.enqueue', () => {
  it('stores the job and puts it at the tail, or at the head', async () => {
    await using at = await rqFixture()
    const job = await at.queue.enqueue(sayHello, ['Nick'])
    expect(job).toMatchObject({ origin: 'default', args: ['Nick'], timeout: 180 })
    expect(job.enqueuedAt).toBeInstanceOf(Date)
    expect(await job.getStatus()).toBe('queued')
    const front = await at.queue.enqueue(sayHello, [], { atFront: true })
    expect(await at.queue.getJobIds()).toEqual([front.id, job.id])
    expect(await at.work()).toBe(true)
    expect(await job.returnValue()).toBe('Hi there, Nick!')
    expect(await front.returnValue()).toBe('Hi there, Stranger!')
  })

  it('accepts functions, static methods and references', async () => {
    await using at = await rqFixture()
    const byRef = await at.queue.enqueue('packages.rq.test.functions.add', [1, 2])
    const byModule = await at.queue.enqueue('./packages/rq/test/functions#Calculator.double', [4])
    const byFunction = await at.queue.enqueue(Calculator.double, [21])
    await at.work()
    expect(await byRef.returnValue()).toBe(3)
    expect(await byModule.returnValue()).toBe(8)
    expect(await byFunction.returnValue()).toBe(42)
    const seven: string = 7 as never
    await expect(at.queue.enqueue(seven)).rejects.toMatchObject({ code: 'RQ_INVALID_REFERENCE' })
  })

  it('distinguishes options from arguments of the same name', async () => {
    await using at = await rqFixture()
    const kwargs = { description: 'for the function', ttl: 15 }
    const job = await at.queue.enqueue(kwargsOf, [1], { ttl: 30, kwargs })
    expect(job).toMatchObject({ ttl: 30, kwargs })
    await at.work()
    expect(await job.returnValue()).toEqual([1, kwargs])
  })

  it('has the defaults of RQ, and those of the queue', async () => {
    await using at = await rqFixture()
    const quick = at.open('quick', { defaultTimeout: '10s' })
    expect((await quick.enqueue(sayHello)).timeout).toBe(10)
    expect((await quick.enqueue(sayHello, [], { jobTimeout: -1 })).timeout).toBe(-1)
    const job = await Job.create(sayHello, [], at.shared)
    expect(job.timeout).toBeUndefined()
    await quick.enqueueJob(job)
    expect(job.timeout).toBe(10)
    await expect(quick.enqueue(sayHello, [], { jobTimeout: 0 })).rejects.toThrow('Invalid jobTimeout')
    await expect(quick.enqueue(sayHello, [], { ttl: -1 })).rejects.toThrow('Invalid ttl')
  })

  it('discards a job that waits longer than its ttl', async () => {
    await using at = await rqFixture()
    const late = await at.queue.enqueue(note, ['late'], { ttl: 1 })
    const next = await at.queue.enqueue(note, ['next'])
    await eventually(async () => !(await Job.exists(late.id, at.shared)))
    expect((await at.queue.getJobs()).map(({ id }) => id)).toEqual([next.id])
    await at.work()
    expect(noted).toEqual(['next'])
  })

  it('counts the ttl from the time at which a job enters its queue, and ends it when the job starts', async () => {
    await using at = await rqFixture()
    const ttlOf = async (id: string) => at.redis.client.ttl(at.key(`job:${id}`))
    const parent = await at.queue.enqueue(sayHello, [], { ttl: 5000 })
    const child = await at.queue.enqueue(sayHello, [], { dependsOn: parent, ttl: 3000, resultTtl: -1 })
    const later = await at.queue.enqueueIn('1h', sayHello, [], { ttl: 3000 })
    expect(await ttlOf(child.id)).toBe(-1)
    expect(await ttlOf(later.id)).toBeGreaterThan(6500)
    await at.work(['default'], { maxJobs: 1 })
    expect(await ttlOf(child.id)).toBeGreaterThan(2900)
    await at.work()
    expect(await ttlOf(child.id)).toBe(-1)
    const retried = await at.queue.enqueue('packages.rq.test.functions.divByZero', [], {
      ttl: 4000,
      retry: new Retry({ max: 1 }),
    })
    await at.work(['default'], { maxJobs: 1 })
    expect(await retried.getStatus()).toBe('queued')
    expect(await ttlOf(retried.id)).toBeGreaterThan(3900)
  })

  it('reads back every kind of argument', async () => {
    await using at = await rqFixture()
    const { id } = await at.queue.enqueue(echo, [new Date(5)], {
      failureTtl: 10,
      resultTtl: '2m',
      meta: { a: { b: [1, 'ü'] } },
      description: 'Ünïcödé',
      jobId: 'my-id_1',
    })
    expect(id).toBe('my-id_1')
    expect(await Job.fetch(id, at.shared)).toMatchObject({
      args: [new Date(5)],
      failureTtl: 10,
      resultTtl: 120,
      meta: { a: { b: [1, 'ü'] } },
      description: 'Ünïcödé',
      kwargs: {},
    })
    const plain = await at.queue.enqueue(sayHello, ['ñandú'])
    expect((await Job.fetch(plain.id, at.shared)).description).toMatch(/functions#sayHello\('ñandú'\)$/)
  })

  it('writes nothing for arguments that cannot be serialized', async () => {
    await using at = await rqFixture()
    const json = at.open('json', { serializer: 'json' })
    await expect(json.enqueue(echo, [new Map()])).rejects.toMatchObject({ code: 'RQ_SERIALIZATION' })
    expect(await at.redis.keys()).toEqual([])
  })

  it('puts a deferred job into its queue when it is enqueued itself', async () => {
    await using at = await rqFixture()
    const parent = await at.queue.enqueue(sayHello)
    const child = await at.queue.enqueue(sayHello, [], { dependsOn: parent })
    const again = await Job.create(sayHello, [], { ...at.shared, jobId: child.id })
    await at.queue.enqueueJob(again)
    expect(await child.getStatus()).toBe('queued')
    expect(await at.queue.deferredJobRegistry.count()).toBe(0)
    expect(await parent.getDependentIds()).toEqual([])
  })

  it('replaces a job of the same id, which stays in one place', async () => {
    await using at = await rqFixture()
    await at.queue.enqueue(note, ['old'], { jobId: 'twice' })
    await at.queue.enqueue(note, ['new'], { jobId: 'twice' })
    expect(await at.queue.getJobIds()).toEqual(['twice'])
    await at.work()
    expect(noted).toEqual(['new'])
  })

  it('removes a replaced job from its old group and rate limit', async () => {
    await using at = await rqFixture()
    const rateLimit = new RateLimit({ key: 'k', concurrency: 1 })
    await at.queue.enqueue(echo, [1], { jobId: 'a', rateLimit })
    const waits = await at.queue.enqueue(echo, [2], { rateLimit })
    expect(await waits.getStatus()).toBe('rate_limited')
    await at.queue.enqueue(echo, [3], { jobId: 'a' })
    expect(await waits.getStatus()).toBe('queued')
  })

  it('gives a job its own id', async () => {
    await using at = await rqFixture()
    const job = await at.queue.enqueue(currentJobId)
    await at.work()
    expect(await job.returnValue()).toBe(job.id)
    expect(currentJobId()).toBeUndefined()
    const inProcess = at.open('sync', { isAsync: false })
    const done = await inProcess.enqueue(currentJobId)
    expect(await done.returnValue()).toBe(done.id)
  })
})

describe('Queue.enqueueMany', () => {
  it('keeps the order given, atFront jobs first, and returns jobs in the order given', async () => {
    await using at = await rqFixture()
    const jobs = await at.queue.enqueueMany([
      Queue.prepareData(sayHello, ['1'], { jobId: 'one' }),
      Queue.prepareData(sayHello, ['2'], { jobId: 'two' }),
      Queue.prepareData(sayHello, ['3'], { jobId: 'three', atFront: true }),
    ])
    expect(jobs.map(({ id }) => id)).toEqual(['one', 'two', 'three'])
    expect(await at.queue.getJobIds()).toEqual(['three', 'one', 'two'])
    expect(await Promise.all(jobs.map((job) => job.getStatus()))).toEqual(['queued', 'queued', 'queued'])
  })

  it('shows nothing before the caller executes, over several queues', async () => {
    await using at = await rqFixture()
    const low = at.open('low')
    const pipeline = at.redis.client.multi()
    const datas = [Queue.prepareData(sayHello), Queue.prepareData(sayHello)]
    await at.queue.enqueueMany(datas, { pipeline })
    const single = await low.enqueue(sayHello, [], { pipeline })
    await low.enqueueIn(60, sayHello, [], { pipeline })
    expect(await at.redis.keys()).toEqual([])
    await pipeline.exec()
    expect(await at.queue.count()).toBe(2)
    expect(await low.getJobIds()).toEqual([single.id])
    expect(await low.scheduledJobRegistry.count()).toBe(1)
  })

  it('defers jobs that have to wait and queues the rest', async () => {
    await using at = await rqFixture()
    const done = await at.queue.enqueue(nothing)
    await at.work()
    const waiting = await at.queue.enqueue(nothing)
    const [plain, unmet, met] = await at.queue.enqueueMany([
      Queue.prepareData(nothing),
      Queue.prepareData(nothing, [], { dependsOn: waiting }),
      Queue.prepareData(nothing, [], { dependsOn: done }),
    ])
    expect(await plain.getStatus()).toBe('queued')
    expect(await unmet.getStatus()).toBe('deferred')
    expect(await met.getStatus()).toBe('queued')
    await at.work()
    expect(await unmet.getStatus()).toBe('finished')
  })
})

describe('unique', () => {
  it('needs an id of its own, and neither dependencies nor a rate limit', async () => {
    await using at = await rqFixture()
    const rateLimit = new RateLimit({ key: 'k', concurrency: 1 })
    await expect(at.queue.enqueue(nothing, [], { unique: true })).rejects.toThrow('a jobId')
    await expect(at.queue.enqueue(nothing, [], { unique: true, jobId: 'a', dependsOn: 'b' })).rejects.toThrow(
      'no dependsOn',
    )
    await expect(at.queue.enqueue(nothing, [], { unique: true, jobId: 'a', rateLimit })).rejects.toThrow('no rateLimit')
  })

  it('refuses a second job with the id in any status, names it, and changes nothing', async () => {
    await using at = await rqFixture()
    const enqueue = () => at.queue.enqueue(nothing, [], { unique: true, jobId: 'one', meta: { a: 1 } })
    const job = await enqueue()
    await expect(enqueue()).rejects.toMatchObject({ code: 'RQ_DUPLICATE_JOB', jobId: 'one' })
    expect(await at.queue.getJobIds()).toEqual(['one'])
    await at.work()
    await expect(enqueue()).rejects.toThrow('one')
    expect(await job.getStatus()).toBe('finished')
    await job.delete()
    expect((await (await enqueue()).getMeta()).a).toBe(1)
  })

  it('accepts the job of one of 50 clients', async () => {
    await using at = await rqFixture()
    const queues = Array.from({ length: 50 }, () => at.open('default'))
    const outcomes = await Promise.allSettled(
      queues.map((queue) => queue.enqueue(nothing, [], { unique: true, jobId: 'one' })),
    )
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(await at.queue.count()).toBe(1)
  })

  it('applies to scheduled jobs, job objects and queues in this process as well', async () => {
    await using at = await rqFixture()
    const options = { unique: true, jobId: 'later' }
    const job = await at.queue.enqueueIn('1h', nothing, [], options)
    expect(await job.getStatus()).toBe('scheduled')
    await expect(at.queue.enqueueIn('2h', nothing, [], options)).rejects.toMatchObject({ code: 'RQ_DUPLICATE_JOB' })
    expect(Number(await at.queue.scheduledJobRegistry.getScheduledTime(job))).toBeLessThan(Date.now() + 3_601_000)
    const same = await at.queue.createJob(nothing, [], { jobId: 'later' })
    await expect(at.queue.enqueueJob(same, { unique: true })).rejects.toMatchObject({ code: 'RQ_DUPLICATE_JOB' })
    const inProcess = at.open('sync', { isAsync: false })
    expect(await (await inProcess.enqueue(nothing, [], { unique: true, jobId: 's' })).getStatus()).toBe('finished')
    await expect(inProcess.enqueue(nothing, [], { unique: true, jobId: 's' })).rejects.toThrow('already exists')
    expect((await Queue.all(at.shared)).map(({ name }) => name).sort()).toEqual(['default', 'sync'])
  })

  it('puts the job at the head when asked', async () => {
    await using at = await rqFixture()
    await at.queue.enqueue(nothing, [], { unique: true, jobId: 'tail' })
    await at.queue.enqueue(nothing, [], { unique: true, jobId: 'head', atFront: true })
    expect(await at.queue.getJobIds()).toEqual(['head', 'tail'])
  })
})
