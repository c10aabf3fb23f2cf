import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { silentLogger } from '@rq/core'
import type { JobRecord } from '@rq/job'
import { eventually, FakeClock, makeProject } from '@rq/testkit'
import { TestStorage } from '@rq/testkit/memory-storage'
import { describe, expect, test } from 'vitest'
import { Worker, type WorkerOptions } from '../src/index.ts'
import { RQ_JOBS } from './jobs-with-rq.ts'
import { nextEvent } from './running.ts'

async function fixture() {
  const project = await makeProject({ 'jobs.js': RQ_JOBS }, { packages: ['@rq/queue'] })
  const store = new TestStorage()
  const log = project.path('log')
  return {
    project,
    store,
    log,
    lines: async () => (await readFile(log, 'utf8').catch(() => '')).split('\n').filter((line) => line !== ''),
    worker: (options: Partial<WorkerOptions> = {}) =>
      new Worker('default', {
        storage: store,
        serializer: 'json',
        importPaths: [project.dir],
        processTitle: false,
        horseStorage: { module: project.url('jobs.js'), export: 'makeStorage', options: { who: 'tests' } },
        ...options,
      }),
    [Symbol.asyncDispose]: () => project[Symbol.asyncDispose](),
  }
}

const CALLBACKS: Partial<JobRecord> = {
  onSuccess: { name: './jobs#onSuccess', timeoutS: 60 },
  onFailure: { name: './jobs#onFailure', timeoutS: 60 },
  onStopped: { name: './jobs#onStopped', timeoutS: 60 },
}

describe('inside a job', () => {
  test.each(['process', 'thread', 'inline'] as const)(
    '%s: the current job is known, its meta is saved, its status read',
    async (horse) => {
      await using ctx = await fixture()
      const { store } = ctx
      const who = store.enqueue('./jobs#who')
      const note = store.enqueue('./jobs#note', { args: ['progress', 7] })
      await ctx.worker({ horse }).work({ burst: true })
      expect(store.value(who)).toBe(who)
      expect(store.value(note)).toBe('started')
      expect(store.records.get(note)?.meta).toBe('{"progress":7}')
    },
  )

  test('the signal fires at the time limit, and a job that heeds it keeps its horse', async () => {
    await using ctx = await fixture()
    const { store } = ctx
    const id = store.enqueue('./jobs#untilAborted', { args: [ctx.log], timeoutS: 1 })
    const ended: unknown[] = []
    // The time that it has for that passes when the test says so.
    const clock = new FakeClock()
    const worker = ctx.worker({ clock })
    const begun = nextEvent(worker, 'job:started')
    const done = nextEvent(worker, 'job:failed')
    worker.on('horse:ended', (event) => ended.push(event))
    const working = worker.work()
    await begun
    await eventually(() => existsSync(`${ctx.log}.waits`))
    clock.advance(1000)
    await done
    expect(ended).toEqual([])
    await worker.stop()
    await working
    expect(store.latest(id)?.excString).toMatch(/JobTimeoutError: Task exceeded maximum timeout value \(1 seconds\)$/)
  })
})

