import { Queue } from '@rq/queue'
import { RedisStorage } from '@rq/redis'
import { eventually, FakeClock, type RedisFixture, redisFixture, startRedis } from '@rq/testkit'
import { newJob, RAISED, RETURNED, workOff } from '@rq/testkit/storage-conformance'
import { describe, expect, it } from 'vitest'
import { CronScheduler, Scheduler, type SchedulerOptions } from '../src/index.ts'

const HOUR_MS = 3_600_000

/** A place with storages and schedulers that end with the test. */
async function place(redis: RedisFixture) {
  const storages: RedisStorage[] = []
  const schedulers: Scheduler[] = []
  const storage = () => {
    const opened = new RedisStorage({ connection: redis.url, prefix: redis.prefix, role: 'worker' })
    storages.push(opened)
    return opened
  }
  return {
    redis,
    key: (name: string) => redis.prefix + name,
    storage,
    scheduler(options: Partial<SchedulerOptions> = {}, queues: string | string[] = 'default') {
      const scheduler = new Scheduler(queues, { storage: storage(), ...options })
      schedulers.push(scheduler)
      return scheduler
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(schedulers.map((scheduler) => scheduler.stop()))
      await Promise.all(storages.map((opened) => opened.close()))
    },
  }
}

describe('Scheduler', () => {
  it('holds its queues as a set of names, a name of its own, and does nothing before it is started', async () => {
    await using redis = await redisFixture()
    await using at = await place(redis)
    const storage = at.storage()
    const queue = new Queue('low', { storage })
    const scheduler = new Scheduler(['default', queue, 'low'], { storage })
    expect(scheduler.queueNames).toEqual(['default', 'low'])
    expect(scheduler.status).toBe('stopped')
    expect(scheduler.name).not.toBe(new Scheduler('default', { storage }).name)
    expect(new Scheduler('default', { storage, name: 'mine' }).name).toBe('mine')
    expect(await redis.keys()).toEqual([])
  })

  it('refuses wrong options, by name', async () => {
    await using redis = await redisFixture()
    await using at = await place(redis)
    const storage = at.storage()
    const refused = (option: string) => expect.objectContaining({ code: 'RQ_INVALID_OPTION', details: { option } })
    expect(() => new Scheduler([], { storage })).toThrow(refused('queues'))
    expect(() => new Scheduler('a\nb', { storage })).toThrow(refused('queues'))
    expect(() => new Scheduler('a', { storage, interval: 0 })).toThrow(refused('interval'))
    expect(() => new Scheduler('a', { storage, leaseMs: 5 })).toThrow(refused('leaseMs'))
    expect(() => new Scheduler('a', { storage, name: '' })).toThrow(refused('name'))
    expect(() => new Scheduler('a', {} as SchedulerOptions)).toThrow(refused('storage'))
  })

  it('moves jobs when they are due, and is woken by one that is due before all others', async () => {
    await using redis = await redisFixture()
    await using at = await place(redis)
    const { queues } = at.storage()
    const scheduler = at.scheduler({ interval: 60 })
    await scheduler.start()
    await eventually(() => scheduler.ledQueues.length === 1)
    await queues.enqueue([newJob({ id: 'hour' }, { delayMs: HOUR_MS })])
    await queues.enqueue([newJob({ id: 'late' }, { delayMs: 3000 })])
    await queues.enqueue([newJob({ id: 'soon' }, { delayMs: 100 })])
    await eventually(async () => expect(await queues.jobIds('default', 0, -1)).toEqual(['soon', 'late']))
    expect(await queues.registryIds('default', 'scheduled', 0, -1, false)).toEqual(['hour'])
  })

  it('finds jobs of programs that send no notice, within its interval', async () => {
    await using redis = await redisFixture()
    await using at = await place(redis)
    const storage = at.storage()
    await storage.queues.enqueue([newJob({ id: 'py' }, { delayMs: HOUR_MS })])
    const scheduler = at.scheduler({ interval: '1s' })
    await scheduler.start()
    await eventually(() => scheduler.ledQueues.length === 1)
    await redis.client.zadd(at.key('scheduled:default'), Math.floor(Date.now() / 1000), 'py')
    await eventually(async () => (await storage.queues.count('default')) === 1)
  })

  it('moves delayed retries and repeats', async () => {
    await using redis = await redisFixture()
    await using at = await place(redis)
    const storage = at.storage()
    await storage.queues.enqueue([
      newJob({ id: 'retried', retriesLeft: 1, retryIntervalsS: [1], enqueueAtFrontOnRetry: true }),
    ])
    await workOff(storage, RAISED)
    await storage.queues.enqueue([newJob({ id: 'repeated', repeatsLeft: 1, repeatIntervalsS: [1] })])
    await workOff(storage, RETURNED)
    expect(await storage.queues.registryCount('default', 'scheduled')).toBe(2)
    await at.scheduler().start()
    await eventually(async () => (await storage.queues.count('default')) === 2)
    expect(await storage.queues.jobIds('default', 0, 1)).toEqual(['retried'])
  })

  it('moves what is due in one go for a burst, and leaves no lock and no record', async () => {
    await using redis = await redisFixture()
    await using at = await place(redis)
    const { queues } = at.storage()
    await queues.enqueue([newJob({ id: 'a' }, { delayMs: 20 }), newJob({ id: 'b', origin: 'low' }, { delayMs: 20 })])
    const scheduler = at.scheduler({}, ['default', 'low'])
    let moved = 0
    await eventually(async () => {
      moved += await scheduler.runOnce()
      return moved === 2
    })
    expect(await redis.client.get(at.key('scheduler-lock:default'))).toBe(scheduler.name)
    await scheduler.stop()
    expect((await redis.keys()).filter((key) => key.includes('scheduler'))).toEqual([])
  })

  it('can be started again after it was stopped', async () => {
    await using redis = await redisFixture()
    await using at = await place(redis)
    const { queues } = at.storage()
    const scheduler = at.scheduler()
    for (const id of ['one', 'two']) {
      await scheduler.start()
      await scheduler.start()
      expect(scheduler.status).toBe('started')
      await queues.enqueue([newJob({ id }, { delayMs: 30 })])
      await eventually(async () => (await queues.position('default', id)) !== null)
      await scheduler.stop()
      expect(scheduler.status).toBe('stopped')
      expect(scheduler.ledQueues).toEqual([])
    }
  })

  it('does nothing when it was stopped while it started', async () => {
    await using redis = await redisFixture()
    await using at = await place(redis)
    const stopped = at.scheduler()
    const starting = stopped.start()
    await stopped.stop()
    await starting
    expect(stopped.status).toBe('stopped')
    const other = at.scheduler()
    await other.start()
    await eventually(() => other.ledQueues.length === 1)
    const channel = at.key('notify:scheduled')
    await eventually(async () => expect(await redis.client.pubsub('NUMSUB', channel)).toEqual([channel, 1]))
  })

  it('continues when Redis loses everything that it had written', async () => {
    await using redis = await redisFixture()
    await using at = await place(redis)
    const { queues } = at.storage()
    const scheduler = at.scheduler({ leaseMs: 500 })
    await scheduler.start()
    await eventually(() => scheduler.ledQueues.length === 1)
    await redis.client.del(at.key('scheduler-lock:default'), at.key(`scheduler:${scheduler.name}`))
    await queues.enqueue([newJob({ id: 'a' }, { delayMs: 50 })])
    await eventually(async () => (await queues.count('default')) === 1)
    expect(await redis.client.hget(at.key(`scheduler:${scheduler.name}`), 'pid')).toBe(String(process.pid))
  })
})

