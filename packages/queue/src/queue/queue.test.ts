import { RqError } from '@rq/core'
import { Callback, Dependency, RateLimit, Repeat, Retry, Webhook } from '@rq/job'
import { defaultSerializer, jsonSerializer } from '@rq/serializer'
import { MemoryPipeline, TestStorage } from '@rq/testkit/memory-storage'
import { DateTime, Duration } from 'luxon'
import { describe, expect, it } from 'vitest'
import { add, greet, nothing, onDone, onFailed, send } from '../../test/functions.ts'
import { withoutStorageFactory } from '../../test/no-storage-factory.ts'
import { job } from '../enqueue/job-function.ts'
import { DuplicateJobError } from '../failure/job-errors.ts'
import { Job } from '../job/job.ts'
import { Queue } from './queue.ts'
import type { QueueOptions } from './queue-options.ts'

function setUp(options: Partial<QueueOptions> = {}, name?: string) {
  const storage = new TestStorage()
  return { storage, queue: new Queue(name, { storage, ...options }) }
}

const callOf = (storage: TestStorage, job: Job) =>
  JSON.parse(String(storage.recordOf(job.id).data)) as [string, null, unknown[], Record<string, unknown>]

describe('Queue', () => {
  withoutStorageFactory()

  it('is named "default" by default', () => {
    expect(setUp().queue.name).toBe('default')
    expect(`${setUp({}, 'low').queue}`).toBe('<Queue low>')
    expect(setUp({}, 'low').queue.equals(setUp({}, 'low').queue)).toBe(true)
  })

  it.each(['', 'a,b', 'line\nbreak', 'low:intermediate', 'x'.repeat(201)])('refuses the name %j', (name) => {
    expect(() => setUp({}, name)).toThrow(expect.objectContaining({ code: 'RQ_INVALID_OPTION' }))
  })

  it('refuses a missing storage and wrong options', () => {
    expect(() => new Queue('q', {} as QueueOptions)).toThrow(/Invalid storage/)
    expect(() => setUp({ defaultTimeout: 0 })).toThrow(/Invalid defaultTimeout/)
    expect(() => setUp({ isAsync: 'no' as never })).toThrow(/Invalid isAsync/)
    expect(() => setUp({ results: 'list' as never })).toThrow(/Invalid results/)
    expect(() => setUp({ serializer: 'pickle' as never })).toThrow(/Invalid serializer/)
  })

  it('shows nothing of its storage when it is inspected', async () => {
    const { inspect } = await import('node:util')
    expect(inspect(setUp().queue)).toBe('<Queue default>')
  })

  it('lists the queues that were enqueued to, each once', async () => {
    const { storage, queue } = setUp()
    expect(await Queue.all({ storage })).toEqual([])
    await queue.enqueue(nothing)
    await queue.enqueue(nothing)
    expect((await Queue.all({ storage })).map((one) => one.name)).toEqual(['default'])
  })

  it('closes the storage only when it owns it', async () => {
    const { storage, queue } = setUp()
    await queue.close()
    expect(storage.closed).toBe(0)
    {
      await using owner = setUp({ ownsStorage: true, storage }).queue
      void owner.enqueue('a.b')
    }
    expect(storage.closed).toBe(1)
    expect(storage.waiting('default')).toHaveLength(1)
  })
})

