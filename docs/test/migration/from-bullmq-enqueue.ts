import { DuplicateJobError, Job, type Queue, Schedule } from 'rq'
import { expect } from 'vitest'
import { f, fail, failOnce, note } from './jobs.js'
import { linesOf, notesFile } from './notes.ts'
import { expectDueIn, runsOf } from './observed.ts'
import type { Scenarios } from './world.ts'

const DAY_MS = 86_400_000
const YEAR_MS = 365 * DAY_MS

/** The rows of "Enqueue". */
export const enqueueRows: Scenarios = {
  "queue.add('send', { to })": async (world) => {
    const job = await world.run()
    expect([job.funcName, job.args]).toEqual([expect.stringMatching(/jobs#f$/), [1, 2]])
    await world.work()
    expect(await job.result()).toBe(3)
  },

  'queue.addBulk([...])': async (world) => {
    const jobs = await world.run<Job<number>[]>()
    await world.work()
    expect(await Promise.all(jobs.map((job) => job.result()))).toEqual([3])
  },

  'defaultJobOptions: { attempts: 3 }': async (world) => {
    const queue = await world.run<Queue>()
    world.keep(queue, () => queue.close())
    const job = await queue.enqueue(fail)
    await world.work()
    expect([job.resultTtl, await runsOf(job)]).toEqual([3600, ['failed', 'retried', 'retried']])
  },

  'attempts: 3': async (world) => {
    const job = await world.run(0, { f: fail })
    await world.work()
    expect(await runsOf(job)).toEqual(['failed', 'retried', 'retried'])
  },

  "backoff: { type: 'fixed', delay: 10000 }": async (world) => {
    const job = await world.run(0, { f: fail })
    await expectDueIn(world, job, 10, () => world.work())
    await world.queue.scheduledJobRegistry.requeue(job)
    await expectDueIn(world, job, 10, () => world.work())
    await world.queue.scheduledJobRegistry.requeue(job)
    await world.work()
    expect(await job.getStatus()).toBe('failed')
  },

  "backoff: { type: 'exponential', delay: 1000 }": async (world) => {
    const job = await world.run(0, { f: fail })
    await expectDueIn(world, job, 1, () => world.work())
    await world.queue.scheduledJobRegistry.requeue(job)
    await expectDueIn(world, job, 2, () => world.work())
  },

  'delay: 5000': async (world) => {
    let job: Job | undefined
    const enqueue = async () => {
      job = await world.run(0)
    }
    await expectDueIn(world, () => job, 5, enqueue)
    const date = new Date('2040-01-31T09:00:00Z')
    const atTime = await world.run(1, { date })
    expect(await world.queue.scheduledJobRegistry.getScheduledTime(atTime)).toEqual(date)
  },

  'jobId, which is ignored while one exists': async (world) => {
    await world.run()
    await expect(world.run()).rejects.toThrow(DuplicateJobError)
    await world.queue.enqueue(note, ['a file', 'replaced'], { jobId: 'one' })
    expect(await world.queue.getJobIds()).toEqual(['one'])
    expect((await world.queue.fetchJob('one'))?.args).toEqual(['a file', 'replaced'])
  },

  'deduplication: { id }, { id, ttl }': async (world) => {
    const job = await world.run(0)
    expect(await world.run(0)).toMatchObject({ id: job.id, isDuplicate: true })
    await world.work()
    const next = await world.run(1)
    expect(next.isDuplicate).toBe(false)
    await world.work()
    expect(await next.getStatus()).toBe('finished')
    const [holder, untilMs] = (await world.client.hget('rq:unique:low', 'one'))?.split(' ') ?? []
    expect([holder, Number(untilMs) - next.createdAt.getTime()]).toEqual([next.id, expect.closeTo(5000, -4)])
  },

  'debounce (replace, extend)': async (world) => {
    const first = await world.run(0)
    const last = await world.run(0)
    expect(await world.queue.scheduledJobRegistry.getJobIds()).toEqual([last.id])
    expect(await Job.exists(first.id)).toBe(false)
  },

  priority: async (world) => {
    const file = await notesFile()
    await world.open('low').enqueue(note, [file, 'low'])
    await world.open('high').enqueue(note, [file, 'high'])
    expect(await world.command(0, '--burst')).toMatchObject({ code: 0 })
    expect(await linesOf(file)).toEqual(['high', 'low'])
    const behind = await world.queue.enqueue(note, [file, 'behind'])
    const front = await world.run(0)
    expect(await world.queue.getJobIds()).toEqual([front.id, behind.id])
  },

  'lifo: true': async (world) => {
    const first = await world.run()
    const second = await world.run()
    expect(await world.queue.getJobIds()).toEqual([second.id, first.id])
  },

  'removeOnComplete: { age: 3600 }': async (world) => {
    const job = await world.run()
    const byDefault = await world.queue.enqueue(note, [await notesFile(), 'x'])
    await world.work()
    expect(await world.ttlMs(job)).toBeGreaterThan(500_000)
    expect(await world.ttlMs(job)).toBeLessThanOrEqual(3_600_000)
    expect(await world.ttlMs(byDefault)).toBeGreaterThan(0)
    expect(await world.ttlMs(byDefault)).toBeLessThanOrEqual(500_000)
  },

  'removeOnFail: { age: 86400 }': async (world) => {
    const job = await world.run(0, { f: fail })
    const byDefault = await world.queue.enqueue(fail)
    await world.work()
    expect(await world.ttlMs(job)).toBeGreaterThan(0)
    expect(await world.ttlMs(job)).toBeLessThanOrEqual(DAY_MS)
    expect(await world.ttlMs(byDefault)).toBeGreaterThan(YEAR_MS - DAY_MS)
    expect(await world.ttlMs(byDefault)).toBeLessThanOrEqual(YEAR_MS)
  },

  'removeOnComplete: { count: 1000 }': async (world) => {
    await world.run()
    expect(await world.queue.configuration()).toEqual({ keepFinished: 1000, keepFailed: null })
  },

  'removeOnFail: { count: 5000 }': async (world) => {
    await world.run()
    expect(await world.queue.configuration()).toEqual({ keepFinished: null, keepFailed: 5000 })
  },

  'upsertJobScheduler, repeat': async (world) => {
    const schedule = await world.run<Schedule>()
    expect(schedule).toMatchObject({ name: 'daily', cron: '0 9 * * *', args: [1, 2] })
    expect((await Schedule.fetch('daily')).nextAt?.getUTCHours()).toBe(9)
    const job = await schedule.runNow()
    await world.work()
    expect(await job?.result()).toBe(3)
  },

  'FlowProducer, a parent that waits for its children': async (world) => {
    const a = await world.queue.enqueue(f, [1, 1])
    const b = await world.open('high').enqueue(f, [1, 1])
    const parent = await world.run(0, { a, b })
    await world.work(['low'])
    expect(await parent.getStatus()).toBe('deferred')
    await world.work(['high', 'low'])
    expect(await parent.result()).toBe(3)
  },

  failParentOnFailure: async (world) => {
    const child = await world.queue.enqueue(failOnce, [await notesFile()])
    const parent = await world.queue.enqueue(f, [1, 2], { dependsOn: child })
    await world.work()
    expect([await child.getStatus(), await parent.getStatus()]).toEqual(['failed', 'deferred'])
    await world.queue.failedJobRegistry.requeue(child)
    await world.work()
    expect(await parent.result()).toBe(3)
  },

  'ignoreDependencyOnFailure, continueParentOnFailure': async (world) => {
    const a = await world.queue.enqueue(fail)
    const b = await world.queue.enqueue(note, [await notesFile(), 'b'])
    const parent = await world.run(0, { a, b })
    await world.work()
    expect(await a.getStatus()).toBe('failed')
    expect(await parent.result()).toBe(3)
  },

  'limiter: { max, duration }': async (world) => {
    for (let n = 0; n < 6; n++) await world.run(0, { tenant: 'acme' })
    expect((await world.queue.counts()).rateLimited).toBe(1)
    await world.work()
    expect((await world.queue.counts()).finished).toBe(6)
  },
}
