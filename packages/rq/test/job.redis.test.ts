import { eventually } from '@rq/testkit'
import { describe, expect, it } from 'vitest'
import { cancelJob, Job, Queue, RateLimit, Retry, requeueJob } from '../src/index.ts'
import {
  add,
  divByZero,
  echo,
  note,
  noted,
  nothing,
  remember,
  rememberThenFail,
  sayHello,
  untilNoted,
} from './functions.ts'
import { rqFixture } from './rq-fixture.ts'

describe('Job', () => {
  it('starts as created, with a random id and no times', async () => {
    await using at = await rqFixture()
    const job = await Job.create(add, [1, 2], at.shared)
    expect(job.id).toMatch(/^[0-9A-Za-z]{20}$/)
    expect(await job.getStatus({ refresh: false })).toBe('created')
    expect([job.enqueuedAt, job.startedAt, job.endedAt]).toEqual([undefined, undefined, undefined])
    expect(await job.returnValue()).toBeUndefined()
    expect(await at.redis.keys()).toEqual([])
  })

  it.each(['', ' ', 'a b', 'a:b', "it's", 'a;b', 'a\\b', 'a\nb', 7 as never])('refuses the id %j', async (jobId) => {
    await using at = await rqFixture()
    await expect(Job.create(nothing, [], { ...at.shared, jobId })).rejects.toThrow('Invalid jobId')
  })

  it('is saved, fetched, compared by id, and enqueued later', async () => {
    await using at = await rqFixture(/has no origin/)
    const job = await Job.create(add, [1, 2], { ...at.shared, jobTimeout: '3m', meta: { a: 1 } })
    await job.save()
    const hash = await at.redis.client.hgetall(at.key(`job:${job.id}`))
    expect(Object.keys(hash).sort()).toEqual([
      'created_at',
      'data',
      'description',
      'last_heartbeat',
      'meta',
      'status',
      'timeout',
    ])
    const fetched = await Job.fetch(job.id, at.shared)
    expect(fetched).toMatchObject({ args: [1, 2], timeout: 180, meta: { a: 1 }, createdAt: job.createdAt })
    expect(fetched.equals(job)).toBe(true)
    expect(await fetched.getStatus()).toBe('created')
    await at.queue.enqueueJob(fetched)
    await at.work()
    expect(await job.returnValue()).toBe(3)
  })

  it('undoes nothing when an old handle is saved: only what was changed through it is written', async () => {
    await using at = await rqFixture()
    const retry = new Retry({ max: 3 })
    const job = await at.queue.enqueue(divByZero, [], { retry, meta: { a: 1 }, description: 'first' })
    const old = await Job.fetch(job.id, at.shared)
    await at.work(['default'], { maxJobs: 1 })
    const other = await Job.fetch(job.id, at.shared)
    other.meta.b = 2
    other.timeout = '2m'
    await other.save()
    const before = await at.redis.client.hgetall(at.key(`job:${job.id}`))
    expect(before).toMatchObject({ retries_left: '2', timeout: '120', description: 'first' })

    expect(old.meta).toEqual({ a: 1 })
    await old.save()
    expect(await at.redis.client.hgetall(at.key(`job:${job.id}`))).toEqual(before)
    old.description = 'second'
    old.failureTtl = '1h'
    await old.save()
    const after = { ...before, description: 'second', failure_ttl: '3600' }
    expect(await at.redis.client.hgetall(at.key(`job:${job.id}`))).toEqual(after)
    await other.save()
    expect(await at.redis.client.hgetall(at.key(`job:${job.id}`))).toEqual(after)
  })

  it('does not come back when a handle of a deleted job is saved', async () => {
    await using at = await rqFixture(/has no origin/)
    const created = await Job.create(add, [1, 2], at.shared)
    await created.save()
    const enqueued = await at.queue.createJob(nothing)
    await at.queue.enqueueJob(enqueued)
    for (const job of [created, enqueued]) {
      await job.delete()
      await job.save()
      job.meta = { late: true }
      await expect(job.save()).rejects.toThrow(expect.objectContaining({ code: 'RQ_NO_SUCH_JOB' }))
      expect(await Job.exists(job.id, at.shared)).toBe(false)
    }
  })

  it('is found by an id with an execution, alone or with others', async () => {
    await using at = await rqFixture()
    const { id } = await at.queue.enqueue(nothing)
    expect((await Job.fetch(`${id}:0123`, at.shared)).id).toBe(id)
    const many = await Job.fetchMany([id, 'missing', `${id}:0123`], at.shared)
    expect(many.map((job) => job?.id)).toEqual([id, undefined, id])
    await expect(Job.fetch('missing', at.shared)).rejects.toMatchObject({ code: 'RQ_NO_SUCH_JOB' })
    expect(await Job.exists('missing', at.shared)).toBe(false)
    expect(await Job.exists(id, at.shared)).toBe(true)
  })

  it('is fetched even when its call or its meta cannot be read', async () => {
    await using at = await rqFixture()
    const { id } = await at.queue.enqueue(add, [1, 2])
    await at.redis.client.hset(at.key(`job:${id}`), { data: 'not a call', meta: '{broken' })
    const job = await Job.fetch(id, at.shared)
    expect(() => job.funcName).toThrow(expect.objectContaining({ code: 'RQ_DESERIALIZATION' }))
    expect(job.meta).toEqual({ unserialized: '{broken' })
  })

  it('reads meta from the store or from the handle', async () => {
    await using at = await rqFixture()
    const job = await at.queue.enqueue(nothing, [], { meta: { n: 1 } })
    const other = await Job.fetch(job.id, at.shared)
    const before = await at.redis.client.hgetall(at.key(`job:${job.id}`))
    other.meta.n = 2
    await other.saveMeta()
    expect(await job.getMeta({ refresh: false })).toEqual({ n: 1 })
    expect(await job.getMeta()).toEqual({ n: 2 })
    expect(await at.redis.client.hgetall(at.key(`job:${job.id}`))).toEqual({ ...before, meta: '{"n":2}' })
  })

  it('keeps the meta that a job stored, whether it succeeds or fails', async () => {
    await using at = await rqFixture()
    const jobs = [await at.queue.enqueue(remember), await at.queue.enqueue(rememberThenFail)]
    await at.work()
    for (const job of jobs) expect((await Job.fetch(job.id, at.shared)).meta).toEqual({ seen: job.id })
    expect(await jobs[1]?.getStatus()).toBe('failed')
  })

  it('has no status when it no longer exists', async () => {
    await using at = await rqFixture()
    const job = await at.queue.enqueue(nothing)
    await job.delete()
    await expect(job.getStatus()).rejects.toMatchObject({ code: 'RQ_INVALID_OPERATION' })
    await expect(job.refresh()).rejects.toMatchObject({ code: 'RQ_NO_SUCH_JOB' })
    await expect(job.explain()).rejects.toMatchObject({ code: 'RQ_NO_SUCH_JOB' })
    await job.delete()
  })
})

