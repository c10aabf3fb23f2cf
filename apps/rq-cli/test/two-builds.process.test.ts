import { eventually, makeProject, type RedisFixture, redisFixture, spawnNode, type TempDir } from '@rq/testkit'
import { type Job, Queue } from 'rq'
import { expect, test } from 'vitest'
import { start } from './program.ts'

/** Jobs of each function that a producer enqueues. */
const EACH = 4
const RETRIES = 2

/** The functions of the build before a deploy, and of the one after it: see docs/guide/deploys.md. */
const OLD = `
export const send = (to) => ['old', to]
export const invoice = ({ cents }) => ['old', cents]
export const farewell = (to) => ['old', to]
`
const NEW = `
export const sendMail = (to) => ['new', to]
/** Its old name. */
export { sendMail as send }
export const invoice = (input) => ['new', 'v' in input ? input.amount.cents : input.cents]
export const welcome = (to, subject) => ['new', to + ': ' + subject]
`

/** Enqueues calls of the functions of its own build, and prints the ids. */
const producer = (calls: string) => `
import { Queue } from 'rq'
import * as jobs from './jobs.mjs'

const [connection, prefix] = process.argv.slice(2)
const queue = new Queue('default', { connection, prefix })
const ids = []
for (let n = 0; n < ${EACH}; n++) {
  for (const [func, ...args] of ${calls}) {
    ids.push((await queue.enqueue(func, args, { retry: ${RETRIES} })).id)
  }
}
console.log(JSON.stringify(ids))
await queue.close()
`
const OLD_PRODUCER = producer("[[jobs.send, 'ann'], [jobs.invoice, { cents: 7 }], [jobs.farewell, 'bob']]")
const NEW_PRODUCER = producer(
  "[[jobs.sendMail, 'ann'], [jobs.invoice, { v: 2, amount: { cents: 7 } }], [jobs.welcome, 'cy', 'Hi']]",
)

const buildOf = (jobs: string, produce: string): Promise<TempDir> =>
  makeProject({ 'jobs.mjs': jobs, 'produce.mjs': produce }, { packages: ['rq'] })

async function produce({ dir, path }: TempDir, { prefix, url }: RedisFixture): Promise<string[]> {
  await using program = spawnNode(path('produce.mjs'), [url, prefix], { cwd: dir })
  const { code, stderr, stdout } = await program.exited
  expect(code, stderr).toBe(0)
  return JSON.parse(stdout) as string[]
}

function work({ dir }: TempDir, { prefix, url }: RedisFixture, returnFor: string) {
  const args = ['worker', '--prefix', prefix, '--return-unknown', returnFor, '--concurrency', '2']
  return start(args, { cwd: dir, env: { RQ_REDIS_URL: url } })
}

/** How often the test ends the pauses of jobs that were returned. Each counts as if it had been waited for. */
const OFTEN = { intervalMs: 500 }

const GOES_BACK = /This build does not have the function of the job, which goes back for another one, next in \d+ s/

test('old and new producers and workers side by side: each job runs once, in a build that has its function', async () => {
  await using redis = await redisFixture()
  await using oldBuild = await buildOf(OLD, OLD_PRODUCER)
  await using newBuild = await buildOf(NEW, NEW_PRODUCER)
  const queue = new Queue('default', { connection: redis.url, prefix: redis.prefix })
  const fetched = async (ids: readonly string[]): Promise<Job[]> => {
    const jobs = await Promise.all(ids.map((id) => queue.fetchJob(id)))
    return jobs.filter((job) => job !== null)
  }

  // A new producer before the first new worker.
  await using oldWorker = work(oldBuild, redis, '1d')
  const early = await produce(newBuild, redis)
  await oldWorker.output(GOES_BACK)
  await eventually(async () => expect(await queue.scheduledJobRegistry.count()).toBeGreaterThan(0))
  expect(await queue.failedJobRegistry.count()).toBe(0)

  // Both builds at once.
  await using newWorker = work(newBuild, redis, '1d')
  const both = (await Promise.all([produce(oldBuild, redis), produce(newBuild, redis)])).flat()
  const jobs = await fetched([...early, ...both])
  expect(jobs).toHaveLength(3 * 3 * EACH)
  await eventually(async () => {
    // Chance decides which worker takes a job next: the test does not wait for long pauses.
    await queue.scheduledJobRegistry.requeueAll()
    expect(await queue.finishedJobRegistry.count()).toBe(jobs.length)
  }, OFTEN)
  const results = await Promise.all(jobs.map((job) => job.returnValue()))

  for (const [index, job] of jobs.entries()) {
    await job.refresh()
    const [build, value] = results[index] as [string, unknown]
    const name = String(job.funcName)
    expect([job.attempt, job.retriesLeft, (await job.results()).map(({ type }) => type)], name).toEqual([
      1,
      RETRIES,
      ['successful'],
    ])
    if (/#(farewell|send)$/.test(name)) expect(value, name).toMatch(/^(ann|bob)$/)
    if (name.endsWith('#farewell')) expect(build).toBe('old')
    if (/#(welcome|sendMail)$/.test(name)) expect(build, name).toBe('new')
    if (name.endsWith('#invoice') && build === 'new') expect(value).toBe(7)
  }
  expect(await queue.counts()).toMatchObject({ queued: 0, started: 0, scheduled: 0, deferred: 0, failed: 0 })
  for (const worker of [oldWorker, newWorker]) worker.child.kill('SIGTERM')
  expect([(await oldWorker.exited).code, (await newWorker.exited).code]).toEqual([0, 0])
  await queue.close()
})

test('a job of a build that never comes fails when its time is over, and is found and run again', async () => {
  await using redis = await redisFixture()
  await using oldBuild = await buildOf(OLD, OLD_PRODUCER)
  await using newBuild = await buildOf(NEW, NEW_PRODUCER)
  const queue = new Queue('default', { connection: redis.url, prefix: redis.prefix })
  const job = await queue.enqueue('./jobs#welcome', ['cy', 'Hi'], { retry: RETRIES })
  await using oldWorker = work(oldBuild, redis, '2s')
  await eventually(async () => expect(await job.isFailed()).toBe(true))
  await job.refresh()
  expect([job.attempt, job.retriesLeft]).toEqual([1, RETRIES])
  expect((await job.latestResult())?.error).toMatchObject({ code: 'RQ_FUNCTION_NOT_FOUND' })
  oldWorker.child.kill('SIGTERM')
  expect((await oldWorker.exited).code).toBe(0)

  await using newWorker = work(newBuild, redis, '10m')
  await using requeue = start(
    ['requeue', '--prefix', redis.prefix, '--all', '--yes', '--error', 'RQ_FUNCTION_NOT_FOUND'],
    {
      env: { RQ_REDIS_URL: redis.url },
    },
  )
  expect((await requeue.exited).stdout).toBe('1 job requeued to their queues\n')
  expect(await job.result({ timeout: 60 })).toEqual(['new', 'cy: Hi'])
  newWorker.child.kill('SIGTERM')
  expect((await newWorker.exited).code).toBe(0)
  await queue.close()
})
