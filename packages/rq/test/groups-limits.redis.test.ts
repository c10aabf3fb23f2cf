import { settle } from '@rq/job'
import { RedisStorage } from '@rq/redis'
import { eventually } from '@rq/testkit'
import { rescue } from '@rq/testkit/storage-conformance'
import { describe, expect, it } from 'vitest'
import { Dependency, Group, Queue, RateLimit, Repeat, Retry, SimpleWorker } from '../src/index.ts'
import { divByZero, echo, note, noted, nothing, retryLater, sayHello } from './functions.ts'
import { type RqFixture, rqFixture } from './rq-fixture.ts'

/** A worker works, with a maintenance each second, until this is so: one that leaves sooner does not end its first. */
async function maintainUntil(at: RqFixture, isSo: () => Promise<void>): Promise<void> {
  const worker = new SimpleWorker('default', { ...at.where, maintenanceInterval: 1 })
  const working = worker.work({ withScheduler: false })
  try {
    await eventually(isSo)
  } finally {
    await worker.stop()
    await working
  }
}

describe('Group', () => {
  it('contains the jobs of a batch under its name', async () => {
    await using at = await rqFixture()
    const group = Group.create({ ...at.shared, name: 'report' })
    const jobs = await group.enqueueMany(at.queue, [Queue.prepareData(sayHello), Queue.prepareData(nothing)])
    expect(jobs.map(({ groupId }) => groupId)).toEqual(['report', 'report'])
    expect((await group.getJobs()).map(({ id }) => id).sort()).toEqual(jobs.map(({ id }) => id).sort())
    expect((await Group.all(at.shared)).map(({ name }) => name)).toEqual(['report'])
    const fetched = await Group.fetch('report', at.shared)
    expect((await fetched.getJobIds()).sort()).toEqual(jobs.map(({ id }) => id).sort())
    expect(Group.create(at.shared).name).not.toBe(Group.create(at.shared).name)
  })

  it('does not exist without jobs', async () => {
    await using at = await rqFixture()
    const group = Group.create({ ...at.shared, name: 'empty' })
    expect(await group.getJobs()).toEqual([])
    expect(await Group.all(at.shared)).toEqual([])
    await expect(Group.fetch('empty', at.shared)).rejects.toMatchObject({ code: 'RQ_NO_SUCH_GROUP' })
  })

  it('ends when its jobs are deleted or have expired', async () => {
    await using at = await rqFixture()
    const group = Group.create({ ...at.shared, name: 'g' })
    const datas = [
      Queue.prepareData(nothing),
      Queue.prepareData(nothing),
      Queue.prepareData(nothing, [], { resultTtl: 0 }),
    ]
    const [deleted, expired] = await group.enqueueMany(at.queue, datas)
    await at.work()
    await deleted?.delete()
    expect(await group.getJobIds()).toEqual([expired?.id])
    await at.redis.client.del(at.key(`job:${expired?.id}`), at.key('finished:default'))
    expect(await group.getJobs()).toEqual([])
    await expect(Group.fetch('g', at.shared)).rejects.toMatchObject({ code: 'RQ_NO_SUCH_GROUP' })
    expect(await at.keys()).toEqual(['queues'])
  })

  it('can vanish without harm to its jobs', async () => {
    await using at = await rqFixture()
    const group = Group.create({ ...at.shared, name: 'g' })
    const [job, other] = await group.enqueueMany(at.queue, [
      Queue.prepareData(nothing),
      Queue.prepareData(nothing, [], { resultTtl: 0 }),
    ])
    await at.redis.client.del(at.key('group:g'))
    await job.delete()
    await at.work()
    expect(await at.queue.failedJobRegistry.count()).toBe(0)
    expect(await at.redis.client.exists(at.key(`job:${other.id}`))).toBe(0)
    expect(await Group.all(at.shared)).toEqual([])
  })

  it('is cleaned by a worker', async () => {
    await using at = await rqFixture()
    const group = Group.create({ ...at.shared, name: 'g' })
    const [job] = await group.enqueueMany(at.queue, [Queue.prepareData(nothing)])
    await at.redis.client.del(at.key(`job:${job.id}`))
    await maintainUntil(at, async () =>
      expect(await at.redis.client.exists(at.key('group:g'), at.key('groups'))).toBe(0),
    )
    expect(await at.keys()).toEqual(['queues'])
  })

  it('is written by the caller’s pipeline', async () => {
    await using at = await rqFixture()
    const group = Group.create({ ...at.shared, name: 'g' })
    const pipeline = at.redis.client.multi()
    await group.enqueueMany(at.queue, [Queue.prepareData(nothing)], { pipeline })
    expect(await at.keys()).toEqual([])
    await pipeline.exec()
    expect(await group.getJobIds()).toHaveLength(1)
  })
})

const limit = (concurrency: number, key = 'api') => ({ rateLimit: new RateLimit({ key, concurrency }) })
const slots = (at: RqFixture, key = 'api') => at.redis.client.zrange(at.key(`rl:${key}:allowed`), 0, '-1')