describe('delete', () => {
  it('removes a job from its registry', async () => {
    await using at = await rqFixture()
    const finished = await at.queue.enqueue(nothing)
    const failed = await at.queue.enqueue(divByZero)
    await at.work()
    const parent = await at.queue.enqueue(nothing)
    const deferred = await at.queue.enqueue(nothing, [], { dependsOn: parent })
    const scheduled = await at.queue.enqueueIn(60, nothing)
    const canceled = await at.queue.enqueue(nothing)
    await canceled.cancel()
    const { finishedJobRegistry, failedJobRegistry, deferredJobRegistry, scheduledJobRegistry, canceledJobRegistry } =
      at.queue
    const registries = [
      finishedJobRegistry,
      failedJobRegistry,
      deferredJobRegistry,
      scheduledJobRegistry,
      canceledJobRegistry,
    ]
    expect(await Promise.all(registries.map((registry) => registry.count()))).toEqual([1, 1, 1, 1, 1])
    for (const job of [finished, failed, deferred, scheduled, canceled]) await job.delete()
    expect(await Promise.all(registries.map((registry) => registry.count()))).toEqual([0, 0, 0, 0, 0])
    expect(await parent.getDependentIds()).toEqual([])
    await parent.delete()
    expect(await at.keys()).toEqual(['queues'])
  })

  it('ends executions of a running job, whose result is discarded', async () => {
    await using at = await rqFixture()
    const job = await at.queue.enqueue(untilNoted, ['deleted'])
    // A long lease: the run is not to end because its heartbeat finds no job.
    const working = at.work(['default'], { leaseMs: 600_000 })
    await eventually(() => job.isStarted())
    const worker = expect.stringMatching(/^[0-9A-Za-z]{20}$/)
    expect(await job.getExecutions()).toMatchObject([
      { jobId: job.id, workerName: worker, leaseEndsAt: expect.any(Date) },
    ])
    expect(await at.queue.startedJobRegistry.getJobIds()).toEqual([job.id])
    await expect(at.queue.startedJobRegistry.remove(job)).rejects.toMatchObject({ code: 'RQ_INVALID_OPERATION' })
    await job.delete()
    expect(await at.queue.startedJobRegistry.count()).toBe(0)
    noted.push('deleted')
    await working
    expect(await Job.exists(job.id, at.shared)).toBe(false)
    expect(await at.keys()).toEqual(['queues'])
  })

  it('deletes 1,200 dependents too, when asked', async () => {
    await using at = await rqFixture()
    const parent = await at.queue.enqueue(nothing)
    const children = Array.from({ length: 1200 }, () => Queue.prepareData(nothing, [], { dependsOn: parent }))
    await at.queue.enqueueMany(children)
    expect(await at.queue.deferredJobRegistry.count()).toBe(1200)
    await parent.delete({ deleteDependents: true })
    expect(await at.keys()).toEqual(['queues'])
  })

  it('happens in the caller’s pipeline, as cancel does', async () => {
    await using at = await rqFixture()
    const [gone, canceled] = [await at.queue.enqueue(nothing), await at.queue.enqueue(nothing)]
    const child = await at.queue.enqueue(nothing, [], { dependsOn: canceled })
    const pipeline = at.redis.client.multi()
    await gone.delete({ pipeline })
    await canceled.cancel({ pipeline, enqueueDependents: true })
    expect(await at.queue.count()).toBe(2)
    await pipeline.exec()
    expect(await at.queue.getJobIds()).toEqual([child.id])
    expect(await canceled.getStatus()).toBe('canceled')
  })
})

