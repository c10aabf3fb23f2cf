import { existsSync, readFileSync } from 'node:fs'
import { eventually, makeProject, patience, redisFixture, spawnNode } from '@rq/testkit'
import { expect, it } from 'vitest'
import { Queue, Retry, Worker, WorkerPool } from '../src/index.ts'

const JOBS = `
import { appendFileSync, existsSync } from 'node:fs'
export const add = (x, y) => x + y
export function spinOnce(file) {
  if (existsSync(file)) return 'second'
  appendFileSync(file, 'first')
  for (;;);
}
export function killWorker(file) {
  appendFileSync(file, 'x')
  process.kill(process.ppid, 'SIGKILL')
  for (;;);
}
`

/** A worker with the settings that everybody has, in a process of its own. */
const SCRIPT = `
import { Worker } from 'rq'
const [, , connection, prefix, folder] = process.argv
await new Worker('default', { connection, prefix, importPaths: [folder] }).work()
`

it("takes a dead worker's job over with default settings, once, and takes one from its retries", async () => {
  await using redis = await redisFixture()
  await using project = await makeProject({ 'jobs.mjs': JOBS, 'worker.mjs': SCRIPT }, { packages: ['rq'] })
  const where = { connection: redis.url, prefix: redis.prefix }
  await using queue = new Queue('default', where)
  const mark = project.path('mark')
  const job = await queue.enqueue('jobs.spinOnce', [mark], { retry: new Retry({ max: 2 }) })
  await using doomed = spawnNode(project.path('worker.mjs'), [redis.url, redis.prefix, project.dir])
  await eventually(() => existsSync(mark))
  // Two who could recover it, and only one may.
  const others = [1, 2].map(() => new Worker(queue, { importPaths: [project.dir] }))
  const heard: string[] = []
  for (const other of others) other.on('job:abandoned', ({ jobId }) => heard.push(jobId))
  const working = others.map((other) => other.work())
  doomed.kill('SIGKILL')
  await doomed.exited
  const [held] = await job.getExecutions()
  const [seconds = 0, microseconds = 0] = (await redis.client.time()).map(Number)
  // The others look for ended leases every 5 s (`duties.test.ts` in the worker), so the job waits 20 s at most.
  expect(Number(held?.leaseEndsAt) - (seconds * 1000 + microseconds / 1000)).toBeLessThanOrEqual(15_000)
  expect(await job.result({ timeout: patience(60) })).toBe('second')
  await job.refresh()
  expect(job.retriesLeft).toBe(1)
  await Promise.all(others.map((other) => other.stop()))
  await Promise.all(working)
  expect(heard).toEqual([job.id])
})

it('fails a job that has killed three workers, even with retries left, and continues with others', async () => {
  await using redis = await redisFixture()
  await using project = await makeProject({ 'jobs.mjs': JOBS })
  const where = { connection: redis.url, prefix: redis.prefix }
  await using queue = new Queue('default', where)
  const deaths = project.path('deaths')
  const poison = await queue.enqueue('jobs.killWorker', [deaths], { retry: new Retry({ max: 10 }) })
  const options = { numWorkers: 1, importPaths: [project.dir], leaseMs: 1000, onAbandoned: 'requeue' as const }
  const pool = new WorkerPool(queue, options)
  const running = pool.start({ withScheduler: false })
  await eventually(async () => expect(await poison.getStatus()).toBe('failed'))
  expect(readFileSync(deaths, 'utf8')).toBe('xxx')
  expect((await poison.latestResult())?.excString).toContain(
    'This was the 3rd worker that was lost with this job, so it is not run again.',
  )
  const other = await queue.enqueue('jobs.add', [1, 2])
  expect(await other.result({ timeout: patience(60) })).toBe(3)
  expect(readFileSync(deaths, 'utf8')).toBe('xxx')
  await pool.stop()
  await running
})

/** Bytes from Redis that hold this word kill the process that reads them, as an exhausted memory would. */
const FRAGILE = `
import { Socket } from 'node:net'
import { Worker } from 'rq'
const [, , connection, prefix, folder] = process.argv
const { push } = Socket.prototype
Socket.prototype.push = function (chunk, ...rest) {
  if (chunk?.includes?.('DEADLY')) process.kill(process.pid, 'SIGKILL')
  return push.call(this, chunk, ...rest)
}
await new Worker('default', { connection, prefix, importPaths: [folder], leaseMs: 1000 }).work()
`

it('fails a job whose arguments kill each worker that reads them, after the third one, and runs the others', async () => {
  await using redis = await redisFixture()
  await using project = await makeProject({ 'jobs.mjs': JOBS, 'worker.mjs': FRAGILE }, { packages: ['rq'] })
  await using queue = new Queue('default', { connection: redis.url, prefix: redis.prefix })
  const deadly = await queue.enqueue('jobs.add', [`DEADLY${'x'.repeat(100_000)}`, 1], {
    description: 'one that is read by nobody',
    retry: new Retry({ max: 10 }),
  })
  // A worker may die while it runs one of these.
  const retry = new Retry({ max: 2 })
  const others = await queue.enqueueMany([1, 2, 3].map((n) => Queue.prepareData('jobs.add', [n, 1], { retry })))
  const start = () => spawnNode(project.path('worker.mjs'), [redis.url, redis.prefix, project.dir])
  for (let death = 1; death <= 3; death++) {
    await using worker = start()
    expect((await worker.exited).signal, `worker ${death}`).toBe('SIGKILL')
  }
  await using _ = start()
  await eventually(async () => expect(await deadly.getStatus()).toBe('failed'))
  expect((await deadly.latestResult())?.excString).toContain('This was the 3rd worker that was lost with this job')
  for (const [n, other] of others.entries()) expect(await other.result({ timeout: patience(60) })).toBe(n + 2)
})
