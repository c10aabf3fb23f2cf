import { existsSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { type Logger, silentLogger } from '@rq/core'
import { type EnqueueOptions, Retry } from '@rq/job'
import { Queue } from '@rq/queue'
import { RedisStorage } from '@rq/redis'
import { eventually, makeProject, patience, redisFixture, spawnNode } from '@rq/testkit'
import { expect, test } from 'vitest'
import { Worker, type WorkerOptions } from '../src/index.ts'
import { JOBS } from './jobs.ts'
import { leaseStorage, RENEWER } from './lease-storage.js'
import { nextEvent, running } from './running.ts'

const SCRIPT = new URL('./lone-worker.js', import.meta.url)

/** The thread of a worker has to start within its first lease, also on a busy machine. */
const LEASE_MS = patience(2000)
/** Where no lease may end: not even when the machine stands still for seconds. */
const LONG_LEASE_MS = patience(6000)

/** A queue, and inline workers for it: one in a process of its own, others here. */
async function fixture({ leaseMs = LEASE_MS } = {}) {
  const redis = await redisFixture()
  const project = await makeProject({ 'jobs.js': JOBS })
  const open: RedisStorage[] = []
  const storage = (role: 'worker' | 'producer') => {
    const one = new RedisStorage({ connection: redis.url, prefix: redis.prefix, role })
    open.push(one)
    return one
  }
  const marks = project.path('marks')
  const producer = storage('producer')
  const queue = new Queue('default', { storage: producer, serializer: 'json' })
  return {
    redis,
    project,
    storage: producer,
    runs: () => (existsSync(marks) ? readFileSync(marks, 'utf8').trim().split('\n').length : 0),
    block: (ms: number, options: EnqueueOptions = {}) => queue.enqueue('./jobs#markThenBlockFor', [marks, ms], options),
    enqueue: (name: string, args: unknown[]) => queue.enqueue(`./jobs#${name}`, args),
    /** A worker in a process of its own whose thread renews leases already. */
    async lone() {
      const lone = spawnNode(SCRIPT, [project.dir, redis.url, redis.prefix, 'inline', String(leaseMs)])
      await this.warmUp()
      return lone
    },
    /** Begin with a job that blocks nothing: the thread starts with it, which may take seconds on a busy machine. */
    async warmUp() {
      const { username } = new URL(redis.url)
      const first = await queue.enqueue('./jobs#add', [1, 2])
      await first.result({ timeout: patience(60) })
      const beats = new RegExp(` name=${RENEWER} .* cmd=evalsha user=${username} `)
      await eventually(async () => beats.test(String(await redis.client.client('LIST'))))
    },
    worker: (options: Partial<WorkerOptions> = {}) =>
      new Worker('default', {
        storage: storage('worker'),
        leaseStorage: leaseStorage(redis.url, redis.prefix),
        importPaths: [project.dir],
        processTitle: false,
        serializer: 'json',
        horse: 'inline',
        leaseMs,
        ...options,
      }),
    async [Symbol.asyncDispose]() {
      for (const one of open) await one.close()
      await project[Symbol.asyncDispose]()
      await redis[Symbol.asyncDispose]()
    },
  }
}

test.concurrent('a job that blocks the event loop for several leases is not taken for abandoned', async () => {
  await using ctx = await fixture({ leaseMs: LONG_LEASE_MS })
  await using lone = await ctx.lone()
  const job = await ctx.block(2 * LONG_LEASE_MS)
  await eventually(() => ctx.runs() === 1)
  const other = ctx.worker({ horse: 'process' })
  await using _ = running(other)
  expect(await job.result({ timeout: patience(60) })).toBe(2 * LONG_LEASE_MS)
  expect(ctx.runs()).toBe(1)
  expect(lone.stdout).not.toContain('lost')
  await job.refresh()
  expect(job.toRecord().abandonedCount).toBeUndefined()
})

test.concurrent.each(['SIGKILL', 'SIGSTOP'] as const)(
  'a loop that is blocked does not outlive its process: after %s others take the job over',
  async (signal) => {
    await using ctx = await fixture()
    await using lone = await ctx.lone()
    const job = await ctx.block(LEASE_MS, { retry: new Retry({ max: 1 }) })
    await eventually(() => ctx.runs() === 1)
    lone.kill(signal)
    const other = ctx.worker({ horse: 'process' })
    await using _ = running(other)
    expect(await job.result({ timeout: patience(60) })).toBe(LEASE_MS)
    expect(ctx.runs()).toBe(2)
  },
)

test.concurrent('a worker that stood still for longer than a lease does not take its own job for abandoned', async () => {
  await using ctx = await fixture()
  await using lone = await ctx.lone()
  const release = ctx.project.path('release')
  const job = await ctx.enqueue('waitUntil', [release])
  const isLeased = async () => {
    const [lease] = await ctx.storage.jobs.executions(job.id)
    return lease !== undefined && lease.leaseEndsMs > Date.now()
  }
  await eventually(isLeased)
  for (let n = 0; n < 3; n++) {
    lone.kill('SIGSTOP')
    await eventually(async () => !(await isLeased()))
    lone.kill('SIGCONT')
    await eventually(isLeased)
  }
  await writeFile(release, '')
  expect(await job.result({ timeout: patience(60) })).toBe('done')
  await job.refresh()
  expect(job.toRecord().abandonedCount).toBeUndefined()
})

test.concurrent('a loop that is blocked for longer than its jobs may run is given up, and hears that it lost the job', async () => {
  await using ctx = await fixture()
  await using lone = await ctx.lone()
  // It may run for 1 s, and after one lease more its lease is left to itself.
  const job = await ctx.block(5 * LEASE_MS, { jobTimeout: 1 })
  await eventually(() => ctx.runs() === 1)
  const other = ctx.worker({ horse: 'process' })
  await using _ = running(other)
  const [result] = await eventually(async () => {
    const results = await job.results()
    expect(results).toHaveLength(1)
    return results
  })
  expect(result?.excString).toContain('AbandonedJobError')
  await lone.output(new RegExp(`lost ${job.id}`), 40_000)
  expect(await job.results()).toHaveLength(1)
})

test('the thread renews while a job blocks, says so afterwards, and ends with the worker, which leaves no record', async () => {
  await using ctx = await fixture()
  const lines: string[] = []
  const logger: Logger = { ...silentLogger, warn: (line) => void lines.push(line), child: () => logger }
  const worker = ctx.worker({ logger })
  const working = worker.work()
  await ctx.warmUp()
  const job = await ctx.block(2 * LEASE_MS)
  expect(await job.result({ timeout: patience(60) })).toBe(2 * LEASE_MS)
  await eventually(() => lines.some((line) => line.includes('blocked the event loop')))
  await worker.stop()
  await working
  // A heartbeat that came after its farewell would have registered it again. The farewell may be late, too.
  await eventually(async () => !String(await ctx.redis.client.client('LIST')).includes(` name=${RENEWER} `))
  await eventually(async () => expect(await ctx.storage.workers.workers()).toEqual([]))
  expect((await ctx.redis.keys()).filter((key) => key.includes('execution'))).toEqual([])
})

test.concurrent('where the thread cannot work, the event loop renews the leases', async () => {
  await using ctx = await fixture({ leaseMs: LONG_LEASE_MS })
  const job = await ctx.enqueue('wait', [2 * LONG_LEASE_MS])
  const warnings: string[] = []
  const logger: Logger = { ...silentLogger, warn: (line) => void warnings.push(line), child: () => logger }
  const source = { module: 'node:nowhere', export: 'horseStorage', options: {} }
  const worker = ctx.worker({ leaseStorage: source, logger })
  const other = ctx.worker({ horse: 'process' })
  const begun = nextEvent(worker, 'job:started')
  const working = [worker.work()]
  await begun
  working.push(other.work())
  expect(await job.result({ timeout: patience(60) })).toBe(2 * LONG_LEASE_MS)
  await job.refresh()
  expect(job.toRecord().abandonedCount).toBeUndefined()
  expect(warnings.filter((line) => line.includes('thread that renews leases failed'))).toHaveLength(1)
  await Promise.all([worker.stop(), other.stop()])
  await Promise.all(working)
})