describe('cancel', () => {
  it('removes a job from its queue, keeps its record, and works once', async () => {
    await using at = await rqFixture()
    const job = await at.queue.enqueue(note, ['ran'], { ttl: 100 })
    await cancelJob(job.id, at.shared)
    expect(await at.queue.getJobIds()).toEqual([])
    expect(await at.queue.canceledJobRegistry.getJobIds()).toEqual([job.id])
    expect(await job.getStatus()).toBe('canceled')
    await expect(job.cancel()).rejects.toThrow(job.id)
    await expect(job.cancel()).rejects.toMatchObject({ code: 'RQ_INVALID_OPERATION' })
    await expect(cancelJob('missing', at.shared)).rejects.toMatchObject({ code: 'RQ_NO_SUCH_JOB' })
    expect(await at.work()).toBe(false)
    expect(noted).toEqual([])
    await job.delete()
    expect(await at.queue.canceledJobRegistry.count()).toBe(0)
  })

  it('removes it from the registry that it waits in', async () => {
    await using at = await rqFixture()
    const failed = await at.queue.enqueue(divByZero)
    await at.work()
    const parent = await at.queue.enqueue(nothing)
    const deferred = await at.queue.enqueue(nothing, [], { dependsOn: parent })
    const scheduled = await at.queue.enqueueIn(60, nothing)
    for (const job of [failed, deferred, scheduled]) await job.cancel()
    const { failedJobRegistry, deferredJobRegistry, scheduledJobRegistry, canceledJobRegistry } = at.queue
    expect(await failedJobRegistry.count()).toBe(0)
    expect(await deferredJobRegistry.count()).toBe(0)
    expect(await scheduledJobRegistry.count()).toBe(0)
    expect((await canceledJobRegistry.getJobIds()).sort()).toEqual([failed.id, deferred.id, scheduled.id].sort())
  })

  it('lets a running job finish; its dependents run with the next maintenance', async () => {
    await using at = await rqFixture()
    const job = await at.queue.enqueue('./packages/rq/test/functions#cancelMyself', [])
    const child = await at.queue.enqueue(nothing, [], { dependsOn: job })
    await at.work()
    expect(await job.getStatus()).toBe('finished')
    expect(await job.returnValue()).toBe('ran on')
    expect(await at.queue.canceledJobRegistry.count()).toBe(0)
    await eventually(async () => {
      expect(['deferred', 'queued', 'finished']).toContain(await child.getStatus())
      if (await child.isDeferred()) expect((await child.explain()).code).toBe('released')
      await at.work()
      expect(await child.getStatus()).toBe('finished')
    })
  })
})

