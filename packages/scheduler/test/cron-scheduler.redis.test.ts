import { hostname } from 'node:os'
import { type Logger, silentLogger } from '@rq/core'
import { type CronSchedulerRecord, Retry, Webhook } from '@rq/job'
import { Queue } from '@rq/queue'
import { RedisStorage } from '@rq/redis'
import { eventually, type RedisFixture, redisFixture } from '@rq/testkit'
import { RETURNED, workOff } from '@rq/testkit/storage-conformance'
import { describe, expect, it } from 'vitest'
import { type CronJob, CronScheduler, type CronSchedulerOptions, cron } from '../src/index.ts'
import { clean, report, send } from './functions.ts'

const HOUR_MS = 3_600_000

async function place(redis: RedisFixture) {
  const storage = new RedisStorage({ connection: redis.url, prefix: redis.prefix, role: 'worker' })
  const schedulers: CronScheduler[] = []
  return {
    storage,
    queues: storage.queues,
    crons: storage.crons,
    scheduler(options: Partial<CronSchedulerOptions> = {}) {
      const scheduler = new CronScheduler({ storage, ...options })
      schedulers.push(scheduler)
      return scheduler
    },
    /** Move what a cron job has done into the past, as if no scheduler had run since. */
    async sleptFor(ms: number, name = 'job'): Promise<void> {
      const key = `${redis.prefix}cron_state:${name}`
      const fields = await redis.client.hgetall(key)
      for (const field of ['tick', 'since'])
        if (fields[field] !== undefined) await redis.client.hincrby(key, field, -ms)
    },
    ids: () => storage.queues.jobIds('default', 0, -1),
    async [Symbol.asyncDispose]() {
      await Promise.all(schedulers.map((scheduler) => scheduler.stop()))
      await storage.close()
    },
  }
}

/**
 * Milliseconds from each tick, by the ids of the jobs, until its job was enqueued by Redis's clock, which says when a
 * tick is due.
 */
async function latenessOf(redis: RedisFixture, name: string): Promise<number[]> {
  const flat = await redis.client.zrange(`${redis.prefix}cron_job:${name}:jobs`, '0', '-1', 'WITHSCORES')
  const late: number[] = []
  for (let at = 0; at < flat.length; at += 2) {
    const stamp = flat[at]?.slice(-16).replace(/(....)(..)(..T..)(..)(..Z)/, '$1-$2-$3:$4:$5') ?? ''
    late.push(Number(flat[at + 1]) * 1000 - Date.parse(stamp))
  }
  return late
}

const refused = (option: string) =>
  expect.objectContaining({ code: 'RQ_INVALID_OPTION', details: expect.objectContaining({ option }) })