describe('RateLimit', () => {
  it('admits as many jobs as allowed, and the others wait, oldest first', async () => {
    await using at = await rqFixture()
    const jobs = await at.queue.enqueueMany(
      ['a', 'b', 'c', 'd'].map((jobId) => Queue.prepareData(note, [jobId], { jobId, ...limit(2) })),
    )
    expect(await Promise.all(jobs.map((job) => job.getStatus({ refresh: false })))).toEqual([
      'queued',
      'queued',
      'rate_limited',
      'rate_limited',
    ])
    expect(await at.queue.getJobIds()).toEqual(['a', 'b'])
    expect(await jobs[3]?.explain()).toMatchObject({
      code: 'slot',
      text: expect.stringContaining('a, b; 1 job before it'),
    })
    await at.work(['default'], { maxJobs: 1 })
    expect(await at.queue.getJobIds()).toEqual(['b', 'c'])
    await at.work()
    expect(noted).toEqual(['a', 'b', 'c', 'd'])
    expect(await slots(at)).toEqual([])
  })

  it('refuses wrong values', async () => {
    await using at = await rqFixture()
    expect(() => new RateLimit({ key: '', concurrency: 1 })).toThrow('rateLimit.key')
    expect(() => new RateLimit({ key: 'k', concurrency: 0 })).toThrow('rateLimit.concurrency')
    const inProcess = at.open('sync', { isAsync: false })
    await expect(inProcess.enqueue(nothing, [], limit(1))).rejects.toThrow('rateLimit')
  })

  it('keeps the order of a batch of jobs with random ids', async () => {
    await using at = await rqFixture()
    const numbers = Array.from({ length: 30 }, (_, n) => n)
    await at.queue.enqueueMany(numbers.map((n) => Queue.prepareData(note, [String(n)], limit(1))))
    await at.work()
    expect(noted).toEqual(numbers.map(String))
  })

  it('applies across queues and workers, and to each key separately', async () => {
    await using at = await rqFixture()
    const other = at.open('other')
    const first = await at.queue.enqueue(nothing, [], limit(1))
    const second = await other.enqueue(nothing, [], limit(1))
    const free = await other.enqueue(nothing, [], limit(1, 'db'))
    expect(await first.isQueued()).toBe(true)
    expect(await second.getStatus()).toBe('rate_limited')
    expect(await free.isQueued()).toBe(true)
    await at.work()
    expect(await other.getJobIds()).toEqual([free.id, second.id])
  })

  it('frees a slot when a job fails, is canceled, is deleted, or is retried later', async () => {
    await using at = await rqFixture()
    const enqueue = (func: typeof nothing | typeof divByZero, options = {}) =>
      at.queue.enqueue(func, [], { ...limit(1), ...options })
    const failing = await enqueue(divByZero)
    const retried = await enqueue(divByZero, { retry: new Retry({ max: 1, interval: 60 }) })
    const canceled = await enqueue(nothing)
    const deleted = await enqueue(nothing)
    const waitingOnly = await enqueue(nothing)
    const last = await enqueue(nothing)
    await at.work(['default'], { maxJobs: 2 })
    expect([await failing.getStatus(), await retried.getStatus()]).toEqual(['failed', 'scheduled'])
    expect(await slots(at)).toEqual([canceled.id])
    await waitingOnly.cancel()
    await canceled.cancel()
    expect(await slots(at)).toEqual([deleted.id])
    await deleted.delete()
    expect(await slots(at)).toEqual([last.id])
  })

  it('frees the slot of a worker that died, and its job waits for another', async () => {
    await using at = await rqFixture()
    await using storage = new RedisStorage({ connection: at.redis.url, prefix: at.redis.prefix })
    const [held, retried, last] = await at.queue.enqueueMany([
      Queue.prepareData(nothing, [], limit(1)),
      Queue.prepareData(nothing, [], { ...limit(1), retry: new Retry({ max: 1, interval: 60 }) }),
      Queue.prepareData(nothing, [], limit(1)),
    ])
    const die = async () => {
      await storage.workers.claim({ queues: ['default'], want: 1, workerName: 'dead', leaseMs: 60_000 })
      await at.endLeases()
      const taken = await rescue(storage.workers, { leaseMs: 60_000, most: 1 })
      const times = { startedAtMs: 1, endedAtMs: 2 }
      const outcome = { kind: 'abandoned', error: 'its worker died', ...times } as const
      await storage.workers.settle(
        'rescuer',
        taken.map(({ executionId, job }) => settle(job, executionId, outcome)),
      )
    }
    expect(await slots(at)).toEqual([held.id])
    await die()
    expect([await held.getStatus(), await slots(at)]).toEqual(['failed', [retried.id]])
    await die()
    expect([await retried.getStatus(), await slots(at)]).toEqual(['scheduled', [last.id]])
  })

  it('keeps the slot of a job that is retried at once, and frees that of one that repeats', async () => {
    await using at = await rqFixture()
    const job = await at.queue.enqueue(divByZero, [], { ...limit(1), retry: new Retry({ max: 1 }) })
    const next = await at.queue.enqueue(retryLater, [1, 0], limit(1))
    const repeating = await at.queue.enqueue(note, ['repeats'], { ...limit(1), repeat: new Repeat({ times: 1 }) })
    const last = await at.queue.enqueue(note, ['last'], limit(1))
    await at.work(['default'], { maxJobs: 1 })
    expect(await slots(at)).toEqual([job.id])
    await at.work(['default'], { maxJobs: 1 })
    expect(await slots(at)).toEqual([next.id])
    await at.work(['default'], { maxJobs: 1 })
    expect(await slots(at)).toEqual([next.id])
    await at.work(['default'], { maxJobs: 2 })
    expect(await slots(at)).toEqual([last.id])
    expect(await repeating.getStatus()).toBe('rate_limited')
    await at.work()
    expect(noted).toEqual(['repeats', 'last', 'repeats'])
  })

  it('applies to dependents and requeued jobs', async () => {
    await using at = await rqFixture()
    const parent = await at.queue.enqueue(divByZero)
    const dependsOn = new Dependency({ jobs: parent, allowFailure: true })
    const [a, b] = await at.queue.enqueueMany([
      Queue.prepareData(nothing, [], { dependsOn, ...limit(1) }),
      Queue.prepareData(nothing, [], { dependsOn, ...limit(1) }),
    ])
    await at.work(['default'], { maxJobs: 1 })
    expect([await a.getStatus(), await b.getStatus()]).toEqual(['queued', 'rate_limited'])
    const failing = await at.queue.enqueue(divByZero, [], limit(1, 'other'))
    await at.work()
    const holder = await at.queue.enqueue(nothing, [], limit(1, 'other'))
    await failing.requeue()
    expect([await holder.getStatus(), await failing.getStatus()]).toEqual(['queued', 'rate_limited'])
  })

  it('puts an admitted job at the head when it asks for it', async () => {
    await using at = await rqFixture()
    const holder = await at.queue.enqueue(nothing, [], limit(1))
    const front = await at.queue.enqueue(echo, [1], { ...limit(1), atFront: true })
    const other = await at.queue.enqueue(nothing)
    await at.work(['default'], { maxJobs: 1 })
    expect(await holder.isFinished()).toBe(true)
    expect(await at.queue.getJobIds()).toEqual([front.id, other.id])
  })

  it('takes a slot back from a job that vanished, as soon as another has to wait for it', async () => {
    await using at = await rqFixture()
    const gone = await at.queue.enqueue(nothing, [], limit(1))
    await at.redis.client.del(at.key(`job:${gone.id}`))
    const next = await at.queue.enqueue(nothing, [], limit(1))
    expect(await next.isQueued()).toBe(true)
  })

  it('is cleaned by a worker: slots and waiting entries of deleted jobs, empty limits', async () => {
    await using at = await rqFixture()
    const { client } = at.redis
    const gone = await at.queue.enqueue(nothing, [], limit(1))
    const waits = await at.queue.enqueue(echo, ['ran'], limit(1))
    await client.zadd(at.key('rl:api:rate_limited'), '1', 'nobody')
    await client.del(at.key(`job:${gone.id}`))
    const done = await at.queue.enqueue(nothing, [], limit(1, 'done'))
    await maintainUntil(at, async () => {
      expect(await waits.returnValue()).toBe('ran')
      expect(await done.isFinished()).toBe(true)
      expect((await at.keys()).filter((key) => key.startsWith('rl'))).toEqual([])
    })
  })

  it('admits more jobs when the limit is raised', async () => {
    await using at = await rqFixture()
    await at.queue.enqueueMany([1, 2, 3].map((n) => Queue.prepareData(echo, [n], limit(1))))
    expect(await at.queue.count()).toBe(1)
    await at.queue.enqueue(echo, [4], limit(3))
    expect(await at.queue.count()).toBe(3)
  })

  it('never admits more than allowed, with four workers at once', async () => {
    await using at = await rqFixture()
    await at.queue.enqueueMany(Array.from({ length: 60 }, (_, n) => Queue.prepareData(echo, [n], limit(3))))
    const workers = Array.from({ length: 4 }, () => at.work(['default'], { maxIdleTime: 0.3, burst: false }))
    let most = 0
    const watching = (async () => {
      for (let left = 60; left > 0; left = 60 - (await at.queue.finishedJobRegistry.count())) {
        most = Math.max(most, await at.redis.client.zcard(at.key('rl:api:allowed')))
      }
    })()
    await Promise.all([...workers, watching])
    expect(most).toBeLessThanOrEqual(3)
    expect(await at.queue.finishedJobRegistry.count()).toBe(60)
  })
})
