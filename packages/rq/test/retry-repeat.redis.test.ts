import { type Claimed, settle } from '@rq/job'
import { RedisStorage } from '@rq/redis'
import { rescue } from '@rq/testkit/storage-conformance'
import { describe, expect, it } from 'vitest'
import { Job, Queue, Repeat, Retry } from '../src/index.ts'
import { divByZero, failTimes, note, noted, nothing, onFailure, retryInFront, retryLater } from './functions.ts'
import { type RqFixture, rqFixture } from './rq-fixture.ts'

const abandoned = ({ executionId, job }: Claimed) =>
  settle(job, executionId, { kind: 'abandoned', error: 'its worker died', startedAtMs: 1, endedAtMs: 2 })

/**
 * Let a scheduled job go now, as if its time had come. Returns how many seconds it would have waited, by Redis's clock:
 * from its last result on, which is stored in the step that schedules it.
 */
async function promote(at: RqFixture, id: string): Promise<number> {
  const due = await at.queue.scheduledJobRegistry.getScheduledTime(id)
  const [newest] = await at.redis.client.xrevrange(at.key(`results:${id}`), '+', '-', 'COUNT', 1)
  await at.redis.client.zrem(at.key('scheduled:default'), id)
  await at.redis.client.hset(at.key(`job:${id}`), { status: 'queued' })
  await at.redis.client.rpush(at.key('queue:default'), id)
  return Math.round((Number(due) - Number(newest?.[0].split('-')[0])) / 1000)
}

describe('Retry', () => {
  it('runs a failing job again at once, `max` times, and then fails it', async () => {
    await using at = await rqFixture()
    const job = await at.queue.enqueue(divByZero, [], { retry: new Retry({ max: 2 }), onFailure })
    expect(job.retriesLeft).toBe(2)
    for (const left of [1, 0]) {
      await at.work(['default'], { maxJobs: 1 })
      await job.refresh()
      expect(job.retriesLeft).toBe(left)
      expect(await job.isQueued()).toBe(true)
      expect((await job.results()).map(({ type }) => type)).toEqual(Array.from({ length: 2 - left }, () => 'retried'))
    }
    await at.work()
    expect(await job.isFailed()).toBe(true)
    expect(await at.queue.failedJobRegistry.getJobIds()).toEqual([job.id])
    expect(noted.filter((what) => Array.isArray(what))).toHaveLength(3)
    expect((await job.results()).map(({ type }) => type)).toEqual(['failed', 'retried', 'retried'])
  })

  it('ends with the first success', async () => {
    await using at = await rqFixture()
    const job = await at.queue.enqueue(failTimes, [2, 'key'], { retry: new Retry({ max: 5 }) })
    await at.work()
    expect(await job.returnValue()).toBe(3)
    expect((await Job.fetch(job.id, at.shared)).retriesLeft).toBe(3)
  })

  it('waits for its interval in the scheduled registry', async () => {
    await using at = await rqFixture()
    const job = await at.queue.enqueue(divByZero, [], { retry: new Retry({ max: 1, interval: 30 }) })
    await at.work()
    expect(await job.isScheduled()).toBe(true)
    expect(await at.queue.getJobIds()).toEqual([])
    expect(await promote(at, job.id)).toBe(30)
    await at.work()
    expect(await job.isFailed()).toBe(true)
  })

  it('uses its intervals as RQ does: it repeats the first one', async () => {
    await using at = await rqFixture()
    const job = await at.queue.enqueue(divByZero, [], { retry: new Retry({ max: 4, interval: [5, '10s'] }) })
    const waits: number[] = []
    for (let run = 0; run < 4; run++) {
      await at.work()
      waits.push(await promote(at, job.id))
    }
    expect(waits).toEqual([5, 5, 5, 10])
  })

  it('puts the job at the head with enqueueAtFront', async () => {
    await using at = await rqFixture()
    const job = await at.queue.enqueue(divByZero, [], { retry: new Retry({ max: 1, enqueueAtFront: true }) })
    const other = await at.queue.enqueue(nothing)
    await at.work(['default'], { maxJobs: 1 })
    expect(await at.queue.getJobIds()).toEqual([job.id, other.id])
  })

  it('is stored with the job, also by createJob and enqueueMany', async () => {
    await using at = await rqFixture()
    const retry = new Retry({ max: 3, interval: [1, 2], enqueueAtFront: true })
    const created = await at.queue.createJob(nothing, [], { retry })
    await at.queue.enqueueJob(created)
    const [many] = await at.queue.enqueueMany([Queue.prepareData(nothing, [], { retry })])
    for (const { id } of [created, many]) {
      expect(await at.redis.client.hgetall(at.key(`job:${id}`))).toMatchObject({
        retries_left: '3',
        retry_intervals: '[1,2]',
        enqueue_at_front_on_retry: '1',
      })
    }
  })

  it('counts an abandoned run', async () => {
    await using at = await rqFixture()
    await using storage = new RedisStorage({ connection: at.redis.url, prefix: at.redis.prefix })
    const job = await at.queue.enqueue(nothing, [], { retry: new Retry({ max: 1 }), onFailure })
    const abandon = async () => {
      const { workers } = storage
      const { jobs } = await workers.claim({ queues: ['default'], want: 1, workerName: 'dead', leaseMs: 60_000 })
      expect(jobs).toHaveLength(1)
      await at.endLeases()
    }
    await abandon()
    await at.work(['other'], { burst: true })
    expect(await job.isStarted()).toBe(true)
    const [taken] = await rescue(storage.workers, { workerName: 'dead too', leaseMs: 60_000, most: 1 })
    expect(taken?.job).toMatchObject({ id: job.id, abandonedCount: 1 })
    await at.endLeases()
    await at.work()
    await job.refresh()
    expect(job.retriesLeft).toBe(0)
    expect(await job.isFinished()).toBe(true)

    const twice = await at.queue.enqueue(nothing, [], { retry: new Retry({ max: 1 }) })
    await abandon()
    const [first] = await rescue(storage.workers, { leaseMs: 60_000, most: 1 })
    await storage.workers.settle('rescuer', first === undefined ? [] : [abandoned(first)])
    expect(await twice.isQueued()).toBe(true)
    await abandon()
    await at.work()
    expect(await twice.isFailed()).toBe(true)
    expect(await twice.results()).toMatchObject([{ type: 'failed' }, { type: 'retried' }])

    const failing = await at.queue.enqueue(nothing, [], { onFailure })
    await abandon()
    await at.work()
    expect(await failing.isFailed()).toBe(true)
    expect((await failing.latestResult())?.excString).toContain('AbandonedJobError')
    expect(noted[0]).toEqual(['failure', failing.id, 'failed', 'object', 'AbandonedJobError', expect.any(String)])
  })
})

