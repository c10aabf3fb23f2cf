import { makeProject, patience, redisFixture } from '@rq/testkit'
import { describe, expect, it } from 'vitest'
import { Queue, Scheduler, Worker } from '../src/index.ts'

describe('scheduled jobs', () => {
  it('run when they are due, in a worker with a scheduler', async () => {
    await using redis = await redisFixture()
    await using project = await makeProject({ 'jobs.mjs': 'export const now = () => Date.now()' })
    const where = { connection: redis.url, prefix: redis.prefix }
    await using queue = new Queue('default', where)
    const dueMs = Date.now() + 1200
    const job = await queue.enqueueAt(new Date(dueMs), 'jobs.now')
    expect(await job.getStatus()).toBe('scheduled')
    const worker = new Worker([queue], { importPaths: [project.dir], horse: 'inline' })
    const working = worker.work({ withScheduler: true })
    expect(Number(await job.result({ timeout: patience(60) }))).toBeGreaterThanOrEqual(dueMs)
    await worker.stop()
    await working
  })

  it('are moved by a separate scheduler', async () => {
    await using redis = await redisFixture()
    const where = { connection: redis.url, prefix: redis.prefix }
    await using queue = new Queue('default', where)
    await queue.enqueueIn(0.1, 'jobs.now', [], { jobId: 'soon' })
    const scheduler = new Scheduler(['default'], where)
    await scheduler.start()
    await expect.poll(() => queue.getJobIds(), { timeout: 10_000 }).toEqual(['soon'])
    await scheduler.stop()
  })
})