describe('requeue', () => {
  it('moves a failed job back, by id or by job, and clears its times', async () => {
    await using at = await rqFixture()
    const jobs = [
      await at.queue.enqueue(divByZero),
      await at.queue.enqueue(divByZero),
      await at.queue.enqueue(divByZero),
    ]
    await at.work()
    expect(await at.queue.failedJobRegistry.count()).toBe(3)
    const [a, b, c] = jobs
    await requeueJob(a?.id ?? '', at.shared)
    await b?.requeue()
    await at.queue.failedJobRegistry.requeue(c?.id ?? '', { atFront: true })
    expect(await at.queue.getJobIds()).toEqual([c?.id, a?.id, b?.id])
    expect(await at.queue.failedJobRegistry.count()).toBe(0)
    const fetched = await Job.fetch(a?.id ?? '', at.shared)
    expect([fetched.startedAt, fetched.endedAt]).toEqual([undefined, undefined])
    expect(await fetched.isQueued()).toBe(true)
  })

  it('refuses jobs that have not failed', async () => {
    await using at = await rqFixture()
    const job = await at.queue.enqueue(nothing)
    await expect(job.requeue()).rejects.toMatchObject({ code: 'RQ_INVALID_OPERATION' })
    await expect(requeueJob('missing', at.shared)).rejects.toMatchObject({ code: 'RQ_NO_SUCH_JOB' })
    await at.redis.client.zadd(at.key('failed:default'), '4000000000', 'evicted')
    await expect(at.queue.failedJobRegistry.requeue('evicted')).rejects.toMatchObject({ code: 'RQ_NO_SUCH_JOB' })
    expect(await at.queue.failedJobRegistry.contains('evicted')).toBe(false)
    await expect(at.queue.finishedJobRegistry.requeue(job)).rejects.toMatchObject({ code: 'RQ_INVALID_OPERATION' })
  })

  it('removes the expiry of the failure from the job and its dependents', async () => {
    await using at = await rqFixture()
    const job = await at.queue.enqueue(divByZero, [], { failureTtl: 3000 })
    const child = await at.queue.enqueue(nothing, [], { dependsOn: job })
    await at.work()
    const ttls = () =>
      Promise.all([`job:${job.id}`, `job:${job.id}:dependents`].map((key) => at.redis.client.ttl(at.key(key))))
    expect(Math.min(...(await ttls()))).toBeGreaterThan(2000)
    await job.requeue()
    expect(await ttls()).toEqual([-1, -1])
    expect(await child.getStatus()).toBe('deferred')
  })
})