describe('a returned Retry', () => {
  it('runs the job again after its interval, at most `max` times', async () => {
    await using at = await rqFixture()
    const job = await at.queue.enqueue(retryLater, [2, [7, 9]])
    const waits: number[] = []
    for (let run = 0; run < 2; run++) {
      await at.work()
      expect((await Job.fetch(job.id, at.shared)).numberOfRetries).toBe(run + 1)
      expect((await job.results())[0]).toMatchObject({ type: 'retried', executionId: expect.any(String) })
      waits.push(await promote(at, job.id))
    }
    expect(waits).toEqual([7, 9])
    await at.work()
    expect(await job.isFailed()).toBe(true)
    expect((await job.results()).map(({ type }) => type)).toEqual(['max_retries_exceeded', 'retried', 'retried'])
  })

  it('puts the job at the head with enqueueAtFront, at once or later', async () => {
    await using at = await rqFixture()
    const job = await at.queue.enqueue(retryInFront, [2, 0])
    const other = await at.queue.enqueue(nothing)
    await at.work(['default'], { maxJobs: 1 })
    expect(await at.queue.getJobIds()).toEqual([job.id, other.id])
    const later = await at.queue.enqueue(retryInFront, [1, 60], { atFront: true })
    await at.work(['default'], { maxJobs: 1 })
    await at.queue.scheduledJobRegistry.requeue(later)
    expect(await at.queue.getJobIds()).toEqual([later.id, job.id, other.id])
  })

  it('runs the job again at once without an interval', async () => {
    await using at = await rqFixture()
    const job = await at.queue.enqueue(retryLater, [1, 0])
    await at.work(['default'], { maxJobs: 1 })
    expect(await job.isQueued()).toBe(true)
    await at.work()
    expect(await job.isFailed()).toBe(true)
  })
})

describe('Repeat', () => {
  it('runs a job again after each success, at once', async () => {
    await using at = await rqFixture()
    const job = await at.queue.enqueue(note, ['run'], { repeat: new Repeat({ times: 1 }) })
    expect(job.repeatsLeft).toBe(1)
    await at.work(['default'], { maxJobs: 1 })
    expect(await job.isQueued()).toBe(true)
    expect(await job.latestResult()).toMatchObject({ type: 'successful', returnValue: 'run' })
    await at.work()
    expect(await job.isFinished()).toBe(true)
    expect(noted).toEqual(['run', 'run'])
    expect((await job.results()).map(({ returnValue }) => returnValue)).toEqual(['run', 'run'])
  })

  it('uses its intervals in the order given, and repeats the last one', async () => {
    await using at = await rqFixture()
    const job = await at.queue.enqueue(nothing, [], { repeat: new Repeat({ times: 4, interval: [5, 10, 15] }) })
    const waits: number[] = []
    for (let run = 0; run < 4; run++) {
      await at.work()
      expect((await Job.fetch(job.id, at.shared)).repeatsLeft).toBe(3 - run)
      waits.push(await promote(at, job.id))
    }
    expect(waits).toEqual([5, 10, 15, 15])
    await at.work()
    expect(await job.isFinished()).toBe(true)
  })

  it('ends with a failure', async () => {
    await using at = await rqFixture()
    const job = await at.queue.enqueue(divByZero, [], { repeat: new Repeat({ times: 3 }) })
    await at.work()
    expect(await job.isFailed()).toBe(true)
  })

  it('releases dependents after the first success, once', async () => {
    await using at = await rqFixture()
    const job = await at.queue.enqueue(note, ['parent'], { repeat: new Repeat({ times: 2 }) })
    const child = await at.queue.enqueue(note, ['child'], { dependsOn: job })
    await at.work()
    expect(noted.sort()).toEqual(['child', 'parent', 'parent', 'parent'])
    expect(await child.isFinished()).toBe(true)
  })

  it('is stored by every method that enqueues', async () => {
    await using at = await rqFixture()
    const repeat = new Repeat({ times: 2, interval: [1, '1m'] })
    const later = await at.queue.enqueueAt(new Date(Date.now() + 60_000), nothing, [], { repeat })
    const [many] = await at.queue.enqueueMany([Queue.prepareData(nothing, [], { repeat })])
    for (const { id } of [later, many]) {
      const fields = { repeats_left: '2', repeat_intervals: '[1,60]' }
      expect(await at.redis.client.hgetall(at.key(`job:${id}`))).toMatchObject(fields)
    }
  })
})
