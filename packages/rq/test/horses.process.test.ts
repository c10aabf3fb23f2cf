import { eventually, httpServer, makeProject, redisFixture } from '@rq/testkit'
import { expect, it } from 'vitest'
import { Dependency, Queue, Webhook, Worker, WorkerPool } from '../src/index.ts'
import { nothing } from './functions.ts'
import { LOCAL_WEBHOOKS, rqFixture } from './rq-fixture.ts'

const JOBS = `
export const die = () => process.kill(process.pid, 'SIGKILL')
export const now = () => Date.now()
`

it('a dependent is released after a horse was killed, if failure is allowed', async () => {
  await using at = await rqFixture()
  await using project = await makeProject({ 'jobs.mjs': JOBS })
  const parent = await at.queue.enqueue('jobs.die')
  const dependsOn = new Dependency({ jobs: parent, allowFailure: true })
  const child = await at.queue.enqueue(nothing, [], { dependsOn })
  await new Worker('default', { ...at.where, importPaths: [project.dir] }).work({ burst: true, maxJobs: 1 })
  expect([await parent.getStatus(), await child.getStatus()]).toEqual(['failed', 'queued'])
})

it('a webhook is called by the worker when its horse was killed', async () => {
  await using at = await rqFixture()
  await using server = await httpServer()
  await using project = await makeProject({ 'jobs.mjs': JOBS })
  const job = await at.queue.enqueue('jobs.die', [], {
    webhooks: [new Webhook(server.url, 'failed', { method: 'POST' })],
  })
  const worker = new Worker('default', { ...at.where, importPaths: [project.dir], webhooks: LOCAL_WEBHOOKS })
  await worker.work({ burst: true })
  expect(await job.isFailed()).toBe(true)
  expect(JSON.parse(server.heard[0]?.body ?? '')).toMatchObject({
    func_name: 'jobs.die',
    exc_info: expect.stringContaining('Work-horse terminated unexpectedly'),
  })
})

it('scheduled jobs that are due run in the burst of a pool', async () => {
  await using redis = await redisFixture()
  await using project = await makeProject({ 'jobs.mjs': JOBS })
  await using queue = new Queue('default', { connection: redis.url, prefix: redis.prefix })
  const due = new Date(Date.now() + 50)
  const job = await queue.enqueueAt(due, 'jobs.now')
  await eventually(() => Date.now() > due.getTime())
  await new WorkerPool([queue], { importPaths: [project.dir] }).start({ burst: true })
  expect(await job.getStatus()).toBe('finished')
})
