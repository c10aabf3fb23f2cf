import { eventually, makeProject } from '@rq/testkit'
import { describe, expect, it } from 'vitest'
import {
  Callback,
  Group,
  type Job,
  type LogFields,
  Queue,
  RateLimit,
  Retry,
  SimpleWorker,
  type WorkerOptions,
} from '../src/index.ts'
import { note, noted } from './functions.ts'
import { type RqFixture, rqFixture } from './rq-fixture.ts'

/** A build that has no `mail`, and gives another one ten minutes; and the other one. */
const OLD = { onUnknownFunction: { returnFor: '10m' } } as const
const NEW = { ...OLD, functions: { mail: note } }
const work = (at: RqFixture, options: Omit<WorkerOptions, 'prefix'> = OLD) => at.work(['default'], options)
const refuse = (at: RqFixture) => work(at, {})

/** The pause of a job that was returned is over. */
async function promote(at: RqFixture, job: Job): Promise<void> {
  await at.queue.scheduledJobRegistry.requeue(job)
}

export const told = (job: Job, _: unknown, name: string, error: Error & { code?: string }): void =>
  void noted.push(['told', job.attempt, name, error.code])
export const asked = (): boolean => noted.push('asked') > 0

describe("onUnknownFunction: 'fail'", () => {
  it.each([
    ['a registered name', 'mail', 'no function is registered by that name'],
    ['a module', './no/such/module#mail', 'there is no module ./no/such/module'],
    ['an export', './packages/rq/test/functions#mail', 'exports'],
  ])('fails a job at once whose function is unknown: %s. Its retries are left', async (_, name, why) => {
    await using at = await rqFixture()
    const retry = new Retry({ max: 3, interval: 60, on: asked as never })
    const job = await at.queue.enqueue(name, [], { retry, onFailure: new Callback(told, { when: 'last' }) })
    await refuse(at)
    await job.refresh()
    expect([await job.getStatus(), job.retriesLeft, job.attempt]).toEqual(['failed', 3, 1])
    expect(noted).toEqual([['told', 1, 'RqError', 'RQ_FUNCTION_NOT_FOUND']])
    const [result, ...others] = await job.results()
    expect([result?.type, others]).toEqual(['failed', []])
    expect(result?.excString).toContain(why)
    await job.requeue()
    expect(job.retriesLeft).toBe(3)
  })

  it('retries a module that is there and cannot be loaded', async () => {
    await using at = await rqFixture()
    await using project = await makeProject({ 'bad.mjs': "throw new Error('no'); export const mail = () => {}" })
    const job = await at.queue.enqueue('./bad#mail', [], { retry: 1 })
    await work(at, { importPaths: [project.dir], onUnknownFunction: { returnFor: '10m' } })
    expect((await job.results()).map(({ type }) => type)).toEqual(['failed', 'retried'])
  })
})

describe('onUnknownFunction: { returnFor }', () => {
  it('returns a job for a pause, without an attempt, a result or a callback, until a worker has its function', async () => {
    await using at = await rqFixture()
    const group = Group.create({ ...at.shared, name: 'batch' })
    const options = { retry: 2, onFailure: new Callback(told), unique: { key: 'one' } } as const
    const [job] = await group.enqueueMany(at.queue, [Queue.prepareData('mail', ['sent'], options)])
    if (job === undefined) throw new Error('no job')
    const child = await at.queue.enqueue(note, ['after'], { dependsOn: job })
    for (let time = 1; time <= 3; time++) {
      await work(at)
      expect([await job.getStatus(), await child.getStatus()]).toEqual(['scheduled', 'deferred'])
      expect(await at.queue.failedJobRegistry.count()).toBe(0)
      expect((await at.queue.enqueue('mail', [], { unique: { key: 'one' } })).id).toBe(job.id)
      await promote(at, job)
    }
    await job.refresh()
    expect([job.attempt, job.retriesLeft, await job.results(), noted]).toEqual([1, 2, [], []])
    expect(await group.getJobIds()).toEqual([job.id])
    await work(at, NEW)
    expect([await job.result(), await child.result(), noted]).toEqual(['sent', 'after', ['sent', 'after']])
    expect((await job.results()).map(({ type }) => type)).toEqual(['successful'])
  })

  it('fails it, with its callbacks, when it has waited for that long in all, whichever workers it came to', async () => {
    await using at = await rqFixture()
    const job = await at.queue.enqueue('mail', [], { retry: 3, onFailure: told })
    const most: WorkerOptions['onUnknownFunction'] = { returnFor: '1500ms' }
    for (let runs = 0; (await job.getStatus()) !== 'failed' && runs < 9; runs++) {
      await at.work(['default'], { onUnknownFunction: most })
      if (await job.isScheduled()) await promote(at, job)
    }
    await job.refresh()
    expect([await job.getStatus(), job.retriesLeft]).toEqual(['failed', 3])
    expect(noted).toEqual([['told', 1, 'RqError', 'RQ_FUNCTION_NOT_FOUND']])
    // A requeue gives it the whole time again.
    await job.requeue()
    await at.work(['default'], { onUnknownFunction: most })
    expect(await job.isScheduled()).toBe(true)
  })

  it('gives its slot of the rate limit to others meanwhile', async () => {
    await using at = await rqFixture()
    const rateLimit = new RateLimit({ key: 'one', concurrency: 1 })
    const job = await at.queue.enqueue('mail', ['first'], { rateLimit })
    const other = await at.queue.enqueue(note, ['other'], { rateLimit })
    await work(at)
    expect([await job.getStatus(), await other.getStatus()]).toEqual(['scheduled', 'finished'])
    await promote(at, job)
    await work(at, NEW)
    expect(noted).toEqual(['other', 'first'])
  })

  it('tells listeners in the worker and elsewhere, and the log, what is missing', async () => {
    await using at = await rqFixture()
    const heard = { here: [] as unknown[], elsewhere: [] as string[] }
    await at.queue.on('job:returned', ({ jobId }) => heard.elsewhere.push(jobId)).listening()
    const lines: [text: string, fields: LogFields | undefined][] = []
    const logger = {
      debug() {},
      info() {},
      error() {},
      warn: (text: string, fields?: LogFields) => lines.push([text, fields]),
    }
    const worker = new SimpleWorker('default', { ...at.where, ...OLD, logger })
    worker.on('job:returned', ({ job, settlement }) => heard.here.push([settlement.to, job.attempt]))
    const running = worker.work({ withScheduler: false })
    await eventually(async () => {
      await at.queue.enqueue('mail')
      return heard.elsewhere.length > 0
    })
    await worker.stop()
    await running
    expect(heard.here[0]).toEqual(['scheduled', 1])
    const [text, fields] = lines[0] ?? []
    expect(text).toMatch(/^default: This build does not have the function of the job, .* next in 1 s, for 600 s more/)
    expect(fields).toMatchObject({ function: 'mail', error: expect.stringMatching(/no function is registered/) })
  })

  it('is refused for a time that makes no sense', () => {
    const at = { connection: 'redis://localhost:1' }
    for (const [value, message] of [
      ['return', /Invalid onUnknownFunction: got "return", expected 'fail', or \{ returnFor: '10m' \}/],
      [{ returnFor: 0 }, /Invalid onUnknownFunction\.returnFor: got 0, expected more than 0/],
      [{ returnFor: 'soon' }, /Invalid onUnknownFunction\.returnFor/],
      [{ returnFor: '1m', most: 2 }, /Invalid option name of onUnknownFunction: got "most"/],
    ] as const) {
      expect(() => new SimpleWorker('default', { ...at, onUnknownFunction: value as never })).toThrow(message)
    }
  })
})
