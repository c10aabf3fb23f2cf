import { RqError } from '@rq/core'
import type { NewJob } from '@rq/job'
import { TestStorage } from '@rq/testkit/memory-storage'
import { describe, expect, it } from 'vitest'
import { EnqueueBatch, MOST_PER_CALL } from './enqueue-batch.ts'

function newJob(id: string, data = '[]'): NewJob {
  const record = { id, origin: 'q', status: 'created', data, createdAtMs: 0, results: 'hash' } as const
  return { record, atFront: false, unique: false }
}

function newJobs(count: number, prefix = 'j'): NewJob[] {
  return Array.from({ length: count }, (_, index) => newJob(`${prefix}${index}`))
}

describe('EnqueueBatch', () => {
  it('sends a lone job at once', async () => {
    const storage = new TestStorage()
    const batch = new EnqueueBatch(storage.queues)
    const placement = batch.add(newJob('a'))
    await Promise.resolve()
    expect(storage.enqueued).toEqual([['a']])
    expect(await placement).toBe('queued')
  })

  it('sends the jobs of one tick in one call, in order', async () => {
    const storage = new TestStorage()
    const batch = new EnqueueBatch(storage.queues)
    const jobs = newJobs(100)
    await Promise.all(jobs.map((job) => batch.add(job)))
    expect(storage.enqueued).toHaveLength(1)
    expect(storage.waiting('q')).toEqual(jobs.map((job) => job.record.id))
  })

  it('limits the size of a call, and keeps the order over several calls', async () => {
    const storage = new TestStorage()
    const batch = new EnqueueBatch(storage.queues)
    const jobs = newJobs(10 * MOST_PER_CALL + 1)
    await Promise.all(jobs.map((job) => batch.add(job)))
    expect(storage.enqueued.length).toBeLessThan(20)
    expect(Math.max(...storage.enqueued.map((call) => call.length))).toBe(MOST_PER_CALL)
    expect(storage.waiting('q')).toEqual(jobs.map((job) => job.record.id))
  })

  it('limits the payload of a call', async () => {
    const storage = new TestStorage()
    const batch = new EnqueueBatch(storage.queues)
    const large = 'x'.repeat(3 * 1024 * 1024)
    await Promise.all([batch.add(newJob('a', large)), batch.add(newJob('b', large)), batch.add(newJob('c'))])
    expect(storage.enqueued).toEqual([['a'], ['b', 'c']])
  })

  it('gathers jobs that arrive while the maximum number of calls is in flight', async () => {
    const storage = new TestStorage()
    const batch = new EnqueueBatch(storage.queues)
    let open = () => {}
    const opened = new Promise<void>((resolve) => {
      open = resolve
    })
    storage.onCall = (_, run) => opened.then(run)
    const added = []
    for (const job of newJobs(50)) {
      added.push(batch.add(job))
      await Promise.resolve()
    }
    const before = storage.enqueued.length
    expect(before).toBeLessThan(10)
    open()
    await Promise.all(added)
    expect(storage.enqueued).toHaveLength(before + 1)
    expect(storage.waiting('q')).toEqual(newJobs(50).map((job) => job.record.id))
  })

  it('resolves each call with its own placement', async () => {
    const storage = new TestStorage()
    const batch = new EnqueueBatch(storage.queues)
    await batch.add(newJob('there'))
    const placements = await Promise.all([
      batch.add({ ...newJob('there'), unique: true }),
      batch.add(newJob('new')),
      batch.add({ ...newJob('later'), dueMs: 4_000_000_000_000 }),
    ])
    expect(placements).toEqual(['duplicate', 'queued', 'scheduled'])
  })

  it.each([
    ['RQ_SERIALIZATION', 'too large'],
    ['RQ_REDIS', 'Redis answered with an error: WRONGTYPE rq:queue:q is no queue'],
  ] as const)('rejects only the call whose job caused the error, %s', async (code, message) => {
    const storage = new TestStorage()
    storage.onCall = async ({ args: [jobs] }, run) => {
      const ids = (jobs as readonly NewJob[]).map(({ record }) => record.id)
      if (ids.includes('j3')) throw new RqError(code, message)
      return run()
    }
    const batch = new EnqueueBatch(storage.queues)
    const outcomes = await Promise.allSettled(newJobs(5).map((job) => batch.add(job)))
    expect(outcomes.map((outcome) => outcome.status)).toEqual([
      'fulfilled',
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
    ])
    expect(storage.waiting('q')).toEqual(['j0', 'j1', 'j2', 'j4'])
  })

  it('rejects all calls with an error of the store, sends nothing twice, and continues', async () => {
    const storage = new TestStorage()
    storage.outage = new RqError('RQ_REDIS_UNREACHABLE', 'away', { retryable: true })
    const batch = new EnqueueBatch(storage.queues)
    const outcomes = await Promise.allSettled(newJobs(5).map((job) => batch.add(job)))
    expect(outcomes.every((outcome) => outcome.status === 'rejected')).toBe(true)
    expect(storage.enqueued).toHaveLength(1)
    storage.outage = undefined
    expect(await batch.add(newJob('next'))).toBe('queued')
  })

  it('is idle when every call has its answer', async () => {
    const storage = new TestStorage()
    const batch = new EnqueueBatch(storage.queues)
    await batch.idle()
    let answered = 0
    for (const job of newJobs(1200)) void batch.add(job).then(() => answered++)
    await batch.idle()
    expect(storage.waiting('q')).toHaveLength(1200)
    await Promise.resolve()
    expect(answered).toBe(1200)
  })
})
