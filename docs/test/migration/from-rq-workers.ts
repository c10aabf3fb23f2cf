import { eventually, makeProject } from '@rq/testkit'
import { type SimpleWorker, Worker } from 'rq'
import { expect } from 'vitest'
import { f, fail, note, pid } from './jobs.js'
import { linesOf, notesFile } from './notes.ts'
import { eventuallyStatus } from './observed.ts'
import type { Scenarios, World } from './world.ts'

const BURST = { burst: true, withScheduler: false }

/** Expects that jobs of `high` run before those of `low`. */
async function expectHighFirst(world: World, work: () => Promise<unknown>): Promise<void> {
  const file = await notesFile()
  await world.queue.enqueue(note, [file, 'low'])
  await world.open('high').enqueue(note, [file, 'high'])
  await work()
  expect(await linesOf(file)).toEqual(['high', 'low'])
}

/** The rows of "Run workers". */
export const workerRows: Scenarios = {
  'rq worker high low': (world) => expectHighFirst(world, () => world.command(0, '--burst')),

  'rq worker --with-scheduler': async (world) => {
    const job = await world.queue.enqueueIn(1, f, [1, 2])
    world.start(0, 'low')
    await eventuallyStatus(job, 'finished')
    const later = await world.queue.enqueueIn('1d', f, [1, 2])
    const { stderr } = await world.cli('worker', 'low', '--no-scheduler', '--burst')
    expect(stderr).not.toContain('unknown')
    expect(await later.getStatus()).toBe('scheduled')
  },

  'rq worker --burst, rq worker-pool -n 4': async (world) => {
    for (const command of [0, 1]) {
      const job = await world.queue.enqueue(f, [1, 2])
      expect(await world.command(command, 'low', ...(command === 1 ? ['--burst'] : []))).toMatchObject({ code: 0 })
      expect(await job.getStatus()).toBe('finished')
    }
  },

  "Worker(['high', 'low']).work(burst=True)": (world) => expectHighFirst(world, () => world.run()),

  SimpleWorker: async (world) => {
    const here = await world.queue.enqueue(pid)
    await (await world.run<SimpleWorker>()).work(BURST)
    expect(await here.result()).toBe(process.pid)
    const program = await world.queue.enqueue(pid)
    const worker = world.start(0, 'low')
    expect(await program.result({ timeout: '1m' })).toBe(worker.pid)
  },

  'a subclass of Worker': async (world) => {
    const told: unknown[] = []
    const worker = await world.run<Worker>(0, { notify: (id: string) => told.push(id) })
    const job = await world.queue.enqueue(fail)
    await worker.work(BURST)
    expect(told).toEqual([job.id])
  },

  'exception_handlers=[f]': async (world) => {
    const told: unknown[] = []
    const worker = await world.run<Worker>(0, { notify: (error: Error) => told.push(error.message) })
    await world.queue.enqueue(fail)
    await worker.work(BURST)
    expect(told).toEqual(['out of paper'])
  },

  SENTRY_DSN: async (world) => {
    const told: unknown[] = []
    const job = await world.queue.enqueue(fail)
    await new Worker('low', { exceptionHandlers: [({ id }) => void told.push(id)] }).work(BURST)
    expect(told).toEqual([job.id])
  },

  'rq info, rq requeue --all -q low, rq empty low': async (world) => {
    const job = await world.queue.enqueue(fail)
    await world.work()
    expect((await world.command(0)).stdout).toContain('low')
    expect(await world.command(1)).toMatchObject({ code: 0 })
    expect(await world.queue.getJobIds()).toEqual([job.id])
    expect(await world.command(2)).toMatchObject({ code: 0 })
    expect(await world.queue.count()).toBe(0)
  },

  'rq suspend, rq resume': async (world) => {
    const job = await world.queue.enqueue(f, [1, 2])
    expect(await world.command(0)).toMatchObject({ code: 0 })
    expect(await world.client.exists('rq:suspended')).toBe(1)
    world.workOn()
    await eventually(async () => expect((await job.explain()).code).toBe('suspended'))
    expect(await world.command(1)).toMatchObject({ code: 0 })
    await eventuallyStatus(job, 'finished')
  },

  'rq cron cron.py': async (world) => {
    const program = (code: string) =>
      `import { cron } from 'rq'\nimport { f } from './jobs.js'\n${code.replace('await ', '')}\n`
    await using project = await makeProject(
      { 'cron.config.js': program(world.textOf(0)), 'jobs.js': 'export const f = (x, y) => x + y\n' },
      { packages: ['rq'] },
    )
    world.startIn(project.dir, 0)
    await eventually(async () => expect((await world.queue.getJobs()).map(({ args }) => args)).toEqual([[1, 2]]))
  },

  "rq-scheduler's schedule(...)": async (world) => {
    await world.run()
    world.workOn()
    await eventually(async () => expect((await world.queue.counts()).finished).toBe(1))
  },

  'django-rq, Flask-RQ2': async (world) => {
    await world.queue.enqueue(f, [1, 2])
    const connections = async () =>
      String(await world.client.client('LIST'))
        .trim()
        .split('\n').length
    const before = await connections()
    await Promise.all([world.queue.enqueue(f, [3, 4]), world.queue.enqueue(f, [5, 6])])
    // Redis may close connections of an earlier scenario meanwhile.
    expect(await connections()).toBeLessThanOrEqual(before)
  },

  "rq-dashboard, django-rq's admin": async (world) => {
    const job = await world.queue.enqueue(f, [1, 2])
    expect(await world.client.smembers('rq:queues')).toEqual(['rq:queue:low'])
    expect(await world.client.lrange('rq:queue:low', 0, '-1')).toEqual([job.id])
    expect(await world.client.hget(`rq:job:${job.id}`, 'status')).toBe('queued')
  },
}