describe('when Redis', () => {
  it('is killed and comes back, schedulers go on', async () => {
    await using server = await startRedis({ appendonly: true })
    await using storage = new RedisStorage({ connection: server.url, role: 'worker' })
    const scheduler = new Scheduler('default', { storage, leaseMs: 500 })
    const crons = new CronScheduler({ storage })
    crons.register('jobs#work', { queueName: 'low', interval: 1, name: 'each' })
    await scheduler.start()
    await crons.start()
    await storage.queues.enqueue([newJob({ id: 'a' }, { delayMs: 300 })])
    await eventually(async () => (await storage.queues.count('low')) > 0)
    await server.restart()
    await eventually(async () => (await storage.queues.jobIds('default', 0, -1)).length === 1)
    const before = await storage.queues.count('low')
    await eventually(async () => (await storage.queues.count('low')) > before)
    await scheduler.stop()
    await crons.stop()
    expect(await storage.schedules.leaderPid('default')).toBeNull()
  })

  it('is away, they start, and stop within a second', async () => {
    await using server = await startRedis()
    await using storage = new RedisStorage({ connection: server.url, role: 'worker' })
    await server.kill()
    const scheduler = new Scheduler('default', { storage })
    await scheduler.start()
    const crons = new CronScheduler({ storage })
    crons.register('jobs#work', { queueName: 'low', interval: 1 })
    const starting = crons.start().catch(() => {})
    const asked = performance.now()
    await Promise.all([scheduler.stop(), crons.stop()])
    // The rest is for a machine with too much to do.
    expect(performance.now() - asked).toBeLessThan(5000)
    await storage.close()
    await starting
  })
})

describe('several schedulers', () => {
  it('have one leader for each queue, and another one at once when it leaves', async () => {
    await using redis = await redisFixture()
    await using at = await place(redis)
    const first = at.scheduler({ leaseMs: 60_000 })
    const second = at.scheduler({ leaseMs: 60_000 }, ['default', 'low'])
    await first.start()
    await eventually(() => first.ledQueues.length === 1)
    await second.start()
    await eventually(() => second.ledQueues.length === 1)
    expect([first.ledQueues, second.ledQueues]).toEqual([['default'], ['low']])
    await first.stop()
    await eventually(() => second.ledQueues.length === 2)
  })

  it('have another leader within a lease when one dies', async () => {
    await using redis = await redisFixture()
    await using at = await place(redis)
    const lock = at.key('scheduler-lock:default')
    await redis.client.set(lock, 'dead', 'PX', HOUR_MS)
    const scheduler = at.scheduler({ leaseMs: 500 })
    await scheduler.runOnce()
    expect(scheduler.ledQueues).toEqual([])
    await redis.client.pexpire(lock, 400)
    await scheduler.start()
    await eventually(() => scheduler.ledQueues.length === 1)
  })

  it('keep to the time of Redis when the clocks of their machines are wrong', async () => {
    await using redis = await redisFixture()
    await using at = await place(redis)
    const { queues } = at.storage()
    const wrong = new FakeClock(Date.now() + 600_000)
    const clock = { nowMs: () => wrong.nowMs(), monotonicMs: () => performance.now() }
    await at.scheduler({ clock }).start()
    await queues.enqueue([newJob({ id: 'soon' }, { delayMs: 50 }), newJob({ id: 'later' }, { delayMs: 300_000 })])
    await eventually(async () => (await queues.count('default')) === 1)
    expect(await queues.registryIds('default', 'scheduled', 0, -1, false)).toEqual(['later'])
  })
})
