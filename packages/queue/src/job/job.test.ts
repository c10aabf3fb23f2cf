import { inspect } from 'node:util'
import { MemoryPipeline, TestStorage } from '@rq/testkit/memory-storage'
import { describe, expect, it, vi } from 'vitest'
import { add, nothing } from '../../test/functions.ts'
import { withoutStorageFactory } from '../../test/no-storage-factory.ts'
import { JobFailedError, TimeoutError } from '../failure/job-errors.ts'
import { Queue } from '../queue/queue.ts'
import { Job } from './job.ts'
import { cancelJob, requeueJob } from './job-actions.ts'

function setUp() {
  const storage = new TestStorage()
  return { storage, queue: new Queue('q', { storage }) }
}

const code = (value: string) => expect.objectContaining({ code: value })

describe('Job', () => {
  withoutStorageFactory()

  it('shows its record', async () => {
    const { storage, queue } = setUp()
    const enqueued = await queue.enqueue(add, [1, 2], { kwargs: { a: 1 }, meta: { step: 1 }, resultTtl: '1m' })
    Object.assign(storage.recordOf(enqueued.id), { workerName: 'w', startedAtMs: 5000, repeatsLeft: 2 })
    const job = await Job.fetch<number>(enqueued.id, { storage })
    expect(job).toMatchObject({
      id: enqueued.id,
      origin: 'q',
      funcName: expect.stringMatching(/#add$/),
      args: [1, 2],
      kwargs: { a: 1 },
      meta: { step: 1 },
      timeout: 180,
      resultTtl: 60,
      ttl: undefined,
      failureTtl: undefined,
      workerName: 'w',
      groupId: undefined,
      retriesLeft: undefined,
      repeatsLeft: 2,
      startedAt: new Date(5000),
      endedAt: undefined,
      lastHeartbeat: undefined,
      signal: undefined,
    })
    expect(job.createdAt).toEqual(enqueued.createdAt)
    expect(job.equals(enqueued)).toBe(true)
    expect(inspect(job)).toBe(`<Job ${job.id}: queued, queue q>`)
    expect(JSON.parse(JSON.stringify(job))).toMatchObject({ id: job.id, status: 'queued' })
  })

  it('is fetched even when its data cannot be read; only reading it fails', async () => {
    const { storage, queue } = setUp()
    const { id } = await queue.enqueue(nothing)
    const record = storage.recordOf(id)
    record.data = Buffer.from([0x80, 5, 1])
    record.meta = 'no json'
    const job = await Job.fetch(id, { storage })
    expect(() => job.funcName).toThrow(code('RQ_DESERIALIZATION'))
    expect(() => job.args).toThrow(code('RQ_DESERIALIZATION'))
    expect(job.meta).toEqual({ unserialized: 'no json' })
    await job.save()
    expect(storage.recordOf(id).meta).toBe('no json')
  })

  it('is fetched without payloads that are too large; only reading them fails, and nothing of them is lost', async () => {
    const { storage, queue } = setUp()
    const large = 'v'.repeat(17 * 1024 ** 2)
    const [{ id }, other] = [await queue.enqueue(nothing), await queue.enqueue(nothing)]
    storage.recordOf(id).data = large
    Object.assign(storage.recordOf(other.id), { meta: large, status: 'finished', executionId: 'e', result: large })
    const [job, withMeta] = await Job.fetchMany([id, other.id], { storage })
    const tooLarge = {
      code: 'RQ_TOO_LARGE',
      details: { limit: 'arguments', bytes: large.length, most: 16 * 1024 ** 2 },
    }
    expect(() => job?.args).toThrow(expect.objectContaining(tooLarge))
    expect(() => job?.funcName).toThrow(`Too large: arguments of job ${id}, ${large.length} bytes`)
    expect(job).toMatchObject({ id, origin: 'q', timeout: 180, meta: {} })
    expect(JSON.parse(JSON.stringify(job))).toMatchObject({ id, status: 'queued' })
    await expect(queue.enqueueJob(job as Job)).rejects.toThrow(code('RQ_TOO_LARGE'))
    await job?.save()
    expect(storage.recordOf(id).data).toBe(large)

    expect(() => withMeta?.meta).toThrow(`Too large: meta of job ${other.id}, ${large.length} bytes`)
    expect(withMeta?.args).toEqual([])
    await withMeta?.save()
    expect(storage.recordOf(other.id).meta).toBe(large)
    const [result] = (await withMeta?.results()) ?? []
    expect(result?.type).toBe('successful')
    expect(() => result?.returnValue).toThrow(`Too large: return value of job ${other.id}, ${large.length} bytes`)
    if (withMeta) withMeta.meta = {}
    await withMeta?.save()
    expect(storage.recordOf(other.id).meta).toBe('{}')
  })

  it('is fetched whole with higher limits', async () => {
    const { storage, queue } = setUp()
    const { id } = await queue.enqueue(nothing)
    const meta = JSON.stringify({ long: 'v'.repeat(17 * 1024 ** 2) })
    storage.recordOf(id).meta = meta
    const job = await Job.fetch(id, { storage, serializer: 'json', limits: { result: '20mb' } })
    expect(job.meta).toEqual(JSON.parse(meta))
  })

  it('fetches one or many, checks existence, and accepts "job:execution" for the job', async () => {
    const { storage, queue } = setUp()
    const { id } = await queue.enqueue(nothing)
    expect((await Job.fetch(`${id}:execution`, { storage })).id).toBe(id)
    expect((await Job.fetchMany(['gone', id], { storage })).map((job) => job?.id)).toEqual([undefined, id])
    expect(await Job.exists(id, { storage })).toBe(true)
    expect(await Job.exists('gone', { storage })).toBe(false)
    await expect(Job.fetch('gone', { storage })).rejects.toThrow(code('RQ_NO_SUCH_JOB'))
    await expect(Job.fetch('a b', { storage })).rejects.toThrow(code('RQ_NO_SUCH_JOB'))
    await expect(Job.fetch(id)).rejects.toThrow(/Invalid storage/)
  })

  it('is created without a queue, and stored by save', async () => {
    const { storage } = setUp()
    const job = await Job.create(add, [1, 2], { storage, jobId: 'mine', meta: { a: 1 } })
    expect(storage.records.size).toBe(0)
    job.description = 'another'
    job.meta.b = 2
    job.resultTtl = '2m'
    job.timeout = -1
    await job.save()
    expect(storage.recordOf('mine')).toMatchObject({
      status: 'created',
      description: 'another',
      meta: '{"a":1,"b":2}',
      resultTtlS: 120,
      timeoutS: -1,
    })
    expect(() => {
      job.timeout = 0
    }).toThrow(/Invalid timeout/)
  })

  it('reads its status from the store, or from the snapshot on request', async () => {
    const { storage, queue } = setUp()
    const job = await queue.enqueue(nothing)
    storage.recordOf(job.id).status = 'started'
    expect(await job.getStatus({ refresh: false })).toBe('queued')
    expect(await job.isStarted()).toBe(true)
    expect(await job.isQueued()).toBe(false)
    expect(await job.getStatus({ refresh: false })).toBe('started')
    storage.forget(job.id)
    await expect(job.getStatus()).rejects.toThrow(code('RQ_INVALID_OPERATION'))
    await expect(job.refresh()).rejects.toThrow(code('RQ_NO_SUCH_JOB'))
  })

  it('stores meta alone, and reads it from the store or from the handle', async () => {
    const { storage, queue } = setUp()
    const job = await queue.enqueue(nothing, [], { meta: { a: 1 } })
    const other = await Job.fetch(job.id, { storage })
    job.meta.a = 2
    await job.saveMeta()
    expect(await other.getMeta({ refresh: false })).toEqual({ a: 1 })
    expect(await other.getMeta()).toEqual({ a: 2 })
    expect(other.meta).toEqual({ a: 2 })
    storage.forget(job.id)
    await expect(job.saveMeta()).rejects.toThrow(code('RQ_NO_SUCH_JOB'))
  })

  it('is canceled once, requeued only after a failure, and deleted any number of times', async () => {
    const { storage, queue } = setUp()
    const job = await queue.enqueue(nothing)
    await expect(job.requeue()).rejects.toThrow(code('RQ_INVALID_OPERATION'))
    await job.cancel()
    expect(await job.getStatus({ refresh: false })).toBe('canceled')
    await expect(job.cancel()).rejects.toThrow(/is canceled already/)
    await expect(cancelJob(job.id, { storage })).rejects.toThrow(code('RQ_INVALID_OPERATION'))
    storage.end(job.id, 'failed', { type: 'failed' })
    await requeueJob(job.id, { storage })
    expect(await queue.getJobIds()).toEqual([job.id])
    await job.delete()
    await job.delete()
    await expect(job.cancel()).rejects.toThrow(code('RQ_NO_SUCH_JOB'))
    await expect(requeueJob(job.id, { storage })).rejects.toThrow(code('RQ_NO_SUCH_JOB'))
  })

  it('is canceled and deleted by a pipeline', async () => {
    const { storage, queue } = setUp()
    const [a, b] = await Promise.all([queue.enqueue(nothing), queue.enqueue(nothing)])
    const pipeline = new MemoryPipeline()
    await a.cancel({ pipeline })
    await b.delete({ pipeline })
    expect([storage.recordOf(a.id).status, storage.records.has(b.id)]).toEqual(['queued', true])
    pipeline.exec()
    expect([storage.recordOf(a.id).status, storage.records.has(b.id)]).toEqual(['canceled', false])
  })

  it('asks its worker to stop it', async () => {
    const { storage, queue } = setUp()
    const job = await queue.enqueue(nothing)
    await expect(job.stop()).rejects.toThrow(code('RQ_INVALID_OPERATION'))
    const executionId = storage.start(job.id)
    await job.stop()
    expect(storage.commands).toEqual([['worker', { command: 'stop-job', jobId: job.id, executionId }]])
    expect(await job.getExecutions()).toEqual([
      { id: executionId, jobId: job.id, workerName: 'worker', leaseEndsAt: expect.any(Date) },
    ])
    storage.forget(job.id)
    await expect(job.stop()).rejects.toThrow(code('RQ_NO_SUCH_JOB'))
  })
})

describe('results', () => {
  it('are undefined before the end, and the value after success', async () => {
    const { storage, queue } = setUp()
    const job = await queue.enqueue(add, [1, 2])
    expect([await job.returnValue(), await job.latestResult()]).toEqual([undefined, null])
    storage.end(job.id, 'finished', { type: 'successful', returnValue: '3' })
    expect(await job.returnValue()).toBe(3)
    expect(await job.result()).toBe(3)
    const latest = await job.latestResult({ timeout: '1s' })
    expect(latest).toMatchObject({
      type: 'successful',
      returnValue: 3,
      workerName: 'worker',
      executionId: expect.any(String),
    })
    expect(latest?.createdAt).toBeInstanceOf(Date)
    expect(await job.results()).toHaveLength(1)
  })

  it('are null for a function that returned nothing', async () => {
    const { storage, queue } = setUp()
    const job = await queue.enqueue(nothing)
    storage.end(job.id, 'finished', { type: 'successful' })
    expect([await job.returnValue(), await job.result()]).toEqual([null, null])
  })

  it('throw the remote error of a failed job', async () => {
    const { storage, queue } = setUp()
    const job = await queue.enqueue(nothing)
    const excString = 'TypeError: bad\n    at work (jobs.js:1:2)\nTypeError: bad'
    storage.end(job.id, 'failed', { type: 'failed', excString })
    const failure = await job.result().catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(JobFailedError)
    expect(failure).toMatchObject({
      code: 'RQ_JOB_FAILED',
      message: `Job ${job.id} failed: TypeError: bad`,
      remoteStack: excString,
      jobId: job.id,
    })
    expect(await job.returnValue()).toBeUndefined()
    expect((await job.latestResult())?.excString).toBe(excString)
  })

  it.each([
    ['stopped', 'RQ_JOB_STOPPED'],
    ['canceled', 'RQ_INVALID_OPERATION'],
  ] as const)('say that a job was %s', async (status, errorCode) => {
    const { storage, queue } = setUp()
    const job = await queue.enqueue(nothing)
    storage.recordOf(job.id).status = status
    await expect(job.result()).rejects.toThrow(code(errorCode))
  })

  it('reject when the job no longer exists', async () => {
    const { storage, queue } = setUp()
    const job = await queue.enqueue(nothing)
    storage.forget(job.id)
    await expect(job.result()).rejects.toThrow(code('RQ_NO_SUCH_JOB'))
  })

  it('are waited for until the timeout', async () => {
    const { storage, queue } = setUp()
    const job = await queue.enqueue(nothing)
    const asked = vi.spyOn(storage.jobs, 'awaitResult')
    const failure = await job.result({ timeout: 0.2 }).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(TimeoutError)
    expect(failure).toMatchObject({ code: 'RQ_TIMEOUT', retryable: true, details: { status: 'queued' } })
    expect(asked.mock.calls.length).toBeLessThan(10)
    await expect(job.result({ timeout: 'soon' })).rejects.toThrow(/Invalid timeout/)
  })

  it('of an earlier attempt do not count', async () => {
    const { storage, queue } = setUp()
    const job = await queue.enqueue(add, [1, 2])
    storage.end(job.id, 'scheduled', { type: 'retried' })
    const waiting = job.result()
    setTimeout(() => storage.end(job.id, 'finished', { type: 'successful', returnValue: '3' }), 30)
    expect(await waiting).toBe(3)
    expect((await job.results()).map((result) => result.type)).toEqual(['successful', 'retried'])
  })
})