describe('limits', () => {
  test.each(['process', 'inline'] as const)(
    '%s: a value that is too large fails its job and calls back, and one that is large is logged',
    async (horse) => {
      await using ctx = await fixture()
      const { log, store } = ctx
      const lines: unknown[] = []
      const logger = { ...silentLogger, warn: (...line: unknown[]) => lines.push(line) }
      const ok = store.enqueue('./jobs#large', { args: [horse, 150] })
      const tooLarge = store.enqueue('./jobs#large', { args: [log, 250], ...CALLBACKS })
      await ctx.worker({ horse, logger, limits: { result: 200, warnAt: 100 } }).work({ burst: true })
      expect(store.value(ok)).toHaveLength(150)
      expect(store.latest(tooLarge)?.excString).toMatch(
        /\[RQ_TOO_LARGE\]: Too large: return value of .*#large, 252 bytes/,
      )
      expect(await ctx.lines()).toEqual([expect.stringMatching(/^failure/)])
      expect(lines).toEqual([[expect.stringMatching(/^Large return value of .*#large:/), { bytes: 152, limit: 200 }]])
    },
  )
})

describe('callbacks', () => {
  test('success gets job, connection and result', async () => {
    await using ctx = await fixture()
    ctx.store.enqueue('./jobs#ok', { args: [ctx.log], ...CALLBACKS })
    await ctx.worker().work({ burst: true })
    expect(await ctx.lines()).toEqual(['success ok client of tests'])
  })

  test('failure gets class name, error and text', async () => {
    await using ctx = await fixture()
    ctx.store.enqueue('./jobs#broken', { args: [ctx.log], ...CALLBACKS })
    await ctx.worker().work({ burst: true })
    expect(await ctx.lines()).toEqual(['failure|TypeError|broken|TypeError: broken'])
  })

  test('the failure callback of a job that was killed at its limit runs in another horse', async () => {
    await using ctx = await fixture()
    ctx.store.enqueue('./jobs#spinning', { args: [ctx.log], timeoutS: 1, ...CALLBACKS })
    await ctx.worker().work({ burst: true })
    const text = 'Task exceeded maximum timeout value (1 seconds)'
    expect(await ctx.lines()).toEqual([`failure|JobTimeoutError|${text}|JobTimeoutError: ${text}`])
  })

  test('the failure callback of a job that ended its horse runs in another one', async () => {
    await using ctx = await fixture()
    ctx.store.enqueue('./jobs#dying', { args: [ctx.log], ...CALLBACKS })
    await ctx.worker().work({ burst: true })
    const text = 'Work-horse terminated unexpectedly; exit code 7'
    expect(await ctx.lines()).toEqual([`failure|WorkHorseTerminatedError|${text}|WorkHorseTerminatedError: ${text}`])
  })

  test('a success callback that throws fails the job', async () => {
    await using ctx = await fixture()
    const id = ctx.store.enqueue('./jobs#ok', {
      args: [ctx.log],
      ...CALLBACKS,
      onSuccess: { name: './jobs#badCallback', timeoutS: 60 },
    })
    await ctx.worker().work({ burst: true })
    expect(ctx.store.status(id)).toBe('failed')
    expect(await ctx.lines()).toEqual(['failure|Error|the callback broke|Error: the callback broke'])
  })

  test('a success callback that blocks its horse is killed at its own limit and fails the job', async () => {
    await using ctx = await fixture()
    const id = ctx.store.enqueue('./jobs#ok', {
      args: [ctx.log],
      ...CALLBACKS,
      onSuccess: { name: './jobs#slowCallback', timeoutS: 1 },
    })
    await ctx.worker().work({ burst: true })
    expect(ctx.store.latest(id)?.excString).toContain('Task exceeded maximum timeout value (1 seconds)')
    expect(await ctx.lines()).toHaveLength(1)
  })

  test('a failure callback that blocks its horse is killed once, and the job keeps its own error', async () => {
    await using ctx = await fixture()
    const id = ctx.store.enqueue('./jobs#broken', {
      args: [ctx.log],
      onFailure: { name: './jobs#slowCallback', timeoutS: 1 },
    })
    await ctx.worker().work({ burst: true })
    expect(ctx.store.latest(id)?.excString).toMatch(/TypeError: broken$/)
    expect(ctx.store.settlements).toHaveLength(1)
  })
})

describe('exception handlers', () => {
  test('references run in the horse, then functions in the worker, until one returns false', async () => {
    await using ctx = await fixture()
    ctx.store.enqueue('./jobs#broken', { args: [ctx.log] })
    const heard: string[] = []
    const exceptionHandlers: WorkerOptions['exceptionHandlers'] = [
      './jobs#handler',
      (job, error) => heard.push(`${job.funcName} ${error.message}`),
      () => false,
      () => heard.push('too late'),
    ]
    await ctx.worker({ exceptionHandlers }).work({ burst: true })
    expect(await ctx.lines()).toEqual(['handled broken'])
    expect(heard).toEqual(['./jobs#broken broken'])
  })

  test('one in the horse that returns false ends the chain for the worker too, also after a killed horse', async () => {
    await using ctx = await fixture()
    ctx.store.enqueue('./jobs#broken', { args: [ctx.log] })
    ctx.store.enqueue('./jobs#dying', { args: [ctx.log] })
    const heard: string[] = []
    const exceptionHandlers: WorkerOptions['exceptionHandlers'] = [
      './jobs#lastHandler',
      './jobs#handler',
      () => heard.push('too late'),
    ]
    await ctx.worker({ exceptionHandlers }).work({ burst: true })
    expect(await ctx.lines()).toEqual(['last broken', 'last Work-horse terminated unexpectedly; exit code 7'])
    expect(heard).toEqual([])
  })
})

describe('stop-job', () => {
  test.each(['process', 'thread', 'inline'] as const)(
    '%s: a running job is stopped, its signal fires, its callback runs, it is not retried',
    async (horse) => {
      await using ctx = await fixture()
      const { store } = ctx
      const id = store.enqueue('./jobs#untilAborted', { args: [ctx.log], retriesLeft: 3, ...CALLBACKS })
      const worker = ctx.worker({ horse, name: 'bob' })
      const begun = nextEvent(worker, 'job:started')
      const stopped = nextEvent(worker, 'job:stopped')
      const working = worker.work()
      await begun
      store.send('bob', { command: 'stop-job', jobId: id })
      await stopped
      await worker.stop()
      await working
      expect(store.status(id)).toBe('stopped')
      expect(store.latest(id)).toEqual({ type: 'stopped', excString: 'Job stopped by user, work-horse terminated.' })
      expect(await ctx.lines()).toEqual([`stopped ${id}`])
    },
  )

  test('a job that computes is killed, and its stopped callback runs in another horse', async () => {
    await using ctx = await fixture()
    const { store } = ctx
    const id = store.enqueue('./jobs#spinning', { args: [ctx.log], ...CALLBACKS })
    const worker = ctx.worker({ name: 'bob' })
    const begun = nextEvent(worker, 'job:started')
    const stopped = nextEvent(worker, 'job:stopped')
    const working = worker.work()
    await begun
    store.send('bob', { command: 'stop-job', jobId: id })
    await stopped
    await worker.stop()
    await working
    expect(await ctx.lines()).toEqual([`stopped ${id}`])
  })
})
