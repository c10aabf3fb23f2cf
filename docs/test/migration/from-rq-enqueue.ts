import { Job, type JobFunction } from 'rq'
import { expect } from 'vitest'
import { all, calls, f, fail, record, recordOrFail } from './jobs.js'
import { expectDueIn, runsOf } from './observed.ts'
import type { Scenarios } from './world.ts'

/** The first argument of a call, or the id of the job that it is. */
function idOfFirst([first]: readonly unknown[]): unknown {
  return first instanceof Job ? first.id : first
}

/** The rows of "Enqueue". */
export const enqueueRows: Scenarios = {
  'q.enqueue(f, 1, 2)': async (world) => {
    const job = await world.run()
    await world.work()
    expect(await job.result()).toBe(3)
  },

  "q.enqueue('m.f', 1, 2)": async (world) => {
    const job = await world.run()
    expect([job.funcName, job.args]).toEqual(['m.f', [1, 2]])
    await world.work(['low'], { functions: { 'm.f': f } })
    expect(await job.result()).toBe(3)
  },

  "q.enqueue(g, 1, unit='km')": async (world) => {
    const job = await world.run(0, { g: all })
    await world.work()
    expect(await job.result()).toEqual([1, { unit: 'km' }])
  },

  "job_timeout='3m'": async (world) => {
    expect((await world.run()).timeout).toBe(180)
  },

  'all jobs are kept for their TTL': async (world) => {
    await world.run()
    expect(await world.queue.configuration()).toEqual({ keepFinished: 1000, keepFailed: 5000 })
  },

  'result_ttl=500, failure_ttl=3600, ttl=60': async (world) => {
    const finishes = await world.run(0)
    const fails = await world.run(1, { f: fail })
    const waits = await world.run(2)
    expect(await world.ttlMs(waits)).toBeLessThanOrEqual(60_000)
    await world.work()
    expect(await world.ttlMs(finishes)).toBeLessThanOrEqual(500_000)
    expect(await world.ttlMs(fails)).toBeLessThanOrEqual(3_600_000)
    for (const job of [finishes, fails]) expect(await world.ttlMs(job)).toBeGreaterThan(60_000)
  },

  "job_id='one', at_front=True, description='x', meta={}": async (world) => {
    const one = await world.run(0)
    const front = await world.run(1)
    expect(await world.queue.getJobIds()).toEqual([front.id, 'one'])
    expect(one.id).toBe('one')
    expect((await world.run(2)).description).toBe('x')
    expect((await world.run(3)).meta).toEqual({})
  },

  'depends_on=[a, b]': async (world) => {
    const a = await world.queue.enqueue(f, [1, 1])
    const b = await world.open('high').enqueue(f, [1, 1])
    const job = await world.run(0, { a, b })
    await world.work(['low'])
    expect(await job.getStatus()).toBe('deferred')
    await world.work(['high', 'low'])
    expect(await job.result()).toBe(3)
  },

  'depends_on=Dependency(jobs=[a], allow_failure=True)': async (world) => {
    const a = await world.queue.enqueue(fail)
    const job = await world.run(0, { a })
    await world.work()
    expect([await a.getStatus(), await job.result()]).toEqual(['failed', 3])
  },

  'on_success=f, on_failure=Callback(f, timeout=10)': async (world) => {
    calls.length = 0
    const succeeds = await world.run(0, { f: record })
    await world.work()
    expect(calls).toEqual([
      [1, 2],
      [expect.any(Job), expect.anything(), 'recorded'],
    ])
    expect(calls.map(idOfFirst)).toEqual([1, succeeds.id])
    calls.length = 0
    const fails = await world.run(1, { f: recordOrFail })
    await world.work()
    expect(calls.map(idOfFirst)).toEqual([1, fails.id])
  },

  'retry=Retry(max=3, interval=[10, 60])': async (world) => {
    const job = await world.run(0, { f: fail })
    // As in RQ, the first interval is used again when there are more retries than intervals.
    for (const seconds of [10, 10, 60]) {
      await expectDueIn(world, job, seconds, () => world.work())
      await world.queue.scheduledJobRegistry.requeue(job)
    }
    await world.work()
    expect(await runsOf(job)).toEqual(['failed', 'retried', 'retried', 'retried'])
  },

  'repeat=Repeat(times=3, interval=30)': async (world) => {
    const job = await world.run()
    for (let times = 0; times < 3; times++) {
      await expectDueIn(world, job, 30, () => world.work())
      await world.queue.scheduledJobRegistry.requeue(job)
    }
    await world.work()
    expect(await job.getStatus()).toBe('finished')
    expect(await runsOf(job)).toEqual(Array(4).fill('successful'))
  },

  'q.enqueue_in(timedelta(minutes=5), f, 1, 2)': async (world) => {
    let job: Job | undefined
    const enqueue = async () => {
      job = await world.run()
    }
    await expectDueIn(world, () => job, 300, enqueue)
  },

  'q.enqueue_at(datetime(2030, 1, 31), f, 1, 2)': async (world) => {
    const job = await world.run()
    const dueAt = await world.queue.scheduledJobRegistry.getScheduledTime(job)
    expect(dueAt.toISOString()).toBe('2030-01-31T00:00:00.000Z')
  },

  'q.enqueue_many([Queue.prepare_data(f, (1, 2))])': async (world) => {
    const jobs = await world.run<Job<number>[]>()
    await world.work()
    expect(await Promise.all(jobs.map((job) => job.result()))).toEqual([3])
  },

  "@job('low', timeout=5)": async (world) => {
    const add = await world.run<JobFunction<typeof f>>(0)
    expect(add(1, 2)).toBe(3)
    const jobs = [await add.delay(1, 2), await world.run(1)]
    expect(jobs.map(({ origin, timeout }) => [origin, timeout])).toEqual([
      ['low', 5],
      ['low', 180],
    ])
    await world.work()
    expect(await Promise.all(jobs.map((job) => job.result()))).toEqual([3, 3])
  },

  'Queue(is_async=False)': async (world) => {
    const queue = await world.run<typeof world.queue>()
    world.keep(queue, () => queue.close())
    expect(await (await queue.enqueue(f, [1, 2])).returnValue()).toBe(3)
  },

  'enqueue_after_commit, transaction.on_commit': async (world) => {
    const job = await world.run(0)
    expect(await world.client.keys('rq:job:*')).toEqual([])
    await world.run(1, { job })
    await world.work()
    expect(await job.result()).toBe(3)
  },
}
