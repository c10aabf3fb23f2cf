import { eventually, faultProxy, makeProject, redisFixture } from '@rq/testkit'
import { describe, expect, it } from 'vitest'
import { CronScheduler, cron, Queue, Worker } from '../src/index.ts'

const JOBS = 'export const now = () => Date.now()\nexport const kind = (name) => name\n'

describe('scheduled jobs', () => {
  it('that are due run in a burst with a scheduler, which leaves no lock', async () => {
    await using redis = await redisFixture()
    await using project = await makeProject({ 'jobs.mjs': JOBS })
    const where = { connection: redis.url, prefix: redis.prefix }
    await using queue = new Queue('default', where)
    const job = await queue.enqueueIn(0.05, 'jobs.now')
    const worker = new Worker([queue], { importPaths: [project.dir], horse: 'inline' })
    await eventually(async () => {
      await worker.work({ burst: true, withScheduler: true })
      return job.isFinished()
    })
    expect((await redis.keys()).filter((key) => key.includes('scheduler'))).toEqual([])
  })

  it('stay scheduled without a scheduler', async () => {
    await using redis = await redisFixture()
    await using queue = new Queue('default', { connection: redis.url, prefix: redis.prefix })
    const job = await queue.enqueueIn(0.01, 'jobs.now')
    await new Worker([queue], { horse: 'inline' }).work({ burst: true, withScheduler: false, maxIdleTime: 0.1 })
    expect(await job.getStatus()).toBe('scheduled')
  })

  it('can be rescheduled, enqueued at once, canceled and deleted', async () => {
    await using redis = await redisFixture()
    await using queue = new Queue('default', { connection: redis.url, prefix: redis.prefix })
    const { scheduledJobRegistry: scheduled } = queue
    const [later, soon, canceled, deleted] = await Promise.all(
      ['later', 'soon', 'canceled', 'deleted'].map((jobId) => queue.enqueueIn('1h', 'jobs.now', [], { jobId })),
    )
    const when = new Date(Date.now() + 7_200_000)
    await later?.reschedule(when)
    expect(await scheduled.getScheduledTime('later')).toEqual(when)
    await scheduled.requeue('soon')
    await canceled?.cancel()
    await deleted?.delete()
    expect(await soon?.getStatus()).toBe('queued')
    expect(await scheduled.getJobIds()).toEqual(['later'])
    await expect(soon?.reschedule(when)).rejects.toMatchObject({ code: 'RQ_INVALID_OPERATION' })
    await expect(scheduled.requeue('soon')).rejects.toMatchObject({ code: 'RQ_INVALID_OPERATION' })
    await expect(later?.reschedule('tomorrow')).rejects.toMatchObject({ code: 'RQ_INVALID_OPTION' })
    await expect(later?.requeue()).rejects.toMatchObject({ code: 'RQ_INVALID_OPERATION' })
  })

  it('respect unique, dependencies, atFront, and a time in the past', async () => {
    await using redis = await redisFixture()
    await using queue = new Queue('default', { connection: redis.url, prefix: redis.prefix })
    await queue.enqueueIn('1h', 'jobs.now', [], { jobId: 'one', unique: true })
    await expect(queue.enqueueIn('2h', 'jobs.now', [], { jobId: 'one', unique: true })).rejects.toMatchObject({
      code: 'RQ_DUPLICATE_JOB',
    })
    const parent = await queue.enqueue('jobs.now')
    const child = await queue.enqueueAt('2001-01-01T00:00:00', 'jobs.now', [], { dependsOn: parent })
    expect(await child.getStatus()).toBe('deferred')
    const first = await queue.enqueueAt(new Date(0), 'jobs.now', [], { atFront: true })
    expect(await queue.getJobIds()).toEqual([first.id, parent.id])
  })
})

describe('a worker with a scheduler', () => {
  const LOADING = { kind: 'error', message: 'LOADING Redis is loading the dataset in memory' } as const

  it.each([
    ['lead', true],
    ['lead', false],
    ['promote_due', true],
    ['promote_due', false],
  ])('continues when Redis refuses %s at first (burst: %s)', async (name, burst) => {
    await using redis = await redisFixture()
    await using project = await makeProject({ 'jobs.mjs': JOBS })
    let refused = 0
    await using proxy = await faultProxy(redis.url, {
      onCommand: (command) => (command.name === name && refused++ < 2 ? LOADING : undefined),
    })
    await using queue = new Queue('default', { connection: redis.url, prefix: redis.prefix })
    const job = await queue.enqueueIn('1h', 'jobs.now')
    await redis.client.zadd(`${redis.prefix}scheduled:default`, 'XX', '1000', job.id)
    const where = { connection: proxy.url, prefix: redis.prefix }
    const worker = new Worker(['default'], { ...where, importPaths: [project.dir], horse: 'inline' })
    const working = worker.work({ withScheduler: true, burst })
    await eventually(async () => job.isFinished())
    await worker.stop()
    await working
    expect(refused).toBeGreaterThan(2)
  })

  it('leaves no lock and no record when it never reads the schedule', async () => {
    await using redis = await redisFixture()
    await redis.client.set(`${redis.prefix}scheduled:default`, 'no sorted set')
    const where = { connection: redis.url, prefix: redis.prefix }
    const worker = new Worker(['default'], { ...where, horse: 'inline' })
    await expect(worker.work({ withScheduler: true, burst: true })).rejects.toMatchObject({
      code: 'RQ_INVALID_OPERATION',
      cause: expect.objectContaining({ message: expect.stringContaining('WRONGTYPE') }),
    })
    expect((await redis.keys()).filter((key) => key.includes('scheduler'))).toEqual([])
    await redis.client.del(`${redis.prefix}scheduled:default`)
  })
})

describe('cron', () => {
  it('enqueues over a connection, and closes the connections that it opened', async () => {
    await using redis = await redisFixture()
    await using project = await makeProject({ 'jobs.mjs': JOBS })
    const where = { connection: redis.url, prefix: redis.prefix }
    await using queue = new Queue('default', where)
    cron.register('jobs.kind', { queueName: 'default', args: ['hourly'], interval: '1h' })
    await using scheduler = new CronScheduler(where)
    await scheduler.start()
    const worker = new Worker([queue], { importPaths: [project.dir], horse: 'inline' })
    await eventually(async () => (await queue.count()) === 1)
    const [id] = await scheduler.history('jobs.kind')
    await worker.work({ burst: true })
    expect(await (await queue.fetchJob(id ?? ''))?.returnValue()).toBe('hourly')
  })
})