describe('explain', () => {
  it('reports a queue without workers, with workers, and a suspension', async () => {
    await using at = await rqFixture()
    const [first, second] = [await at.queue.enqueue(nothing), await at.queue.enqueue(nothing)]
    expect(await first.explain()).toMatchObject({ code: 'no_worker', status: 'queued' })
    await at.redis.client.sadd(at.key('workers:default'), at.key('worker:w'))
    expect(await second.explain()).toMatchObject({
      code: 'queued',
      text: '1 job before it in the queue default; 1 worker serves the queue.',
    })
    await at.redis.client.set(at.key('suspended'), '1')
    expect((await first.explain()).code).toBe('suspended')
  })

  it('names the dependencies that a job waits for, and those that block it', async () => {
    await using at = await rqFixture()
    const failed = await at.queue.enqueue(divByZero)
    await at.work()
    const waiting = await at.queue.enqueue(nothing)
    const child = await at.queue.enqueue(nothing, [], { dependsOn: [waiting, failed] })
    expect(await child.explain()).toMatchObject({ code: 'blocked', waitingFor: [waiting.id], blockedBy: [failed.id] })
    await failed.requeue()
    expect(await child.explain()).toMatchObject({ code: 'jobs', blockedBy: [] })
    await waiting.delete()
    await failed.delete()
    expect((await child.explain()).code).toBe('released')
    await at.queue.enqueueJob(await Job.fetch(child.id, at.shared))
    expect(await child.isQueued()).toBe(true)
  })

  it('gives advice that works for a forgotten job', async () => {
    await using at = await rqFixture()
    const rateLimit = new RateLimit({ key: 'k', concurrency: 1 })
    const taken = await at.queue.enqueue(nothing)
    const scheduled = await at.queue.enqueueIn(60, nothing)
    await at.queue.enqueue(nothing, [], { rateLimit })
    const limited = await at.queue.enqueue(nothing, [], { rateLimit })
    await at.queue.remove(taken)
    await at.queue.scheduledJobRegistry.remove(scheduled)
    await at.redis.client.zrem(at.key('rl:k:rate_limited'), limited.id)
    for (const job of [taken, scheduled, limited]) {
      expect((await job.explain()).code).toBe('forgotten')
      await at.queue.enqueueJob(job)
    }
    expect(await Promise.all([taken, scheduled, limited].map((job) => job.getStatus()))).toEqual([
      'queued',
      'queued',
      'rate_limited',
    ])
    expect((await limited.explain()).code).toBe('slot')
  })

  it('reports when a job is due, that it has ended, and that it was never enqueued', async () => {
    await using at = await rqFixture(/has no origin/)
    const scheduled = await at.queue.enqueueAt('2100-01-01T00:00:00Z', nothing)
    expect(await scheduled.explain()).toMatchObject({
      code: 'no_scheduler',
      text: expect.stringContaining('2100-01-01T00:00:00.000Z'),
    })
    const done = await at.queue.enqueue(nothing)
    const retried = await at.queue.enqueue(divByZero, [], { retry: new Retry({ max: 1, interval: 60 }) })
    await at.work()
    expect((await done.explain()).code).toBe('over')
    expect((await retried.explain()).code).toBe('no_scheduler')
    const created = await Job.create(echo, [1], at.shared)
    await created.save()
    expect((await created.explain()).code).toBe('new')
    const deferred = await at.queue.enqueue(sayHello, [], { dependsOn: retried })
    expect(await deferred.explain()).toMatchObject({ code: 'jobs', waitingFor: [retried.id] })
  })
})

describe('enqueueJob of a deferred job', () => {
  it('says what it waits for, and what to do; nothing is written', async () => {
    await using at = await rqFixture()
    const parent = await at.queue.enqueue(nothing)
    const child = await at.queue.enqueue(nothing, [], { dependsOn: parent })
    const before = await at.redis.dump()
    const refusal = await at.queue.enqueueJob(child).catch((error: unknown) => error)
    expect(refusal).toMatchObject({
      code: 'RQ_INVALID_OPERATION',
      message:
        `Job ${child.id} is deferred already. It waits for ${parent.id} to end. Then it is queued. To run it before, ` +
        'cancel those with enqueueDependents, or enqueue a job without dependsOn. Nothing was written.',
      details: { jobId: child.id, waitingFor: [parent.id], blockedBy: [] },
    })
    expect(await at.redis.dump()).toEqual(before)
    await parent.cancel({ enqueueDependents: true })
    expect(await child.isQueued()).toBe(true)
  })

  it('names the job that has failed, and enqueues it when that one is gone', async () => {
    await using at = await rqFixture()
    const parent = await at.queue.enqueue(divByZero)
    const child = await at.queue.enqueue(nothing, [], { dependsOn: parent })
    await at.work()
    await expect(at.queue.enqueueJob(await Job.fetch(child.id, at.shared))).rejects.toThrow(
      `It waits for ${parent.id}, which is failed. Requeue what failed, cancel it with enqueueDependents, or cancel or ` +
        'delete this job. Nothing was written.',
    )
    await parent.delete()
    await at.queue.enqueueJob(await Job.fetch(child.id, at.shared))
    expect(await child.isQueued()).toBe(true)
  })

  it('moves it to another queue or to a time, and it waits on', async () => {
    await using at = await rqFixture()
    const parent = await at.queue.enqueue(nothing)
    const child = await at.queue.enqueue(nothing, [], { dependsOn: parent })
    const other = at.open('other')
    await other.enqueueJob(child)
    expect([child.origin, await child.getStatus()]).toEqual(['other', 'deferred'])
    expect(await at.queue.deferredJobRegistry.getJobIds()).toEqual([])
    await other.scheduleJob(child, new Date(Date.now() + 60_000))
    expect([await child.getStatus(), await other.scheduledJobRegistry.getJobIds()]).toEqual(['scheduled', [child.id]])
    await other.enqueueJob(child)
    expect(await other.deferredJobRegistry.getJobIds()).toEqual([child.id])
    await at.work()
    expect(await other.getJobIds()).toEqual([child.id])
  })
})