describe('register', () => {
  it('refuses wrong arguments at once', async () => {
    await using redis = await redisFixture()
    await using at = await place(redis)
    const scheduler = at.scheduler()
    const register = (options: object) => () => scheduler.register('jobs#f', options as never)
    expect(register({ queueName: 'q' })).toThrow(refused('interval'))
    expect(register({ queueName: 'q', interval: 5, cron: '* * * * *' })).toThrow(refused('interval'))
    expect(register({ queueName: 'q', interval: 0 })).toThrow(refused('interval'))
    expect(register({ queueName: 'q', interval: -1 })).toThrow(refused('interval'))
    expect(register({ queueName: 'q', interval: 1.5 })).toThrow(refused('interval'))
    expect(register({ queueName: 'q', interval: 'often' })).toThrow(refused('interval'))
    expect(register({ queueName: 'q', interval: 5, timezone: 'UTC' })).toThrow(refused('timezone'))
    expect(register({ queueName: 'q', cron: '0 25 * * *' })).toThrow(/position 3 \(hour\)/)
    expect(register({ queueName: 'q', cron: '* * * * *', timezone: 'X/Y' })).toThrow(refused('timezone'))
    expect(register({ interval: 5 })).toThrow(refused('queueName'))
    expect(register({ queueName: 'q', interval: 5, name: 'a\nb' })).toThrow(refused('name'))
    expect(register({ queueName: 'q', interval: 5, catchUp: 'some' })).toThrow(refused('catchUp'))
    expect(register({ queueName: 'q', interval: 5, overlap: 'no' })).toThrow(refused('overlap'))
    expect(register({ queueName: 'q', interval: 5, args: 'x' })).toThrow(refused('args'))
    expect(register({ queueName: 'q', interval: 5, webhooks: [{}] })).toThrow(refused('webhooks'))
    expect(register({ queueName: 'q', interval: 5, jobTimeout: 'soon' })).toThrow(refused('jobTimeout'))
    expect(register({ queueName: 'q', interval: 5, jobId: 'x' })).toThrow(refused('jobId'))
    expect(register({ queueName: 'q', interval: 5, unique: true })).toThrow(refused('unique'))
    expect(register({ queueName: 'q', interval: 5, retries: 5 })).toThrow(refused('option name'))
    expect(() => scheduler.register(5 as never as string, { queueName: 'q', interval: 5 })).toThrow(refused('func'))
    expect(scheduler.getJobs()).toEqual([])
    expect(await redis.keys()).toEqual([])
  })

  it('returns the cron job; its name is that of the function unless it is given', async () => {
    await using redis = await redisFixture()
    await using at = await place(redis)
    const scheduler = at.scheduler()
    const first = scheduler.register(report, {
      queueName: 'q',
      args: ['daily', 2],
      cron: '0 9 * * *',
      timezone: 'Asia/Tokyo',
    })
    const named = scheduler.register(clean, { queueName: 'q', interval: '1m', name: 'cleaning' })
    expect(scheduler.getJobs()).toEqual([first, named])
    expect([first.name, named.name]).toEqual([null, 'cleaning'])
    await scheduler.start()
    expect(first.name).toBe(first.funcName)
    expect(first.funcName).toMatch(/functions#report$/)
    expect(first).toMatchObject({
      queueName: 'q',
      args: ['daily', 2],
      interval: null,
      cron: '0 9 * * *',
      timezone: 'Asia/Tokyo',
    })
    expect(named).toMatchObject({ interval: 60, cron: null, timezone: null, catchUp: 'skip', overlap: 'allow' })
    expect(first.nextEnqueueTime?.toISOString().slice(11)).toBe('00:00:00.000Z')
  })

  it('says when a cron expression comes next before the scheduler starts: what it says afterwards', async () => {
    await using redis = await redisFixture()
    await using at = await place(redis)
    const register = (scheduler: CronScheduler) =>
      scheduler.register(clean, { queueName: 'default', cron: '0 9 29 2 *', name: 'job', catchUp: 'once' })
    const scheduler = at.scheduler()
    const job = register(scheduler)
    const next = job.nextEnqueueTime
    expect(next?.toISOString().slice(4)).toBe('-02-29T09:00:00.000Z')
    expect(Number(next)).toBeGreaterThan(Date.now())
    expect(scheduler.register(clean, { queueName: 'q', interval: 60, name: 'each' }).nextEnqueueTime).toBeNull()
    await scheduler.start()
    expect(job.nextEnqueueTime).toEqual(next)
    await scheduler.stop()

    await at.sleptFor(5 * 366 * 24 * HOUR_MS)
    const later = at.scheduler()
    const missed = register(later)
    expect(missed.nextEnqueueTime).toEqual(next)
    await later.start()
    await eventually(async () => (await at.ids()).length === 1)
    await eventually(() => missed.nextEnqueueTime?.getTime() === next?.getTime())
  })

  it('lists the next time of a cron expression from the moment at which the scheduler is listed', async () => {
    await using redis = await redisFixture()
    await using at = await place(redis)
    const listed: CronSchedulerRecord[] = []
    const { crons } = at.storage
    const register = crons.register.bind(crons)
    crons.register = (record, instance) => {
      listed.push(record)
      return register(record, instance)
    }
    const scheduler = at.scheduler()
    const job = scheduler.register(clean, { queueName: 'default', cron: '0 9 29 2 *' })
    await scheduler.start()
    expect(listed[0]?.jobs[0]?.nextMs).toBe(job.nextEnqueueTime?.getTime())
  })

  it('puts all options of a job on every job, and its arguments', async () => {
    await using redis = await redisFixture()
    await using at = await place(redis)
    const scheduler = at.scheduler()
    scheduler.register(send, {
      queueName: 'default',
      interval: HOUR_MS / 1000,
      args: ['ann'],
      kwargs: { subject: 'hi' },
      jobTimeout: '5m',
      resultTtl: 60,
      ttl: 120,
      failureTtl: 180,
      meta: { by: 'cron' },
      atFront: true,
      retry: new Retry({ max: 2 }),
      webhooks: [new Webhook('http://example.org/', 'finished')],
      description: 'a letter',
    })
    await new Queue('default', { storage: at.storage }).enqueue('jobs#first')
    expect((await scheduler.runOnce()).map((job) => job.queueName)).toEqual(['default'])
    const [id = ''] = await at.ids()
    const job = await new Queue('default', { storage: at.storage }).fetchJob(id)
    expect(job).toMatchObject({
      args: ['ann'],
      kwargs: { subject: 'hi' },
      timeout: 300,
      resultTtl: 60,
      ttl: 120,
      failureTtl: 180,
      meta: { by: 'cron' },
      retriesLeft: 2,
      description: 'a letter',
    })
    expect((await at.storage.jobs.fetch([id]))[0]?.webhooks).toHaveLength(1)
  })

  it('also works while the scheduler runs', async () => {
    await using redis = await redisFixture()
    await using at = await place(redis)
    const scheduler = at.scheduler()
    await scheduler.start()
    scheduler.register(clean, { queueName: 'default', interval: 3600 })
    await eventually(async () => (await at.ids()).length === 1)
  })

  it('refuses to start with a function that no worker could run', async () => {
    await using redis = await redisFixture()
    await using at = await place(redis)
    const scheduler = at.scheduler()
    scheduler.register(() => 1, { queueName: 'q', interval: 5 })
    await expect(scheduler.start()).rejects.toMatchObject({ code: 'RQ_INVALID_REFERENCE' })
    expect(scheduler.status).toBe('stopped')
    expect(await redis.keys()).toEqual([])
  })
})

describe('ticks', () => {
  it('of an interval begin at once, and continue over restarts', async () => {
    await using redis = await redisFixture()
    await using at = await place(redis)
    const options = { queueName: 'default', interval: 3600, name: 'job' } as const
    const scheduler = at.scheduler()
    const job = scheduler.register(clean, options)
    await scheduler.start()
    await eventually(async () => (await at.ids()).length === 1)
    await eventually(() => job.latestEnqueueTime !== null)
    const gap = Number(job.nextEnqueueTime) - Number(job.latestEnqueueTime)
    expect(gap).toBe(HOUR_MS)
    await scheduler.stop()
    const again = at.scheduler()
    again.register(clean, options)
    expect(await again.runOnce()).toEqual([])
    await at.sleptFor(HOUR_MS + 2000)
    const third = at.scheduler()
    third.register(clean, options)
    expect(await third.runOnce()).toHaveLength(1)
    expect(new Set(await at.ids()).size).toBe(2)
  })

  it('of a cron expression come at their time, not before', async () => {
    await using redis = await redisFixture()
    await using at = await place(redis)
    const scheduler = at.scheduler()
    scheduler.register(clean, { queueName: 'default', cron: '* * * * * *', name: 'each' })
    scheduler.register(report, { queueName: 'default', cron: '0 0 1 1 *', args: ['yearly'], name: 'yearly' })
    await scheduler.start()
    await eventually(async () => (await at.ids()).length >= 2)
    await scheduler.stop()
    const ids = await at.ids()
    for (const id of ids) expect(id).toMatch(/^cron-each-[0-9a-f]{10}-\d{8}T\d{6}Z$/)
    for (const lateMs of await latenessOf(redis, 'each')) {
      expect(lateMs).toBeGreaterThanOrEqual(0)
      expect(lateMs).toBeLessThan(5000)
    }
    expect(await scheduler.history('each')).toEqual([...ids].reverse())
    expect(await scheduler.history('each', { start: 1, end: 1 })).toEqual([ids.at(-2)])
  })

  it('are enqueued once by any number of schedulers, also when the jobs are over at once', async () => {
    await using redis = await redisFixture()
    await using at = await place(redis)
    const schedulers = Array.from({ length: 5 }, () => at.scheduler())
    for (const scheduler of schedulers) {
      scheduler.register(clean, { queueName: 'default', cron: '* * * * * *', name: 'each', resultTtl: 0 })
      scheduler.register(report, { queueName: 'default', interval: 1, args: ['x'], name: 'every', resultTtl: 0 })
    }
    await Promise.all(schedulers.map((scheduler) => scheduler.start()))
    const seen: string[] = []
    await eventually(async () => {
      const ids = await at.ids()
      seen.push(...ids)
      await workOff(at.storage, RETURNED)
      return seen.length >= 8
    })
    expect(new Set(seen).size).toBe(seen.length)
  })

  it.each([
    ['skip', 0],
    ['once', 1],
    ['all', 5],
  ] as const)('that were missed are made up for with catchUp %s: %i', async (catchUp, expected) => {
    await using redis = await redisFixture()
    await using at = await place(redis)
    const options = { queueName: 'default', interval: 3600, name: 'job', catchUp } as const
    const register = () => {
      const scheduler = at.scheduler()
      scheduler.register(clean, options)
      return scheduler
    }
    await register().runOnce()
    await workOff(at.storage, RETURNED)
    await at.sleptFor(5.5 * HOUR_MS)
    await register().runOnce()
    expect(await at.ids()).toHaveLength(expected)
    await register().runOnce()
    expect(await at.ids()).toHaveLength(expected)
  })

  it('end with stop(), also in the middle of many that are caught up', async () => {
    await using redis = await redisFixture()
    await using at = await place(redis)
    const options = { queueName: 'default', interval: 1, name: 'job', catchUp: 'all' } as const
    const first = at.scheduler()
    first.register(clean, options)
    await first.runOnce()
    const before = (await at.ids()).length
    await at.sleptFor(60_000)
    const scheduler = at.scheduler()
    scheduler.register(clean, options)
    const { crons } = at.storage
    const run = crons.run.bind(crons)
    let calls = 0
    const stopping = new Promise<void>((resolve, reject) => {
      crons.run = (tick) => {
        calls += 1
        if (calls === 5) scheduler.stop().then(resolve, reject)
        return run(tick)
      }
    })
    await scheduler.start()
    await stopping
    for (let n = 0; n < 10; n++) expect(await at.ids()).toHaveLength(before + 5)
    expect(calls).toBe(5)
  })

  it('are left out while a job has not ended, with overlap skip', async () => {
    await using redis = await redisFixture()
    await using at = await place(redis)
    const run = async () => {
      const scheduler = at.scheduler()
      scheduler.register(clean, { queueName: 'default', interval: 3600, name: 'job', overlap: 'skip', catchUp: 'once' })
      return (await scheduler.runOnce()).length
    }
    expect(await run()).toBe(1)
    await at.sleptFor(HOUR_MS + 2000)
    expect(await run()).toBe(0)
    await workOff(at.storage, RETURNED)
    expect(await run()).toBe(0)
    await at.sleptFor(HOUR_MS + 2000)
    expect(await run()).toBe(1)
  })

  it('begin anew when the rule changes', async () => {
    await using redis = await redisFixture()
    await using at = await place(redis)
    const run = async (rule: string) => {
      const scheduler = at.scheduler()
      scheduler.register(clean, { queueName: 'default', cron: rule, name: 'job', catchUp: 'all' })
      return (await scheduler.runOnce()).length
    }
    await run('0 0 1 1 *')
    await at.sleptFor(2 * 366 * 24 * HOUR_MS)
    expect(await run('0 0 2 1 *')).toBe(0)
    await at.sleptFor(2 * 366 * 24 * HOUR_MS)
    expect(await run('0 0 2 1 *')).toBe(1)
    expect((await at.ids()).length).toBeGreaterThan(1)
  })

  it('of cron jobs that share a name are separate, with one history', async () => {
    await using redis = await redisFixture()
    await using at = await place(redis)
    const scheduler = at.scheduler()
    scheduler.register(report, { queueName: 'default', interval: 3600, args: ['a'] })
    scheduler.register(report, { queueName: 'default', interval: 3600, args: ['b'] })
    const jobs = await scheduler.runOnce()
    expect(jobs.map((job) => job.args)).toEqual([['a'], ['b']])
    expect(await scheduler.history(jobs[0]?.name ?? '')).toHaveLength(2)
    const again = at.scheduler()
    again.register(report, { queueName: 'default', interval: 3600, args: ['a'] })
    again.register(report, { queueName: 'default', interval: 3600, args: ['b'] })
    expect(await again.runOnce()).toEqual([])
  })

  it('go on after an error of Redis', async () => {
    await using redis = await redisFixture()
    await using at = await place(redis)
    const scheduler = at.scheduler()
    scheduler.register(clean, { queueName: 'default', interval: 1, name: 'job' })
    await redis.client.set(`${redis.prefix}cron_job:job:jobs`, 'not a zset')
    await scheduler.start()
    await eventually(async () => (await redis.client.exists(`${redis.prefix}cron_state:job`)) === 1)
    await redis.client.del(`${redis.prefix}cron_job:job:jobs`)
    await eventually(async () => (await at.crons.history('job', 0, -1)).length > 0)
  })
})

describe('pause, resume and runNow', () => {
  it('hold in every scheduler and over restarts', async () => {
    await using redis = await redisFixture()
    await using at = await place(redis)
    const make = (): [CronScheduler, CronJob<string>] => {
      const scheduler = at.scheduler()
      return [
        scheduler,
        scheduler.register(clean, { queueName: 'default', interval: 3600, name: 'job', catchUp: 'all' }),
      ]
    }
    const [, job] = make()
    expect(await job.pause()).toBe(true)
    expect(await job.pause()).toBe(false)
    const [other] = make()
    expect(await other.runOnce()).toEqual([])
    expect(await at.ids()).toEqual([])

    const manual = await job.runNow()
    expect(await manual.getStatus()).toBe('queued')
    expect(await at.ids()).toEqual([manual.id])
    expect(await job.getJobIds()).toEqual([manual.id])

    expect(await other.resume('job')).toBe(true)
    expect(await other.resume('job')).toBe(false)
    const [third] = make()
    expect(await third.runOnce()).toEqual([])
    await at.sleptFor(2 * HOUR_MS)
    await redis.client.hincrby(`${redis.prefix}cron_state:job`, 'resumed', -2 * HOUR_MS)
    const [fourth] = make()
    expect(await fourth.runOnce()).toHaveLength(1)
  })
})

describe('monitoring', () => {
  it('lists living schedulers with their jobs, and their ticks', async () => {
    await using redis = await redisFixture()
    await using at = await place(redis)
    const scheduler = at.scheduler()
    scheduler.register(report, { queueName: 'default', args: ['daily', 3], interval: 60, name: 'reporting' })
    scheduler.register(report, { queueName: 'low', args: [1n as never], cron: '0 9 * * *', name: 'odd' })
    expect(scheduler.name).toMatch(new RegExp(`^.+:${process.pid}:[0-9a-f]{6}$`))
    await scheduler.start()
    await eventually(async () => {
      const [info] = await CronScheduler.all({ storage: at.storage })
      return info?.getJobs()[0]?.latestEnqueueTime instanceof Date
    })
    const info = await CronScheduler.fetch(scheduler.name, { storage: at.storage })
    expect(info).toMatchObject({ name: scheduler.name, hostname: scheduler.hostname, pid: process.pid, configFile: '' })
    expect(Date.now() - Number(info.lastHeartbeat)).toBeLessThan(20_000)
    const [first, second] = info.getJobs()
    expect(first).toMatchObject({
      name: 'reporting',
      queueName: 'default',
      args: '["daily",3]',
      interval: 60,
      cron: null,
    })
    expect(Number(first?.nextEnqueueTime) - Number(first?.latestEnqueueTime)).toBe(60_000)
    expect(second).toMatchObject({ name: 'odd', args: '<not JSON serializable>', cron: '0 9 * * *' })
    await scheduler.stop()
    expect(await CronScheduler.all({ storage: at.storage })).toEqual([])
    await expect(CronScheduler.fetch('none', { storage: at.storage })).rejects.toMatchObject({
      code: 'RQ_NO_SUCH_SCHEDULER',
    })
  })

  it('refuses a name that a living scheduler has, also in its own process, and leaves that one listed', async () => {
    await using redis = await redisFixture()
    await using at = await place(redis)
    const first = at.scheduler({ name: 'main' })
    await first.start()
    // The first one sends a heartbeat after the second one has seen it.
    const warn = () => first.register(clean, { queueName: 'q', interval: HOUR_MS / 1000 })
    const logger: Logger = { ...silentLogger, warn, child: () => logger }
    const second = at.scheduler({ name: 'main', logger })
    await expect(second.start()).rejects.toMatchObject({ code: 'RQ_SCHEDULER_NAME_TAKEN' })
    expect(second.status).toBe('stopped')
    await second.stop()
    expect(await CronScheduler.all({ storage: at.storage })).toMatchObject([{ name: 'main' }])
  })

  it('takes the name of a dead scheduler when it is free, and that of one that has left at once', async () => {
    await using redis = await redisFixture()
    await using at = await place(redis)
    const dead = { name: 'main', hostname: hostname(), pid: process.pid, createdAtMs: 0, configFile: '', jobs: [] }
    await at.crons.register(dead, 'dead')
    await redis.client.zadd(`${redis.prefix}cron_schedulers`, Date.now() / 1000 - 43, 'main')
    const second = at.scheduler({ name: 'main' })
    await second.start()
    expect(second.status).toBe('started')
    await second.stop()
    await at.scheduler({ name: 'main' }).start()
    await second.stop()
    expect(await CronScheduler.all({ storage: at.storage })).toMatchObject([{ name: 'main' }])
  })

  it('goes on without being listed when another one has its name by now, and is listed when that one leaves', async () => {
    await using redis = await redisFixture()
    await using at = await place(redis)
    const errors: string[] = []
    const logger: Logger = { ...silentLogger, error: (message: string) => errors.push(message), child: () => logger }
    const first = at.scheduler({ name: 'main', logger })
    await first.start()
    await redis.client.hset(`${redis.prefix}cron_scheduler:main`, { instance: 'other', config_file: 'other' })
    first.register(clean, { queueName: 'default', interval: HOUR_MS / 1000 })
    await eventually(() => errors.length > 0)
    expect(errors).toEqual([expect.stringContaining('taken the name')])
    await eventually(async () => (await at.ids()).length === 1)
    expect(await CronScheduler.all({ storage: at.storage })).toMatchObject([{ configFile: 'other' }])
    await at.crons.unregister('main', 'other')
    first.register(clean, { queueName: 'default', interval: HOUR_MS, name: 'second' })
    await eventually(async () => (await CronScheduler.all({ storage: at.storage }))[0]?.configFile === '')
    expect(errors).toHaveLength(1)
  })
})

describe('cron.register', () => {
  it('collects for the next scheduler that is started', async () => {
    await using redis = await redisFixture()
    await using at = await place(redis)
    expect(() => cron.register(clean, { queueName: 'q' } as never)).toThrow(refused('interval'))
    cron.register(clean, { queueName: 'default', interval: 3600 })
    const scheduler = at.scheduler()
    await scheduler.start()
    expect(scheduler.getJobs()).toHaveLength(1)
    const second = at.scheduler()
    await second.start()
    expect(second.getJobs()).toEqual([])
    await eventually(async () => (await at.ids()).length === 1)
  })
})

describe('schedulers on machines whose clock is wrong', () => {
  it.each([
    ['ten minutes ahead', () => 600_000],
    ['ten minutes behind', () => -600_000],
    ['jumping to and fro', () => Math.round(Math.random() * 1_200_000) - 600_000],
  ])('keep to the time of Redis: %s', async (_what, wrongMs) => {
    await using redis = await redisFixture()
    await using at = await place(redis)
    const clock = { nowMs: () => Date.now() + wrongMs(), monotonicMs: () => performance.now() }
    const scheduler = at.scheduler({ clock })
    const job = scheduler.register(clean, { queueName: 'default', cron: '* * * * * *', name: 'each' })
    await scheduler.start()
    await eventually(async () => (await at.ids()).length >= 2)
    await eventually(() => job.nextEnqueueTime !== null)
    expect(Math.abs(Number(job.nextEnqueueTime) - Date.now())).toBeLessThan(10_000)
    for (const lateMs of await latenessOf(redis, 'each')) {
      expect(lateMs).toBeGreaterThanOrEqual(0)
      expect(lateMs).toBeLessThan(60_000)
    }
  })
})
