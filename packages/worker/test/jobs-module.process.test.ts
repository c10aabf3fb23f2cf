import { existsSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { eventually } from '@rq/testkit'
import { newWorker } from '@rq/testkit/storage-conformance'
import { describe, expect, test } from 'vitest'
import { type Fixture, fixture } from './fixture.ts'
import { running } from './running.ts'

const KINDS = ['process', 'thread', 'inline'] as const

/** Notes what it does, a line each, in the file `notes` beside it. */
const MODULE = `
import { appendFileSync, existsSync } from 'node:fs'
import { threadId } from 'node:worker_threads'
import { defineJobs } from '@rq/jobs'

const here = (name) => new URL(name, import.meta.url)
const note = (what) => appendFileSync(here('notes'), what + ' ' + process.pid + '/' + threadId + '\\n')
/** Numbers above zero; text of digits becomes a number. */
const schema = (check) => ({ '~standard': { version: 1, vendor: 'test', validate: check } })
const count = (value) => Number(value) > 0 ? { value: Number(value) } : { issues: [{ message: 'too small', path: ['count'] }] }

export default defineJobs(
  {
    double: { input: schema(count), run: (input, { services }) => [services.factor * input, typeof input] },
    later: { input: schema(async (value) => count(value)), run: async (input) => input },
    broken: { input: schema(() => { throw new Error('the schema is broken') }), run: () => 1 },
    who: { run: (input, { job, signal }) => [job.id, job.funcName, signal.aborted, input === undefined] },
    where: { run: () => process.pid + '/' + threadId },
  },
  {
    async setup() {
      if (existsSync(here('down'))) throw new Error('no database')
      note('setup')
      return { factor: 2 }
    },
    async teardown(services) {
      note('teardown ' + services.factor)
      if (existsSync(here('stuck'))) await new Promise((resolve) => setTimeout(resolve, 60_000))
      if (existsSync(here('torn'))) throw new Error('torn')
    },
  },
)
`

const open = (files: Readonly<Record<string, string>> = {}) =>
  fixture({ 'defined.mjs': MODULE, ...files }, { packages: ['@rq/jobs'] })

const notesOf = (ctx: Fixture) => readFile(ctx.project.path('notes'), 'utf8').then((text) => text.trim().split('\n'))
const kindsOf = (notes: readonly string[]) => notes.map((line) => line.split(' ')[0])

describe.each(KINDS)('the option jobs in %s horses', (horse) => {
  test('runs jobs by name, with what setup returned', async () => {
    await using ctx = await open()
    const { store } = ctx
    const [double, later, who] = [
      store.enqueue('double', { args: ['21'] }),
      store.enqueue('later', { args: [4] }),
      store.enqueue('who'),
    ]
    const file = store.enqueue('./jobs#add', { args: [1, 2] })
    const info: string[] = []
    const logger = { debug() {}, info: (line: string) => info.push(line), warn() {}, error() {} }
    await ctx.worker({ horse, logger, jobs: ctx.project.path('defined.mjs') }).work({ burst: true })
    expect(info).toContain('Jobs known by name: double, later, broken, who, where')
    expect(store.value(double)).toEqual([42, 'number'])
    expect(store.value(later)).toBe(4)
    expect(store.value(who)).toEqual([who, 'who', false, true])
    expect(store.value(file)).toBe(3)
  })

  test("shows the names in the worker's record", async () => {
    await using ctx = await open()
    const { workers } = ctx.store
    const worker = ctx.worker({ horse, concurrency: 2, jobs: ctx.project.path('defined.mjs') })
    await using _ = running(worker)
    await eventually(async () => (await workers.worker(worker.name))?.jobNames !== undefined)
    const record = await workers.worker(worker.name)
    expect(record?.jobNames).toEqual(['double', 'later', 'broken', 'who', 'where'])
    expect(record).not.toHaveProperty('moreJobNames')
  })

  test('sets up once in each horse and tears down when it quits, also after a warm stop', async () => {
    await using ctx = await open()
    const size = horse === 'inline' ? 1 : 2
    const worker = ctx.worker({ horse, concurrency: 2, jobs: ctx.project.path('defined.mjs') })
    let ready = 0
    worker.on('horse:started', () => ready++)
    const ids = Array.from({ length: 20 }, () => ctx.store.enqueue('where'))
    {
      await using _ = running(worker)
      await eventually(() => ids.every((id) => ctx.store.status(id) === 'finished'))
      // One that is not ready yet would be killed, without a teardown.
      await eventually(() => ready === size)
    }
    const notes = await notesOf(ctx)
    expect(kindsOf(notes).sort()).toEqual([...Array(size).fill('setup'), ...Array(size).fill('teardown')])
    const places = notes.filter((line) => line.startsWith('setup')).map((line) => line.split(' ').at(-1))
    expect(notes.filter((line) => line.startsWith('teardown 2')).map((line) => line.split(' ').at(-1))).toEqual(
      expect.arrayContaining(places),
    )
    for (const id of ids) expect(places).toContain(ctx.store.value(id))
  })

  test('an input that does not fit fails the job for good, and runs nothing', async () => {
    await using ctx = await open()
    const { store } = ctx
    const wrong = [
      store.enqueue('double', { args: [0], retriesLeft: 3 }),
      store.enqueue('later', { args: [-1], retriesLeft: 3 }),
      store.enqueue('double', { args: [1, 2], retriesLeft: 3 }),
    ]
    const broken = store.enqueue('broken', { args: [1] })
    await ctx.worker({ horse, jobs: ctx.project.path('defined.mjs') }).work({ burst: true })
    expect(wrong.map((id) => store.status(id))).toEqual(wrong.map(() => 'failed'))
    expect(store.latest(wrong[0] as string)?.excString).toMatch(/RQ_INPUT_INVALID.*"double".*count: too small/)
    expect(store.latest(wrong[1] as string)?.excString).toMatch(/RQ_INPUT_INVALID.*"later".*count: too small/)
    expect(store.latest(wrong[2] as string)?.excString).toMatch(/expected one argument, the input; got 2/)
    expect(store.latest(broken)?.excString).toMatch(/the schema is broken/)
  })

  test('a worker whose setup fails does not start, and says why once', async () => {
    await using ctx = await open({ down: '' })
    const id = ctx.store.enqueue('where')
    const worker = ctx.worker({ horse, concurrency: 2, jobs: ctx.project.path('defined.mjs') })
    await expect(worker.work()).rejects.toMatchObject({
      code: 'RQ_HORSE_TERMINATED',
      message: 'The setup of the jobs failed: Error: no database',
    })
    expect(ctx.store.status(id)).toBe('queued')
    expect(ctx.store.registeredWorkers.size).toBe(0)
  })

  test.each([
    ['none.mjs', 'RQ_INVALID_OPTION', /Invalid jobs: got .*none\.mjs", expected a module that exists/],
    ['throws.mjs', 'RQ_CONFIG', /throws\.mjs" could not be imported: TypeError: no luck/],
    ['jobs.js', 'RQ_CONFIG', /jobs\.js" exports no jobs\. Write `export default defineJobs\({ \.\.\. }\)` there/],
    ['defined.mjs#mail', 'RQ_CONFIG', /exports no jobs\. Write `export const mail = defineJobs/],
  ])('%s is refused', async (module, code, message) => {
    await using ctx = await open({ 'throws.mjs': "throw new TypeError('no luck')" })
    const worker = ctx.worker({ horse, jobs: ctx.project.path(module) })
    await expect(worker.work()).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
    expect(ctx.store.registeredWorkers.size).toBe(0)
  })

  test('says at its start which names of its queue it lacks', async () => {
    await using ctx = await open()
    const warn: string[] = []
    const logger = { debug() {}, info() {}, warn: (message: string) => warn.push(message), error() {} }
    const other = newWorker({ name: 'other' })
    await ctx.store.workers.register(other, 60_000)
    await ctx.store.workers.showJobNames(other, { names: ['double', 'clean'], more: 0 })
    const worker = ctx.worker({ horse, logger, concurrency: 2, jobs: ctx.project.path('defined.mjs') })
    await using _ = running(worker)
    const line = /^This worker does not know jobs that its queues use: clean \(worker other of the queue default\)\./
    await eventually(() => expect(warn).toContainEqual(expect.stringMatching(line)))
  })

  test('a teardown that fails is logged, and the worker ends as usual', async () => {
    await using ctx = await open({ torn: '' })
    const warn: string[] = []
    const logger = { debug() {}, info() {}, warn: (message: string) => warn.push(message), error() {} }
    const id = ctx.store.enqueue('where')
    await ctx.worker({ horse, logger, jobs: ctx.project.path('defined.mjs') }).work({ burst: true })
    expect(ctx.store.status(id)).toBe('finished')
    expect(warn).toContainEqual(expect.stringMatching(/^The teardown of the jobs failed: Error: torn/))
  })

  // An inline one imports it through the test runner, which takes `require` for its own.
  test.skipIf(horse === 'inline')('finds the jobs of a CommonJS module, and of a named export', async () => {
    const commonJs = "exports.mail = require('@rq/jobs').defineJobs({ hi: { run: (name) => 'hi ' + name } })"
    const compiled = `Object.defineProperty(exports, '__esModule', { value: true })
      exports.default = require('@rq/jobs').defineJobs({ hi: { run: () => 'compiled' } })`
    const whole = "module.exports = require('@rq/jobs').defineJobs({ hi: { run: () => 'whole' } })"
    await using ctx = await open({ 'mail.cjs': commonJs, 'compiled.cjs': compiled, 'whole.cjs': whole })
    for (const [module, returned] of [
      ['mail.cjs#mail', 'hi ada'],
      ['compiled.cjs', 'compiled'],
      ['whole.cjs', 'whole'],
    ] as const) {
      const id = ctx.store.enqueue('hi', { args: ['ada'] })
      await ctx.worker({ horse, jobs: ctx.project.path(module) }).work({ burst: true })
      expect([module, ctx.store.value(id)]).toEqual([module, returned])
    }
  })
})

describe('a worker with the option jobs', () => {
  test.each(['process', 'thread'] as const)('tries a setup that fails later again: %s', async (horse) => {
    await using ctx = await open()
    const errors: unknown[] = []
    const logger = { debug() {}, info() {}, warn() {}, error: (_: string, fields?: object) => errors.push(fields) }
    const worker = ctx.worker({ horse, logger, horseMaxJobs: 1, jobs: ctx.project.path('defined.mjs') })
    await using _ = running(worker)
    await eventually(() => existsSync(ctx.project.path('notes')))
    // Read by the next horse, which starts when the first one leaves.
    await writeFile(ctx.project.path('down'), '')
    const first = ctx.store.enqueue('double', { args: [1] })
    await eventually(() => ctx.store.status(first) === 'finished')
    await eventually(() => errors.length >= 6)
    expect(errors).toContainEqual({ reason: 'The setup of the jobs failed: Error: no database' })
    expect(worker.isWorking).toBe(true)
    await rm(ctx.project.path('down'))
    const second = ctx.store.enqueue('double', { args: [2] })
    await eventually(() => ctx.store.status(second) === 'finished')
  })

  test('waits for a teardown that hangs for five seconds, and not longer', async () => {
    await using ctx = await open({ stuck: '' })
    const id = ctx.store.enqueue('where')
    await ctx.worker({ jobs: ctx.project.path('defined.mjs') }).work({ burst: true })
    expect(ctx.store.status(id)).toBe('finished')
    expect(kindsOf(await notesOf(ctx))).toEqual(['setup', 'teardown'])
  })

  test('takes what defineJobs returned only with inline horses', async () => {
    await using ctx = await open()
    const { default: jobs } = await import(/* @vite-ignore */ ctx.project.url('defined.mjs'))
    expect(() => ctx.worker({ jobs })).toThrow(/Invalid jobs: got an object, expected the path of a module/)
    expect(() => ctx.worker({ jobs: {}, horse: 'inline' })).toThrow(/Invalid jobs: got an object/)
    const id = ctx.store.enqueue('double', { args: [3] })
    await ctx.worker({ jobs, horse: 'inline' }).work({ burst: true })
    expect(ctx.store.value(id)).toEqual([6, 'number'])
    const worker = ctx.worker({ jobs, horse: 'inline', functions: { double: (n: number) => n } })
    await expect(worker.work({ burst: true })).rejects.toThrow(
      /Invalid functions\.double: .* no name of the option jobs/,
    )
  })
})
