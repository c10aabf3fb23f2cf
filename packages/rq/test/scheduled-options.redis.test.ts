import { createServer } from 'node:http'
import { describe, expect, it } from 'vitest'
import { Dependency, Job, RateLimit, Repeat, Retry, Webhook } from '../src/index.ts'
import { add, divByZero, failTimes, kwargsOf, note, noted, nothing, onFailure, onSuccess } from './functions.ts'
import { type RqFixture, rqFixture } from './rq-fixture.ts'

/** Let the time of scheduled jobs come, one after the other. */
async function letTimeCome(at: RqFixture, ...jobs: readonly Job<unknown>[]): Promise<void> {
  for (const [index, { id, origin }] of jobs.entries()) {
    expect(await at.redis.client.zadd(at.key(`scheduled:${origin}`), 'XX', 'CH', String(1000 + index), id)).toBe(1)
  }
}

const workScheduled = (at: RqFixture) => at.work(['default'], { withScheduler: true })

describe('a scheduled job', () => {
  it('is enqueued with all its options', async () => {
    await using at = await rqFixture()
    const job = await at.queue.enqueueIn('1h', kwargsOf, [1], {
      kwargs: { description: 'two', ttl: 3 },
      jobId: 'everything',
      jobTimeout: '5m',
      resultTtl: 60,
      ttl: 120,
      failureTtl: 180,
      description: 'all of it',
      meta: { by: 'test' },
      onSuccess,
    })
    await letTimeCome(at, job)
    await workScheduled(at)
    const done = await Job.fetch('everything', at.shared)
    expect(done).toMatchObject({
      timeout: 300,
      resultTtl: 60,
      ttl: 120,
      failureTtl: 180,
      description: 'all of it',
      meta: { by: 'test' },
    })
    expect(await done.returnValue()).toEqual([1, { description: 'two', ttl: 3 }])
    expect(noted).toEqual([['success', 'everything', 'finished', 'object', await done.returnValue()]])
    expect(await at.redis.client.ttl(at.key('job:everything'))).toBeLessThanOrEqual(60)
  })

  it('is retried, calls onFailure, and is repeated', async () => {
    await using at = await rqFixture()
    const bad = await at.queue.enqueueIn('1h', divByZero, [], { retry: new Retry({ max: 1 }), onFailure })
    const good = await at.queue.enqueueIn('1h', failTimes, [1, 'twice'], { retry: new Retry({ max: 3 }) })
    const repeated = await at.queue.enqueueIn('1h', note, ['again'], { repeat: new Repeat({ times: 1 }) })
    await letTimeCome(at, bad, good, repeated)
    await workScheduled(at)
    expect([await bad.getStatus(), await good.getStatus(), await repeated.getStatus()]).toEqual([
      'failed',
      'finished',
      'finished',
    ])
    const failures = noted.filter((what) => Array.isArray(what) && what[0] === 'failure')
    expect(failures).toHaveLength(2)
    expect(noted.filter((what) => what === 'again')).toHaveLength(2)
  })

  it('waits for its due time although its dependencies have finished', async () => {
    await using at = await rqFixture()
    const parent = await at.queue.enqueue(note, ['parent'])
    const child = await at.queue.enqueueIn('1h', note, ['child'], { dependsOn: parent })
    await workScheduled(at)
    expect(await child.getStatus()).toBe('scheduled')
    await letTimeCome(at, child)
    await workScheduled(at)
    expect(noted).toEqual(['parent', 'child'])
  })

  it('waits for its dependencies although it is due, and keeps atFront', async () => {
    await using at = await rqFixture()
    const parent = await at.open('other').enqueue(divByZero)
    const child = await at.queue.enqueueIn('1h', note, ['child'], {
      dependsOn: new Dependency({ jobs: parent, allowFailure: true }),
      atFront: true,
    })
    await letTimeCome(at, child)
    await at.queue.enqueue(note, ['waiting'])
    await at.work(['default'], { withScheduler: true, maxJobs: 1 })
    expect(await child.getStatus()).toBe('deferred')
    await at.queue.enqueue(note, ['first'])
    await at.work(['other'])
    await at.work()
    expect(noted).toEqual(['waiting', 'child', 'first'])
  })

  it('goes to the head when it is due with atFront, before others that are due', async () => {
    await using at = await rqFixture()
    const first = await at.queue.enqueueIn('1h', nothing)
    const front = await at.queue.enqueueIn('2h', nothing, [], { atFront: true })
    await letTimeCome(at, first, front)
    await at.work(['other'], { withScheduler: true })
    expect(await at.queue.scheduledJobRegistry.count()).toBe(2)
    await at.work(['default'], { withScheduler: true, maxJobs: 1 })
    expect([await front.getStatus(), await first.getStatus()]).toEqual(['finished', 'queued'])
  })

  it('takes a slot of its rate limit when it is due, and none before', async () => {
    await using at = await rqFixture()
    const rateLimit = new RateLimit({ key: 'api', concurrency: 1 })
    const later = await at.queue.enqueueIn('1h', note, ['later'], { rateLimit })
    const now = await at.queue.enqueue(note, ['now'], { rateLimit })
    expect([await later.getStatus(), await now.getStatus()]).toEqual(['scheduled', 'queued'])
    await letTimeCome(at, later)
    await workScheduled(at)
    expect(noted).toEqual(['now', 'later'])
  })

  it('calls its webhooks', async () => {
    await using at = await rqFixture()
    const calls: string[] = []
    const server = createServer((request, response) => {
      calls.push(`${request.method} ${request.url}`)
      response.end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const webhooks = [new Webhook(`http://127.0.0.1:${port}/done`, 'finished')]
    const job = await at.queue.enqueueIn('1h', add, [1, 2], { webhooks })
    await letTimeCome(at, job)
    await workScheduled(at)
    server.close()
    expect(calls).toEqual(['GET /done'])
  })

  it('is written in the pipeline of its caller only', async () => {
    await using at = await rqFixture()
    const pipeline = at.redis.client.multi()
    const job = await at.queue.enqueueAt('2100-01-01T00:00:00Z', add, [1, 2], { pipeline })
    expect(await at.keys()).toEqual([])
    await pipeline.exec()
    expect(await job.getStatus()).toBe('scheduled')
    expect(await at.queue.scheduledJobRegistry.getScheduledTime(job)).toEqual(new Date('2100-01-01T00:00:00Z'))
  })
})

describe('scheduleJob', () => {
  it('schedules a job that was made before, once with unique', async () => {
    await using at = await rqFixture()
    const job = await at.queue.createJob(note, ['made before'], { jobId: 'made' })
    expect(await at.queue.scheduleJob(job, '2100-01-01T00:00:00Z', { unique: true })).toBe(job)
    expect(await job.getStatus({ refresh: false })).toBe('scheduled')
    expect(await at.queue.scheduledJobRegistry.getScheduledTime('made')).toEqual(new Date('2100-01-01T00:00:00Z'))
    expect(await at.queue.getJobIds()).toEqual([])
    expect(await at.keys()).toContain('queues')
    const same = await at.queue.createJob(note, ['another'], { jobId: 'made' })
    await expect(at.queue.scheduleJob(same, '2100-01-02', { unique: true })).rejects.toMatchObject({
      code: 'RQ_DUPLICATE_JOB',
    })
    await letTimeCome(at, job)
    await workScheduled(at)
    expect(noted).toEqual(['made before'])
  })

  it('refuses invalid times, and enqueues at once for a time in the past', async () => {
    await using at = await rqFixture()
    const job = await at.queue.createJob(nothing)
    await expect(at.queue.scheduleJob(job, 'tomorrow')).rejects.toMatchObject({ code: 'RQ_INVALID_OPTION' })
    expect(await at.keys()).toEqual([])
    await at.queue.scheduleJob(job, new Date(0))
    expect(await at.queue.getJobIds()).toEqual([job.id])
  })
})

describe('a job that is due', () => {
  it('runs in the burst of a worker with a scheduler, which leaves no lock and no record', async () => {
    await using at = await rqFixture()
    const job = await at.queue.enqueueIn('1h', note, ['due'])
    await letTimeCome(at, job)
    expect(await workScheduled(at)).toBe(true)
    expect(noted).toEqual(['due'])
    expect((await at.keys()).filter((key) => key.includes('scheduler'))).toEqual([])
  })
})
