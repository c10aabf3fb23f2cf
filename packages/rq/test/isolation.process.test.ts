import { existsSync } from 'node:fs'
import { symlink, writeFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { makeProject, patience, RUNS_ALL, redisFixture } from '@rq/testkit'
import { describe, expect, it, onTestFinished } from 'vitest'
import { JobFailedError, Queue, ref, Worker } from '../src/index.ts'

const MANY = RUNS_ALL ? 10_000 : 2_000

const JOBS = `
import { closeSync, openSync } from 'node:fs'
export const add = (x, y) => x + y
export const spin = () => { while (true); }
export const never = () => new Promise(() => {})
export const throwNull = () => { throw null }
export const exit0 = () => process.exit(0)
export const exit1 = () => process.exit(1)
export const segfault = () => process.kill(process.pid, 'SIGSEGV')
export const rejectLater = () => {
  // What Node prints of it goes nowhere, instead of into the output of the tests.
  closeSync(2)
  openSync('/dev/null', 'a')
  setTimeout(() => { throw new Error('too late') }, 5)
  return 'done'
}
export const fails = () => { throw new RangeError('out of range', { cause: new Error('the reason') }) }
export const unserializable = () => () => {}
`

/** Apart, so that only the horse of this job loads rq a second time. */
const AWARE = `
import { getCurrentJob } from 'rq'
export async function remember() {
  const job = getCurrentJob()
  job.meta.seen = job.id
  await job.saveMeta()
  return [job.description, job.signal instanceof AbortSignal]
}
`

/** A running worker with a folder of the jobs above, and its queue. */
async function isolatedWorker(options: { concurrency?: number } = {}) {
  const redis = await redisFixture()
  const project = await makeProject({ 'jobs.mjs': JOBS, 'aware.mjs': AWARE }, { packages: ['rq'] })
  const where = { connection: redis.url, prefix: redis.prefix }
  const queue = new Queue('default', where)
  const worker = new Worker([queue], { concurrency: 1, importPaths: [project.dir], ...options })
  const working = worker.work()
  return {
    queue,
    project,
    /** Write a waiting job to Redis directly, without our checks, as any program with access can. */
    async forge(id: string, reference: string, args: readonly unknown[]) {
      const { client, prefix } = redis
      const fields = {
        origin: 'default',
        status: 'queued',
        created_at: '2026-01-01T00:00:00.000000Z',
        last_heartbeat: '',
      }
      const data = JSON.stringify([reference, null, args, {}])
      await client.hset(`${prefix}job:${id}`, { ...fields, data, timeout: 30 })
      await client.rpush(`${prefix}queue:default`, id)
    },
    async [Symbol.asyncDispose]() {
      await worker.stop({ force: true })
      await working
      await queue.close()
      await project[Symbol.asyncDispose]()
      await redis[Symbol.asyncDispose]()
    },
  }
}

const TURN_MS = 20

/** Counts the turns of the event loop, at least TURN_MS apart: fewer than the time has, when the process is delayed. */
function turnsOfThisProcess() {
  const turns: number[] = []
  const timer = setInterval(() => turns.push(Date.now()), TURN_MS)
  onTestFinished(() => clearInterval(timer))
  return { between: (fromMs: number, toMs: number) => turns.filter((ms) => ms > fromMs && ms < toMs).length }
}

describe('a worker with process horses', () => {
  it('fails a job that blocks the CPU at its timeout, and runs the next one', async () => {
    await using test = await isolatedWorker()
    const turns = turnsOfThisProcess()
    const spin = await test.queue.enqueue('jobs.spin', [], { jobTimeout: 2 })
    const next = await test.queue.enqueue(ref<(x: number, y: number) => number>('./jobs#add'), [1, 2])
    const error = await spin.result({ timeout: patience(60) }).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'RQ_JOB_FAILED' })
    expect(String(error)).toContain('JobTimeoutError: Task exceeded maximum timeout value (2 seconds)')
    await spin.refresh()
    const [startedMs, endedMs] = [Number(spin.startedAt), Number(spin.endedAt)]
    expect(endedMs - startedMs).toBeGreaterThanOrEqual(2000)
    // The worker, which runs here, cannot be in time when this process stands still.
    expect(turns.between(startedMs, endedMs) * TURN_MS).toBeLessThan(3000)
    expect(await next.result({ timeout: patience(60) })).toBe(3)
  })

  it.each([
    ['never', 'JobTimeoutError: Task exceeded maximum timeout value (1 seconds)'],
    ['throwNull', 'null'],
    ['exit0', 'Work-horse terminated unexpectedly; exit code 0'],
    ['exit1', 'Work-horse terminated unexpectedly; exit code 1'],
    ['segfault', 'Work-horse terminated unexpectedly; signal SIGSEGV'],
    ['fails', 'RangeError: out of range'],
    ['missing', 'jobs.missing'],
  ])('ends a job that does "%s" in a defined state, and goes on', async (name, text) => {
    await using test = await isolatedWorker()
    const job = await test.queue.enqueue(`jobs.${name}`, [], { jobTimeout: name === 'never' ? 1 : 60 })
    const error = await job.result({ timeout: patience(60) }).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'RQ_JOB_FAILED' })
    expect((await job.latestResult())?.excString).toContain(text)
    expect(await job.getStatus()).toBe('failed')
    expect(await (await test.queue.enqueue('jobs.add', [20, 22])).result({ timeout: patience(60) })).toBe(42)
  })

  it('fails jobs with forged references without importing or calling anything, and continues', async () => {
    await using outside = await makeProject({})
    const canary = outside.path('canary')
    const evil = `import { writeFileSync } from 'node:fs'\nwriteFileSync(${JSON.stringify(canary)}, '')\nexport const run = () => {}`
    await writeFile(outside.path('evil.mjs'), evil)
    await using test = await isolatedWorker()
    await symlink(outside.path('evil.mjs'), test.project.path('linked.mjs'))
    const forged = [
      'node:child_process#execSync',
      'child_process.execSync',
      `./../${basename(outside.dir)}/evil#run`,
      `${outside.url('evil.mjs')}#run`,
      './linked#run',
      `data:text/javascript,${encodeURIComponent(evil)}#run`,
      './jobs#add.constructor',
    ]
    for (const [n, reference] of forged.entries()) {
      await test.forge(`forged-${n}`, reference, [`touch ${canary}`])
      const job = await test.queue.fetchJob(`forged-${n}`)
      await expect(job?.result({ timeout: patience(60) }), reference).rejects.toThrow('RQ_FUNCTION_NOT_ALLOWED')
      expect(await job?.getStatus()).toBe('failed')
    }
    expect(existsSync(canary)).toBe(false)
    expect(await (await test.queue.enqueue('jobs.add', [20, 22])).result({ timeout: patience(60) })).toBe(42)
  })

  it('keeps the result of a job whose rejection comes after it returned', async () => {
    await using test = await isolatedWorker()
    const job = await test.queue.enqueue('jobs.rejectLater')
    expect(await job.result({ timeout: patience(60) })).toBe('done')
    expect(await (await test.queue.enqueue('jobs.add', [1, 1])).result({ timeout: patience(60) })).toBe(2)
  })

  it('fails a job whose value cannot be serialized', async () => {
    await using test = await isolatedWorker()
    const job = await test.queue.enqueue('jobs.unserializable')
    await expect(job.result({ timeout: patience(60) })).rejects.toThrow(
      'RqError [RQ_SERIALIZATION]: Cannot store the return value of jobs.unserializable: Cannot serialize value: it is a',
    )
  })

  it('gives a job access to itself, and stores its meta', async () => {
    await using test = await isolatedWorker()
    const job = await test.queue.enqueue('aware.remember', [], { description: 'a note' })
    expect(await job.result({ timeout: patience(60) })).toEqual(['a note', true])
    expect((await test.queue.fetchJob(job.id))?.meta).toEqual({ seen: job.id })
  })

  it('stores the line that threw', async () => {
    await using test = await isolatedWorker()
    const job = await test.queue.enqueue('jobs.fails')
    const error = await job.result({ timeout: patience(60) }).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(JobFailedError)
    expect((error as JobFailedError).remoteStack).toMatch(/jobs\.mjs:\d+:\d+/)
    expect((error as JobFailedError).remoteStack).toContain('the reason')
  })

  it(`runs ${MANY} jobs through two horses with every result right`, async () => {
    await using test = await isolatedWorker({ concurrency: 2 })
    const numbers = Array.from({ length: MANY }, (_, n) => n)
    const jobs = await test.queue.enqueueMany(numbers.map((n) => Queue.prepareData('jobs.add', [n, 1])))
    const results = await Promise.all(jobs.map((job) => job.result({ timeout: patience(60) })))
    expect(results).toEqual(numbers.map((n) => n + 1))
    expect(await test.queue.count()).toBe(0)
    expect(await test.queue.startedJobRegistry.count()).toBe(0)
  })
})
