import { RateLimit, Repeat, Retry } from '@rq/job'
import { MemoryPipeline, TestStorage } from '@rq/testkit/memory-storage'
import { beforeEach, describe, expect, it } from 'vitest'
import {
  add,
  addLater,
  again,
  boom,
  currentId,
  forever,
  heard,
  nothing,
  onDone,
  onFailed,
  throwing,
} from '../../test/functions.ts'
import { DuplicateJobError } from '../failure/job-errors.ts'
import { Queue } from '../queue/queue.ts'

function setUp() {
  const storage = new TestStorage()
  return { storage, queue: new Queue('q', { storage, isAsync: false }) }
}

beforeEach(() => {
  heard.length = 0
})

describe('a queue with isAsync: false', () => {
  it('runs a job at once and stores how it ended', async () => {
    const { storage, queue } = setUp()
    expect(queue.isAsync).toBe(false)
    const job = await queue.enqueue(addLater, [3, 4])
    expect(await job.getStatus({ refresh: false })).toBe('finished')
    expect(await job.returnValue()).toBe(7)
    expect(job.workerName).toBe('sync')
    expect(job.endedAt).toBeInstanceOf(Date)
    expect(storage.waiting('q')).toEqual([])
    expect(storage.recordOf(job.id)).toMatchObject({ status: 'finished', workerName: 'sync' })
  })

  it('runs it as the current job', async () => {
    const job = await setUp().queue.enqueue(currentId)
    expect(await job.result()).toBe(job.id)
  })

  it('runs functions by the names that it was given', async () => {
    const storage = new TestStorage()
    const functions = { greet: (name: string) => `Hi ${name}`, told: onDone }
    const queue = new Queue('q', { storage, isAsync: false, functions })
    const job = await queue.enqueue('greet', ['Ada'], { onSuccess: 'told' })
    expect(await job.result()).toBe('Hi Ada')
    expect(heard).toHaveLength(1)
    const unknown = await queue.enqueue('part')
    expect((await unknown.latestResult())?.excString).toContain('no function is registered by that name')
  })

  it.each([
    [{ isAsync: false, functions: { greet: 7 } }, 'functions.greet'],
    [{ isAsync: false, functions: [] }, 'functions'],
    [{ functions: {} }, 'functions'],
  ])('refuses the options %j', (options, option) => {
    const make = () => new Queue('q', { storage: new TestStorage(), ...options } as never)
    expect(make).toThrow(expect.objectContaining({ code: 'RQ_INVALID_OPTION', details: { option } }))
  })

  it('stores a failure, and ignores retries and repeats', async () => {
    const { queue } = setUp()
    const failed = await queue.enqueue(boom, [], { retry: new Retry({ max: 3 }) })
    expect(await failed.getStatus()).toBe('failed')
    expect((await failed.latestResult())?.excString).toMatch(/TypeError: boom$/)
    expect(await (await queue.enqueue(again)).getStatus()).toBe('failed')
    expect(await (await queue.enqueue(nothing, [], { repeat: new Repeat({ times: 2 }) })).getStatus()).toBe('finished')
  })

  it('runs callbacks, success only on success', async () => {
    const { queue } = setUp()
    await queue.enqueue(add, [1, 2], { onSuccess: onDone, onFailure: onFailed })
    expect(heard).toEqual([['done', expect.anything(), { isClient: true }, 3]])
    heard.length = 0
    await queue.enqueue(boom, [], { onSuccess: onDone, onFailure: onFailed })
    expect(heard).toEqual([
      ['failed', expect.anything(), { isClient: true }, 'TypeError', expect.any(TypeError), expect.any(String)],
    ])
  })

  it('fails a job whose success callback throws, and rethrows the error of a failure callback', async () => {
    const { storage, queue } = setUp()
    const job = await queue.enqueue(add, [1, 2], { onSuccess: throwing })
    expect(await job.getStatus()).toBe('failed')
    await expect(queue.enqueue(boom, [], { jobId: 'bad', onFailure: throwing })).rejects.toThrow('the callback broke')
    expect(storage.recordOf('bad').status).toBe('failed')
  })

  it('ends a job at its timeout', async () => {
    const { queue } = setUp()
    const job = await queue.enqueue(forever, [], { jobTimeout: 1 })
    expect((await job.latestResult())?.excString).toMatch(/Task exceeded maximum timeout value \(1 seconds\)$/)
  })

  it('runs a dependent when its dependency has finished, and defers it otherwise', async () => {
    const { storage, queue } = setUp()
    const waiting = await new Queue('other', { storage }).enqueue(nothing)
    const deferred = await queue.enqueue(nothing, [], { dependsOn: waiting })
    expect(await deferred.getStatus()).toBe('deferred')
    const [child, parent] = await queue.enqueueMany([
      Queue.prepareData(add, [1, 2], { dependsOn: 'parent' }),
      Queue.prepareData(add, [3, 4], { jobId: 'parent' }),
    ])
    expect([await child.result(), await parent.result()]).toEqual([3, 7])
  })

  it('schedules like any other queue', async () => {
    const { queue } = setUp()
    const job = await queue.enqueueIn(60, add, [1, 2])
    expect(await job.getStatus()).toBe('scheduled')
  })

  it('refuses duplicates, rate limits and pipelines', async () => {
    const { storage, queue } = setUp()
    await queue.enqueue(nothing, [], { jobId: 'a', unique: true })
    await expect(queue.enqueue(nothing, [], { jobId: 'a', unique: true })).rejects.toThrow(DuplicateJobError)
    const rateLimit = new RateLimit({ key: 'k', concurrency: 1 })
    await expect(queue.enqueue(nothing, [], { jobId: 'b', rateLimit })).rejects.toThrow(/Invalid rateLimit/)
    const pipeline = new MemoryPipeline()
    await expect(queue.enqueue(nothing, [], { jobId: 'c', pipeline })).rejects.toThrow(/Invalid pipeline/)
    expect([...storage.records.keys()]).toEqual(['a'])
  })

  it('runs a created job', async () => {
    const { queue } = setUp()
    const job = await queue.createJob(add, [1, 2])
    await queue.enqueueJob(job)
    expect(await job.getStatus({ refresh: false })).toBe('finished')
    expect(job.workerName).toBe('sync')
  })
})
