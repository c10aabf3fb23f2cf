import { getCurrentJob, Job } from 'rq'
import { expect } from 'vitest'
import { f, fail, untilStopped } from './jobs.js'
import { eventuallyStatus } from './observed.ts'
import type { Scenarios } from './world.ts'

/** The rows of "Look at jobs". */
export const jobRows: Scenarios = {
  'Job.fetch(id, connection=redis)': async (world) => {
    const { id } = await world.queue.enqueue(f, [1, 2])
    expect((await world.run(0, { id })).args).toEqual([1, 2])
  },

  'job.get_status(), job.is_finished': async (world) => {
    const job = await world.queue.enqueue(f, [1, 2])
    expect([await world.run(0, { job }), await world.run(1, { job })]).toEqual(['queued', false])
    await world.work()
    expect([await world.run(0, { job }), await world.run(1, { job })]).toEqual(['finished', true])
  },

  'job.return_value(), job.latest_result(), job.results()': async (world) => {
    const job = await world.queue.enqueue(f, [1, 2])
    await world.work()
    expect(await world.run(0, { job })).toBe(3)
    expect(await world.run<object>(1, { job })).toMatchObject({ type: 'successful' })
    expect(await world.run(2, { job })).toHaveLength(1)
  },

  'a loop around job.latest_result(timeout=60)': async (world) => {
    const job = await world.queue.enqueue(f, [1, 2])
    world.workOn()
    expect(await world.run(0, { job })).toBe(3)
  },

  'job.exc_info': async (world) => {
    const job = await world.queue.enqueue(fail)
    await world.work()
    expect(await world.run(0, { job })).toContain('out of paper')
  },

  "job.meta['row'] = 1; job.save_meta()": async (world) => {
    const { id } = await world.inside(() => world.run(0, { job: getCurrentJob() }))
    expect((await Job.fetch(id)).meta).toEqual({ row: 1 })
  },

  'get_current_job()': async (world) => {
    let seen: Job | undefined
    const job = await world.inside(async () => {
      seen = await world.run<Job>()
    })
    expect(seen?.id).toBe(job.id)
    expect(await world.run()).toBeUndefined()
  },

  'job.cancel(), job.delete(), job.requeue()': async (world) => {
    const job = await world.queue.enqueue(f, [1, 2])
    await world.run(0, { job })
    expect(await job.getStatus()).toBe('canceled')
    await world.run(1, { job })
    expect(await Job.exists(job.id)).toBe(false)
    const failed = await world.queue.enqueue(fail)
    await world.work()
    await world.run(2, { job: failed })
    expect(await failed.getStatus()).toBe('queued')
  },

  'send_stop_job_command(redis, id)': async (world) => {
    world.workOn()
    for (const code of [0, 1]) {
      const job = await world.queue.enqueue(untilStopped)
      await eventuallyStatus(job, 'started')
      await world.run(code, { job, id: job.id })
      await eventuallyStatus(job, 'stopped')
    }
  },

  "job.meta['cancelled'], read in a loop": async (world) => {
    const job = await world.inside(async () => {
      const signal = await world.run<AbortSignal>(1)
      const aborted = new Promise((resolve) => signal.addEventListener('abort', resolve))
      await world.run(0, { job: getCurrentJob() })
      await aborted
    })
    expect(await job.getStatus()).toBe('stopped')
  },

  'len(q), q.job_ids, q.jobs': async (world) => {
    const { id } = await world.queue.enqueue(f, [1, 2])
    expect([await world.run(0), await world.run(1)]).toEqual([1, [id]])
    expect((await world.run<Job[]>(2)).map((job) => job.args)).toEqual([[1, 2]])
  },

  'q.empty(), q.delete()': async (world) => {
    for (const code of [0, 1]) {
      const job = await world.queue.enqueue(f, [1, 2])
      await world.run(code)
      expect([await world.queue.count(), await Job.exists(job.id)]).toEqual([0, false])
    }
    expect(await world.client.smembers('rq:queues')).toEqual([])
  },

  'q.failed_job_registry.get_job_ids()': async (world) => {
    const { id } = await world.queue.enqueue(fail)
    await world.work()
    expect(await world.run()).toEqual([id])
  },

  'run a scheduled job now': async (world) => {
    const job = await world.queue.enqueueIn('1d', f, [1, 2])
    await world.run(0, { id: job.id })
    await world.work()
    expect(await job.result()).toBe(3)
  },

  'get_statistics() of django-rq': async (world) => {
    await world.queue.enqueue(f, [1, 2])
    await world.open('mail').enqueue(fail)
    await world.work(['mail'])
    expect(await world.run()).toMatchObject([
      { name: 'low', queued: 1, failed: 0 },
      { name: 'mail', queued: 0, failed: 1 },
    ])
    const { stdout } = await world.command()
    expect(JSON.parse(stdout).queues.map(({ name }: { name: string }) => name)).toEqual(['low', 'mail'])
  },
}
