import { access, rm, writeFile } from 'node:fs/promises'
import { eventually, makeProject, redisFixture } from '@rq/testkit'
import { type Job, Queue } from 'rq'
import { expect, test } from 'vitest'
import { run, start } from './program.ts'

/** A job module: `version` says which text of it runs, and `hold` runs until the file `go` is there. */
const jobs = (n: number) => `
import { existsSync, writeFileSync } from 'node:fs'
import { part } from './lib/part.mjs'
export const version = () => [${n}, part]
export const hold = async () => {
  writeFileSync('held', '')
  while (!existsSync('go')) await new Promise((resolve) => setTimeout(resolve, 20))
  return ${n}
}
`
const part = (n: number) => `export const part = ${n}`

/** A project of jobs with a worker that watches it. */
async function openSite(...args: string[]) {
  const redis = await redisFixture()
  const project = await makeProject({ 'jobs.mjs': jobs(1), 'lib/part.mjs': part(1), 'setup.mjs': '' })
  const queue = new Queue('default', { connection: redis.url, prefix: redis.prefix })
  const options = { cwd: project.dir, env: { RQ_REDIS_URL: redis.url } }
  const worker = start(['worker', '--watch', '--prefix', redis.prefix, ...args], options)
  await worker.output(/started, listening on/)
  return {
    worker,
    queue,
    path: project.path,
    write: (name: string, text: string) => writeFile(project.path(name), text),
    version: async () => (await queue.enqueue('jobs.version')).result({ timeout: 60 }),
    hold: async (): Promise<Job> => {
      await rm(project.path('held'), { force: true })
      const job = await queue.enqueue('jobs.hold')
      await eventually(() => access(project.path('held')).then(() => true))
      return job
    },
    async [Symbol.asyncDispose]() {
      await worker[Symbol.asyncDispose]()
      await queue.close()
      await project[Symbol.asyncDispose]()
      await redis[Symbol.asyncDispose]()
    },
  }
}

test.each(['process', 'thread'])('--watch runs changed modules in new horses (%s)', async (horse) => {
  await using at = await openSite('--horse', horse)
  expect(await at.version()).toEqual([1, 1])
  await at.write('jobs.mjs', jobs(2))
  await at.worker.output(/jobs\.mjs changed: new work-horses run the next jobs/)
  expect(await at.version()).toEqual([2, 1])
  // A module that only jobs import.
  await at.write('lib/part.mjs', part(2))
  await at.worker.output(/part\.mjs changed/)
  expect(await at.version()).toEqual([2, 2])
})

test('--watch lets a running job end with the modules that it has, and loses none that wait behind it', async () => {
  await using at = await openSite()
  const running = await at.hold()
  const datas = Array.from({ length: 30 }, () => Queue.prepareData('jobs.version'))
  const waiting = await at.queue.enqueueMany(datas)
  await at.write('jobs.mjs', jobs(2))
  await at.worker.output(/jobs\.mjs changed/)
  await at.write('go', '')
  expect(await running.result({ timeout: 60 })).toBe(1)
  for (const job of waiting) expect(await job.result({ timeout: 60 })).toEqual([2, 1])
  for (const job of [running, ...waiting]) {
    expect((await job.results()).map(({ type }) => type)).toEqual(['successful'])
  }
})

test('--watch waits for a change when no horse can be started', async () => {
  await using at = await openSite('--import', './setup.mjs')
  expect(await at.version()).toEqual([1, 1])
  await at.write('setup.mjs', 'this is no module')
  await at.worker.output(/No work-horse could be started[\s\S]*Waiting for a change of a module/)
  const job = await at.queue.enqueue('jobs.version')
  await at.write('setup.mjs', '')
  expect(await job.result({ timeout: 60 })).toEqual([1, 1])
})

test.each(['worker', 'worker-pool'])('%s refuses --watch with inline horses', async (command) => {
  const ended = await run(['--url', 'redis://127.0.0.1:1', command, '--watch', '--horse', 'inline'])
  expect(ended.code).toBe(2)
  expect(ended.stderr).toMatch(/^Error: Invalid --watch: got true, expected false with inline horses/)
})