describe('enqueue', () => {
  it('stores the call with its defaults, at the tail of the queue', async () => {
    const { storage, queue } = setUp()
    const first = await queue.enqueue(add, [1, 2])
    const second = await queue.enqueue(add, [3, 4])
    expect(storage.waiting('default')).toEqual([first.id, second.id])
    expect(callOf(storage, first)).toEqual([expect.stringMatching(/functions#add$/), null, [1, 2], {}])
    expect(await first.getStatus({ refresh: false })).toBe('queued')
    expect(first.enqueuedAt).toBeInstanceOf(Date)
    expect(storage.recordOf(first.id)).toMatchObject({ origin: 'default', timeoutS: 180, results: 'hash' })
    expect(first.description).toMatch(/functions#add\(1, 2\)$/)
    expect(first.id).toMatch(/^[0-9A-Za-z]{20}$/)
  })

  it('stores every option in its unit', async () => {
    const { storage, queue } = setUp({ defaultTimeout: '10m', results: 'stream', serializer: jsonSerializer })
    const job = await queue.enqueue(send, ['ada'], {
      kwargs: { subject: 'hi' },
      jobTimeout: '1h30m',
      resultTtl: -1,
      ttl: Duration.fromObject({ minutes: 2 }),
      failureTtl: '1d',
      jobId: 'my_job-1',
      description: 'Ä letter',
      meta: { tries: 1 },
      onSuccess: onDone,
      onFailure: new Callback(onFailed, { timeout: '2m' }),
      onStopped: 'jobs.mail.stopped',
      retry: new Retry({ max: 3, interval: [1, 2], enqueueAtFront: true }),
      repeat: new Repeat({ times: 2, interval: 30 }),
      rateLimit: new RateLimit({ key: 'mail', concurrency: 2 }),
      webhooks: [new Webhook('https://example.com/done', 'finished')],
    })
    expect(callOf(storage, job)[3]).toEqual({ subject: 'hi' })
    expect(storage.recordOf('my_job-1')).toMatchObject({
      timeoutS: 5400,
      resultTtlS: -1,
      ttlS: 120,
      failureTtlS: 86400,
      description: 'Ä letter',
      meta: '{"tries":1}',
      onSuccess: { name: expect.stringMatching(/functions#onDone$/), timeoutS: 60 },
      onFailure: { name: expect.stringMatching(/functions#onFailed$/), timeoutS: 120 },
      onStopped: { name: 'jobs.mail.stopped', timeoutS: 60 },
      retriesLeft: 3,
      retryIntervalsS: [1, 2],
      enqueueAtFrontOnRetry: true,
      repeatsLeft: 2,
      repeatIntervalsS: [30],
      rateLimit: { key: 'mail', concurrency: 2 },
      webhooks: [{ url: 'https://example.com/done', job_status: 'finished' }],
      results: 'stream',
    })
    expect(storage.recordOf((await queue.enqueue(nothing)).id).timeoutS).toBe(600)
  })

  it('accepts a string for a function, and puts the job at the head when asked', async () => {
    const { storage, queue } = setUp()
    const last = await queue.enqueue('my_package.my_module.my_func', [3, 4])
    const first = await queue.enqueue('./jobs/mail#send', [], { atFront: true })
    expect(storage.waiting('default')).toEqual([first.id, last.id])
    expect(last.funcName).toBe('my_package.my_module.my_func')
    expect(last.args).toEqual([3, 4])
  })

  it.each([
    ['a string as options', () => [nothing, [], 'ttl'], /Invalid options/],
    ['arguments that are not in an array', () => [greet, 'ada'], /Invalid args/],
    ['an unknown option', () => [nothing, [], { job_timeout: 5 }], /expected 'jobTimeout'/],
    ['no time', () => [nothing, [], { jobTimeout: 0 }], /Invalid jobTimeout/],
    ['a negative ttl', () => [nothing, [], { ttl: -1 }], /Invalid ttl/],
    ['an id with a space', () => [nothing, [], { jobId: 'a b' }], /Invalid jobId/],
    ['unique without an id', () => [nothing, [], { unique: true }], /Invalid unique/],
    ['something that is no function', () => [42], /not a function/],
    ['a malformed reference', () => ['no such#'], /Not a function reference/],
    ['a closure', () => [() => 1], /no module exports it/],
    ['an argument that cannot be written', () => [greet, [() => {}]], /Cannot serialize args\[0\]/],
    ['meta that cannot be written', () => [nothing, [], { meta: { f: () => {} } }], /Cannot serialize value\.f/],
    ['itself as dependency', () => [nothing, [], { jobId: 'a', dependsOn: 'a' }], /Invalid dependsOn/],
  ])('refuses %s and writes nothing', async (_, args, message) => {
    const { storage, queue } = setUp()
    await expect((queue.enqueue as (...given: unknown[]) => Promise<Job>)(...args())).rejects.toThrow(message)
    await expect((queue.enqueue as (...given: unknown[]) => Promise<Job>)(...args())).rejects.toBeInstanceOf(RqError)
    expect(storage.records.size).toBe(0)
    expect(await storage.queues.queueNames()).toEqual([])
  })

  it('refuses a second job with the id of a unique one', async () => {
    const { storage, queue } = setUp()
    await queue.enqueue(nothing, [], { jobId: 'one', unique: true })
    const again = queue.enqueue(nothing, [], { jobId: 'one', unique: true })
    await expect(again).rejects.toThrow(DuplicateJobError)
    await expect(again).rejects.toMatchObject({ code: 'RQ_DUPLICATE_JOB', jobId: 'one' })
    expect(storage.waiting('default')).toEqual(['one'])
    await expect(queue.enqueueAt(new Date(), nothing, [], { jobId: 'one', unique: true })).rejects.toThrow(
      DuplicateJobError,
    )
  })

  it('refuses more than arguments and options', async () => {
    const queue = new Queue('q', { storage: new TestStorage() })
    const more = [[1], { kwargs: {} }, 3] as unknown as [[]]
    for (const call of [
      () => queue.enqueue('a.b', ...more),
      () => queue.enqueueAt(new Date(), 'a.b', ...more),
      () => queue.enqueueIn(5, 'a.b', ...more),
      () => queue.createJob('a.b', ...more),
      async () => Queue.prepareData('a.b', ...more),
      () => job(queue)((value: number) => value).enqueue(...(more as unknown as [[number]])),
    ]) {
      await expect(call()).rejects.toMatchObject({
        code: 'RQ_INVALID_OPTION',
        message: expect.stringContaining('got "3 values after the function"'),
      })
    }
    expect(await queue.count()).toBe(0)
  })

  it('defers a job that depends on others', async () => {
    const { storage, queue } = setUp()
    const [a, b] = await Promise.all([queue.enqueue(nothing), queue.enqueue(nothing)])
    const dependsOn = [a, new Dependency({ jobs: [b.id], allowFailure: true, enqueueAtFront: true })]
    const child = await queue.enqueue(nothing, undefined, { dependsOn })
    expect(await child.getStatus({ refresh: false })).toBe('deferred')
    expect(storage.recordOf(child.id)).toMatchObject({
      dependencyIds: [a.id, b.id],
      allowDependencyFailures: false,
      enqueueAtFront: true,
    })
    expect((await child.fetchDependencies()).map((job) => job.id)).toEqual([a.id, b.id])
    expect(await a.getDependentIds()).toEqual([child.id])
  })

  it('refuses a cycle', async () => {
    const { storage, queue } = setUp()
    storage.queues.enqueue = async () => ['cycle']
    await expect(queue.enqueue(nothing, [], { jobId: 'a', dependsOn: 'b' })).rejects.toMatchObject({
      code: 'RQ_INVALID_OPTION',
      details: { option: 'dependsOn' },
    })
  })

  it.each([true, false])('refuses a job whose dependencies are too many to search, isAsync: %s', async (isAsync) => {
    const storage = new TestStorage()
    const queue = new Queue('default', { storage, isAsync })
    storage.queues.enqueue = async () => ['too_many']
    storage.queues.begin = async () => ({ placement: 'too_many' })
    await expect(queue.enqueue(nothing, [], { jobId: 'a', dependsOn: 'b' })).rejects.toMatchObject({
      code: 'RQ_TOO_MANY_DEPENDENCIES',
      message: expect.stringMatching(/^Invalid dependsOn of job a: .* looks at 5000 jobs\. .*Nothing was written\.$/),
      details: { option: 'dependsOn', jobId: 'a' },
    })
  })

  it('sends concurrent calls together and keeps their order, also while functions are located', async () => {
    const { storage, queue } = setUp()
    const jobs = await Promise.all([
      queue.enqueue(greet, ['a']),
      queue.enqueue('known.text', []),
      queue.enqueue(nothing, [], { onSuccess: onDone }),
      queue.enqueue(add, [1, 1]),
      queue.enqueue('known.text', []),
    ])
    expect(storage.waiting('default')).toEqual(jobs.map((job) => job.id))
    const more = await Promise.all(Array.from({ length: 100 }, (_, index) => queue.enqueue(add, [index, 0])))
    expect(storage.enqueued.at(-1)).toEqual(more.map((job) => job.id))
  })

  it('continues other calls when a function cannot be located', async () => {
    const { storage, queue } = setUp()
    const outcomes = await Promise.allSettled([queue.enqueue(() => 1), queue.enqueue('known.text')])
    expect(outcomes.map((outcome) => outcome.status)).toEqual(['rejected', 'fulfilled'])
    expect(storage.waiting('default')).toHaveLength(1)
  })

  it('appends to a pipeline and writes nothing itself', async () => {
    const { storage, queue } = setUp()
    const other = new Queue('other', { storage })
    const pipeline = new MemoryPipeline()
    const job = await queue.enqueue(add, [1, 2], { pipeline })
    await other.enqueue(nothing, [], { pipeline })
    expect(await job.getStatus({ refresh: false })).toBe('queued')
    expect(storage.records.size).toBe(0)
    pipeline.exec()
    expect([storage.waiting('default'), storage.waiting('other')]).toEqual([[job.id], [expect.any(String)]])
    await expect(queue.enqueue(nothing, [], { pipeline, jobId: 'a', unique: true })).rejects.toThrow(/Invalid unique/)
  })
})

describe('enqueueAt and enqueueIn', () => {
  it('schedules for a time or after a delay', async () => {
    const { storage, queue } = setUp()
    const when = DateTime.fromISO('2040-01-02T03:04:05Z')
    const at = await queue.enqueueAt(when, add, [1, 2], { retry: new Retry({ max: 2 }) })
    const before = Date.now()
    const later = await queue.enqueueIn('1h', add, [1, 2])
    expect(await at.getStatus({ refresh: false })).toBe('scheduled')
    expect(at.enqueuedAt).toBeUndefined()
    expect(at.retriesLeft).toBe(2)
    expect(storage.waiting('default')).toEqual([])
    expect(await queue.scheduledJobRegistry.getScheduledTime(at)).toEqual(when.toJSDate())
    expect((await queue.scheduledJobRegistry.getScheduledTime(later)).getTime()).toBeGreaterThanOrEqual(
      before + 3_600_000,
    )
  })

  it('refuses invalid times', async () => {
    const { queue } = setUp()
    await expect(queue.enqueueAt('tomorrow', nothing)).rejects.toThrow(/Invalid when/)
    await expect(queue.enqueueIn(-1, nothing)).rejects.toThrow(/Invalid delay/)
  })
})

describe('enqueueMany', () => {
  it('returns handles in input order and puts atFront ones at the head', async () => {
    const { storage, queue } = setUp()
    const jobs = await queue.enqueueMany([
      Queue.prepareData(add, [1, 2], { jobId: 'first' }),
      Queue.prepareData(greet, ['ada'], { jobId: 'second' }),
      Queue.prepareData(nothing, [], { jobId: 'third', atFront: true }),
    ])
    expect(jobs.map((job) => job.id)).toEqual(['first', 'second', 'third'])
    expect(storage.waiting('default')).toEqual(['third', 'first', 'second'])
    expect(storage.enqueued).toHaveLength(1)
    expect(await jobs[0].getStatus({ refresh: false })).toBe('queued')
  })

  it('accepts dependencies among the jobs of the list, in any order', async () => {
    const { storage, queue } = setUp()
    const parent = Queue.prepareData(nothing)
    const child = Queue.prepareData(nothing, [], { dependsOn: parent })
    const [childJob, parentJob] = await queue.enqueueMany([child, parent])
    expect(childJob.id).toBe(child.id)
    expect(await childJob.getStatus({ refresh: false })).toBe('deferred')
    expect(storage.waiting('default')).toEqual([parentJob.id])
  })

  it.each([undefined, 'a.b', [add], [{ func: add, args: [1, 2] }]])(
    'refuses %j, which prepareData did not make',
    async (datas) => {
      const { storage, queue } = setUp()
      await expect(queue.enqueueMany(datas as never)).rejects.toThrow(/^Invalid datas: .*results of Queue.prepareData/)
      expect(storage.records.size).toBe(0)
    },
  )

  it('writes nothing when one item is invalid', async () => {
    const { storage, queue } = setUp()
    const good = Queue.prepareData(add, [1, 2])
    await expect(queue.enqueueMany([good, Queue.prepareData(() => 1)])).rejects.toThrow(/no module exports it/)
    await expect(queue.enqueueMany([good, Queue.prepareData(greet, [Symbol('x') as never])])).rejects.toThrow(
      /Cannot serialize/,
    )
    const [a, b] = ['a', 'b'].map((jobId) =>
      Queue.prepareData(nothing, [], { jobId, dependsOn: jobId === 'a' ? 'b' : 'a' }),
    )
    await expect(queue.enqueueMany([a as never, b as never])).rejects.toThrow(/wait for each other/)
    expect(() => Queue.prepareData(nothing, [], { pipeline: {} })).toThrow(/Invalid pipeline/)
    expect(storage.records.size).toBe(0)
  })

  it('sends a long list in calls of 500, in order', async () => {
    const { storage, queue } = setUp()
    const datas = Array.from({ length: 1201 }, (_, index) => Queue.prepareData(add, [index, 0]))
    const jobs = await queue.enqueueMany(datas)
    expect(storage.enqueued.map((call) => call.length)).toEqual([500, 500, 201])
    expect(storage.waiting('default')).toEqual(jobs.map((job) => job.id))
  })

  it('appends to a pipeline', async () => {
    const { storage, queue } = setUp()
    const pipeline = new MemoryPipeline()
    const jobs = await queue.enqueueMany([Queue.prepareData(nothing), Queue.prepareData(nothing)], { pipeline })
    expect(storage.records.size).toBe(0)
    pipeline.exec()
    expect(storage.waiting('default')).toEqual(jobs.map((job) => job.id))
  })

  it('accepts an empty list', async () => {
    const { storage, queue } = setUp()
    expect(await queue.enqueueMany([])).toEqual([])
    expect(storage.enqueued).toEqual([])
  })
})

describe('createJob and enqueueJob', () => {
  it('makes a job that is stored and queued only when asked', async () => {
    const { storage, queue } = setUp()
    const job = await queue.createJob(add, [1, 2], { meta: { a: 1 } })
    expect(storage.records.size).toBe(0)
    expect(await job.getStatus({ refresh: false })).toBe('created')
    await job.save()
    expect(storage.waiting('default')).toEqual([])
    expect(await queue.enqueueJob(job)).toBe(job)
    expect(await job.getStatus({ refresh: false })).toBe('queued')
    expect(storage.waiting('default')).toEqual([job.id])
  })

  it('runs a job again in another queue, without the state of its last run', async () => {
    const { storage, queue } = setUp()
    const job = await queue.enqueue(add, [1, 2])
    storage.end(job.id, 'finished', { type: 'successful', returnValue: '3' })
    Object.assign(storage.recordOf(job.id), { startedAtMs: 1, endedAtMs: 2, workerName: 'w', executionId: 'x' })
    await job.refresh()
    await new Queue('other', { storage }).enqueueJob(job, { atFront: true })
    expect(storage.waiting('other')).toEqual([job.id])
    expect(job).toMatchObject({ origin: 'other', startedAt: undefined, endedAt: undefined, workerName: undefined })
    expect(storage.recordOf(job.id)).not.toHaveProperty('executionId')
  })

  it('gives a job of no queue the default timeout', async () => {
    const { storage, queue } = setUp({ defaultTimeout: 7 })
    const job = await Job.create(add, [1, 2], { storage })
    expect(job.timeout).toBeUndefined()
    expect(await job.getPosition()).toBeNull()
    await queue.enqueueJob(job)
    expect(storage.recordOf(job.id)).toMatchObject({ timeoutS: 7, origin: 'default' })
    expect(job.timeout).toBe(7)
  })
})

describe('contents', () => {
  it('counts, lists, slices and finds', async () => {
    const { queue } = setUp()
    expect(await queue.isEmpty()).toBe(true)
    const jobs = await Promise.all([1, 2, 3].map((n) => queue.enqueue(add, [n, 0])))
    const ids = jobs.map((job) => job.id)
    expect(await queue.count()).toBe(3)
    expect(await queue.getJobIds()).toEqual(ids)
    expect(await queue.getJobIds({ offset: 1, length: 1 })).toEqual([ids[1]])
    expect(await queue.getJobIds({ length: 0 })).toEqual([])
    expect((await queue.getJobs()).map((job) => job.args)).toEqual([
      [1, 0],
      [2, 0],
      [3, 0],
    ])
    expect(await queue.getJobPosition(jobs[2] as Job)).toBe(2)
    expect(await queue.getJobPosition('unknown')).toBeNull()
  })

  it('leaves out and removes ids without a job', async () => {
    const { storage, queue } = setUp()
    const [a, b] = await Promise.all([queue.enqueue(nothing), queue.enqueue(nothing)])
    storage.forget(a.id)
    expect((await queue.getJobs()).map((job) => job.id)).toEqual([b.id])
    expect(storage.waiting('default')).toEqual([b.id])
    storage.forget(b.id)
    expect(await queue.compact()).toBe(1)
  })

  it('fetches its own jobs only', async () => {
    const { storage, queue } = setUp()
    const job = await queue.enqueue(nothing)
    expect((await queue.fetchJob(job.id))?.equals(job)).toBe(true)
    expect(await new Queue('other', { storage }).fetchJob(job.id)).toBeNull()
    expect(await queue.fetchJob('unknown')).toBeNull()
  })

  it('removes, empties and deletes', async () => {
    const { storage, queue } = setUp()
    const [a] = await Promise.all([queue.enqueue(nothing), queue.enqueue(nothing)])
    expect(await queue.remove(a)).toBe(1)
    expect(storage.records.has(a.id)).toBe(true)
    expect(await queue.empty()).toBe(1)
    expect(await storage.queues.queueNames()).toEqual(['default'])
    await queue.delete()
    expect(await storage.queues.queueNames()).toEqual([])
  })

  it('has a registry of each kind', async () => {
    const { storage, queue } = setUp()
    const job = await queue.enqueue(add, [1, 2])
    storage.end(job.id, 'failed', { type: 'failed', excString: 'Error: x' })
    const failed = queue.failedJobRegistry
    expect(failed).toBe(queue.failedJobRegistry)
    expect([await failed.count(), await failed.getJobIds(), await failed.contains(job)]).toEqual([1, [job.id], true])
    expect(await queue.finishedJobRegistry.count()).toBe(0)
    await expect(queue.finishedJobRegistry.requeue(job)).rejects.toMatchObject({ code: 'RQ_INVALID_OPERATION' })
    await failed.requeue(job)
    expect(await queue.getJobIds()).toEqual([job.id])
    await expect(failed.requeue(job)).rejects.toMatchObject({ code: 'RQ_INVALID_OPERATION' })
    storage.end(job.id, 'failed', { type: 'failed' }, { keepS: -1 })
    expect(await failed.getExpirationTime(job)).toBeNull()
    expect(await failed.remove(job, { deleteJob: true })).toBe(true)
    expect(storage.records.has(job.id)).toBe(false)
    await expect(failed.getExpirationTime(job)).rejects.toMatchObject({ code: 'RQ_INVALID_OPERATION' })
  })
})

describe('serializer', () => {
  it('is superjson by default, so that rich arguments survive', async () => {
    const { queue } = setUp()
    const when = new Date(5)
    const job = await queue.enqueue('a.b', [new Map([[1, when]])])
    expect((await queue.fetchJob(job.id))?.args).toEqual([new Map([[1, when]])])
    expect(defaultSerializer.name).toBe('superjson')
  })
})
