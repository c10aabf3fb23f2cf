import { hostname } from 'node:os'
import { eventually, makeProject, patience, redisFixture } from '@rq/testkit'
import { describe, expect, it } from 'vitest'
import { Queue, Scheduler, Worker } from '../src/index.ts'

describe('scheduled jobs', () => {
  it('run when they are due, in a worker with a scheduler', async () => {
    await using redis = await redisFixture()
    await using project = await makeProject({ 'jobs.mjs': 'export const now = () => Date.now()' })
    const where = { connection: redis.url, prefix: redis.prefix }
    await using queue = new Queue('default', where)
    // Not in the past when it is sent, however long that takes: such a job would not be scheduled.
    const job = await queue.enqueueAt(new Date(Date.now() + 3_600_000), 'jobs.now')
    expect(await job.getStatus()).toBe('scheduled')
    const dueMs = Date.now() + 1200
    await job.reschedule(new Date(dueMs))
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
    await eventually(async () => expect(await queue.getJobIds()).toEqual(['soon']))
    await scheduler.stop()
  })
})

describe('Scheduler.fetch', () => {
  it('reads what a scheduler has written about itself', async () => {
    await using redis = await redisFixture()
    const where = { connection: redis.url, prefix: redis.prefix }
    const reading = { connection: redis.client, prefix: redis.prefix }
    const code = 'RQ_NO_SUCH_SCHEDULER'
    await expect(Scheduler.fetch('main', reading)).rejects.toMatchObject({ code })
    const scheduler = new Scheduler(['high', 'low'], { ...where, name: 'main' })
    await scheduler.start()
    await eventually(() => expect(scheduler.ledQueues).toEqual(['high', 'low']))
    const info = await Scheduler.fetch('main', reading)
    expect(info).toMatchObject({ name: 'main', pid: process.pid, queueNames: ['high', 'low'], hostname: hostname() })
    expect(Number(info.lastHeartbeat)).toBeGreaterThanOrEqual(Number(info.createdAt))
    await scheduler.stop()
    await expect(Scheduler.fetch('main', reading)).rejects.toMatchObject({ code })
  })

  it("reads the record of Python's scheduler", async () => {
    await using redis = await redisFixture()
    await redis.client.hset(`${redis.prefix}scheduler:6f1a`, {
      ...{ name: '6f1a', hostname: 'h', pid: '7', queues: 'a,b' },
      ...{ created_at: '2026-11-24T01:02:03.000004Z', last_heartbeat: '2026-11-24T01:02:04.500000Z' },
    })
    const info = await Scheduler.fetch('6f1a', { connection: redis.client, prefix: redis.prefix })
    expect(info).toMatchObject({ name: '6f1a', hostname: 'h', pid: 7, queueNames: ['a', 'b'] })
    expect(info.lastHeartbeat).toEqual(new Date('2026-11-24T01:02:04.500Z'))
  })
})
