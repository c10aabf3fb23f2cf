import { readFile } from 'node:fs/promises'
import { makeProject, redisFixture } from '@rq/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type HorseEnv, Queue, Worker } from '../src/index.ts'

const CANARY = 'canary-of-the-environment'

const JOBS = `
import { appendFileSync, readdirSync, readFileSync, readlinkSync, writeSync } from 'node:fs'
import { inspect } from 'node:util'
import { getCurrentJob, Queue } from 'rq'

const tried = (work) => { try { return work() } catch (error) { return String(error) } }

/** All that a job finds in its own process. */
export function look() {
  const job = getCurrentJob()
  return inspect([
    process.env,
    process.argv,
    process.execArgv,
    process.title,
    tried(() => readFileSync('/proc/self/environ', 'latin1')),
    tried(() => readFileSync('/proc/self/cmdline', 'latin1')),
    tried(() => readdirSync('/proc/self/fd').map((fd) => tried(() => readlinkSync('/proc/self/fd/' + fd)))),
    job,
    Object.getOwnPropertySymbols(globalThis).map((symbol) => globalThis[symbol]),
  ], { depth: 20, showHidden: true, maxStringLength: null, maxArrayLength: null })
}

export const variables = () => Object.keys(process.env).sort()

/** Works with itself and what it depends on; anything else is refused. */
export async function reach(other) {
  const job = getCurrentJob()
  job.meta.seen = true
  await job.saveMeta()
  const [before] = await job.fetchDependencies()
  const done = [await job.getStatus(), await before.returnValue(), await job.getMeta()]
  const refused = []
  for (const forbidden of [() => job.cancel(), () => job.delete(), () => job.requeue(), () => before.delete()]) {
    await forbidden().catch((error) => refused.push(error.code))
  }
  // As a hostile job: past our classes.
  writeSync(4, JSON.stringify({ type: 'call', call: 999, port: 'jobs', method: 'delete', args: [{ jobId: other }] }) + '\\n')
  await job.getStatus()
  return [done, refused]
}

export const enqueue = async (prefix) => {
  const queue = new Queue('other', { prefix })
  const { id } = await queue.enqueue('jobs.variables', [], { jobId: 'enqueued' })
  await queue.close()
  return id
}

export const after = (job, connection) => appendFileSync(new URL('after', import.meta.url), typeof connection + ' ')
`

describe('horseEnv', () => {
  const variable = process.env.RQ_REDIS_URL
  beforeEach(() => {
    process.env.RQ_REDIS_URL = `redis://:${CANARY}@localhost`
  })
  afterEach(() => {
    if (variable === undefined) delete process.env.RQ_REDIS_URL
    else process.env.RQ_REDIS_URL = variable
  })

  async function run(horseEnv: HorseEnv, horse: 'process' | 'thread', work: (queue: Queue) => Promise<void>) {
    await using redis = await redisFixture()
    await using project = await makeProject({ 'jobs.mjs': JOBS }, { packages: ['rq'] })
    const where = { connection: redis.url, prefix: redis.prefix }
    await using queue = new Queue('default', where)
    const worker = new Worker('default', { ...where, horse, horseEnv, importPaths: [project.dir] })
    const working = worker.work()
    try {
      await work(queue)
    } finally {
      await worker.stop()
      await working
    }
    const connections = await readFile(project.path('after'), 'utf8').catch(() => '')
    return { passwords: [CANARY, new URL(redis.url).password], connections }
  }

  it('clean: a job finds no secret of its worker in its process, and reaches only its own through it', async () => {
    let seen = ''
    const { connections, passwords } = await run('clean', 'process', async (queue) => {
      const look = await queue.enqueue('jobs.look', [], { onSuccess: './jobs#after' })
      seen = String(await look.result())
      const other = await queue.enqueueIn('1h', 'jobs.variables')
      const reach = await queue.enqueue('jobs.reach', [other.id], { dependsOn: look })
      expect(await reach.result()).toEqual([['started', seen, { seen: true }], Array(4).fill('RQ_INVALID_OPERATION')])
      expect(await other.getStatus()).toBe('scheduled')
      await other.delete()
    })
    expect(seen).toContain('PATH')
    for (const password of passwords) {
      expect(password.length).toBeGreaterThan(5)
      expect(seen).not.toContain(password)
    }
    expect(connections).toBe('undefined ')
  })

  it('an object: a job has exactly these variables, with which it can enqueue', async () => {
    await using redis = await redisFixture()
    await using project = await makeProject({ 'jobs.mjs': JOBS }, { packages: ['rq'] })
    const where = { connection: redis.url, prefix: redis.prefix }
    await using queue = new Queue('default', where)
    const variables = await queue.enqueue('jobs.variables')
    const enqueue = await queue.enqueue('jobs.enqueue', [redis.prefix])
    const horseEnv = { RQ_REDIS_URL: redis.url, A: '1' }
    await new Worker('default', { ...where, horseEnv, importPaths: [project.dir] }).work({ burst: true })
    expect(await variables.result()).toEqual(['A', 'RQ_REDIS_URL'])
    expect(await enqueue.result()).toBe('enqueued')
    expect(await redis.client.lrange(`${redis.prefix}queue:other`, 0, -1)).toEqual(['enqueued'])
  })

  it('clean: in a thread, too, as far as its own environment goes', async () => {
    await run('clean', 'thread', async (queue) => {
      const names = (await (await queue.enqueue('jobs.variables')).result()) as string[]
      expect(names).toContain('PATH')
      expect(names).not.toContain('RQ_REDIS_URL')
    })
  })

  it('is refused with inline horses', () => {
    const make = () => new Worker('q', { connection: 'redis://localhost:1', horse: 'inline', horseEnv: 'clean' })
    expect(make).toThrow('Invalid horseEnv: got "clean", expected \'inherit\' with inline horses')
  })
})
