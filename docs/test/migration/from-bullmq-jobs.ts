import { eventually } from '@rq/testkit'
import { getCurrentJob, Job, type Message } from 'rq'
import { expect } from 'vitest'
import { f, fail, never, print } from './jobs.js'
import { age, runsOf } from './observed.ts'
import type { Scenarios } from './world.ts'

/** The rows of "In a job, and after it". */
export const jobRows: Scenarios = {
  'job.id, job.name': async (world) => {
    let seen: unknown
    const job = await world.inside(async () => {
      seen = [await world.run(0), await world.run(1)]
    })
    expect(seen).toEqual([job.id, 'inside'])
  },

  'job.updateProgress(40)': async (world) => {
    const job = await world.inside(() => world.run(0, { job: getCurrentJob() }))
    const messages = (await world.run(1, { job })) as AsyncIterable<Message>
    const values: unknown[] = []
    for await (const { value } of messages) values.push(value)
    expect(values).toEqual([40])
  },

  'job.log(text)': async (world) => {
    await world.queue.enqueue(print, ['a line of the job'])
    const { stdout } = await world.cli('worker', 'low', '--burst')
    expect(stdout).toContain('a line of the job')
  },

  'job.getChildrenValues()': async (world) => {
    const child = await world.queue.enqueue(f, [1, 2])
    let values: unknown
    const inside = async () => {
      const children = await world.run<Job[]>(0, { job: getCurrentJob() })
      values = await Promise.all(children.map((job) => job.returnValue()))
    }
    await world.inside(inside, { dependsOn: child })
    expect(values).toEqual([3])
  },

  UnrecoverableError: async (world) => {
    await expect(world.inside(() => world.run(), { retry: 3 })).rejects.toThrow('no such user')
    const [job] = await world.queue.failedJobRegistry.getJobs()
    expect(job && (await runsOf(job))).toEqual(['failed'])
  },

  'job.attemptsMade, opts.attempts': async (world) => {
    const seen: unknown[] = []
    const inside = async () => {
      seen.push([await world.run(0), await world.run(1)])
      if (seen.length === 1) throw new Error('the first time')
    }
    await expect(world.inside(inside, { retry: 2 })).rejects.toThrow('the first time')
    expect(seen).toEqual([
      [1, 3],
      [2, 3],
    ])
  },

  'backoffStrategy(attempts, type, error)': async (world) => {
    const hopeless = await world.run(0, { f: fail, g: never })
    const hopeful = await world.run(0, { f: fail })
    await world.work()
    expect(await runsOf(hopeless)).toEqual(['failed'])
    expect(await hopeful.getStatus()).toBe('scheduled')
  },

  'job.waitUntilFinished(events, ttl)': async (world) => {
    world.workOn()
    expect(await world.run(0, { job: await world.queue.enqueue(f, [2, 3]) })).toBe(5)
    expect(await world.run(1)).toBe(3)
  },

  'QueueEvents, Job.fromId(queue, jobId)': async (world) => {
    const seen: (Job | null)[] = []
    await world.run(0, { notify: (job: Job | null) => seen.push(job) })
    await world.queue.listening()
    world.workOn()
    // A worker sends events once it has heard of a listener, so it may run the first jobs without.
    const ids: string[] = []
    await eventually(async () => {
      ids.push((await world.queue.enqueue(f, [1, 2])).id)
      expect(seen).not.toEqual([])
    })
    expect(ids).toContain(seen[0]?.id)
  },

  'job.retry(), queue.retryJobs()': async (world) => {
    const job = await world.queue.enqueue(fail)
    await world.work()
    await world.run(0, { job })
    expect(await job.getStatus({ refresh: true })).toBe('queued')
    await world.work()
    expect(await world.command(0)).toMatchObject({ code: 0 })
    expect(await world.queue.getJobIds()).toEqual([job.id])
  },

  'job.remove(), job.promote(), job.changeDelay()': async (world) => {
    const removed = await world.queue.enqueue(f, [1, 2])
    await world.run(0, { job: removed })
    expect(await Job.exists(removed.id)).toBe(false)
    const job = await world.queue.enqueueIn('1d', f, [1, 2])
    const date = new Date('2040-01-31T09:00:00Z')
    await world.run(2, { job, date })
    expect(await world.queue.scheduledJobRegistry.getScheduledTime(job)).toEqual(date)
    await world.run(1, { job })
    expect(await world.queue.getJobIds()).toEqual([job.id])
  },

  "getJobs(['failed'], 0, 10)": async (world) => {
    for (let n = 0; n < 12; n++) await world.queue.enqueue(fail)
    await world.work()
    expect(await world.run(0)).toHaveLength(10)
  },

  'getJobCounts()': async (world) => {
    await world.queue.enqueue(fail)
    await world.work()
    await world.queue.enqueue(f, [1, 2])
    expect(await world.run(0)).toMatchObject([{ name: 'low', queued: 1, failed: 1 }])
    expect(await world.run(1)).toBe(1)
  },

  'queue.pause(), resume()': async (world) => {
    const job = await world.queue.enqueue(f, [1, 2])
    await world.run(0)
    await world.work()
    expect(await job.getStatus()).toBe('queued')
    await world.run(1)
    await world.work()
    expect(await job.getStatus()).toBe('finished')
  },

  "queue.clean(grace, limit, 'failed')": async (world) => {
    const [old, older, recent] = [
      await world.queue.enqueue(fail),
      await world.queue.enqueue(fail),
      await world.queue.enqueue(fail),
    ]
    await world.work()
    await age(world, old, 8)
    expect(await world.run(0)).toEqual({ done: 1, left: 0 })
    await age(world, older, 8)
    expect(await world.command(0)).toMatchObject({ code: 0 })
    expect(await world.queue.failedJobRegistry.getJobIds()).toEqual([recent.id])
  },

  'drain, obliterate': async (world) => {
    const job = await world.queue.enqueue(f, [1, 2])
    await world.run(0)
    expect(await Job.exists(job.id)).toBe(false)
    await world.queue.enqueue(f, [1, 2])
    await world.run(1)
    expect(await world.client.keys('rq:job:*')).toEqual([])
    expect(await world.client.smembers('rq:queues')).toEqual([])
  },
}
