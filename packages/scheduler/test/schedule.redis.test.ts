import { Queue } from '@rq/queue'
import { RedisStorage } from '@rq/redis'
import { eventually, type RedisFixture, redisFixture } from '@rq/testkit'
import { RETURNED, workOff } from '@rq/testkit/storage-conformance'
import { describe, expect, it } from 'vitest'
import {
  Schedule,
  type ScheduleFilter,
  type ScheduleOptions,
  Scheduler,
  type ScheduleTimes,
  type SyncedSchedule,
} from '../src/index.ts'

const HOUR_MS = 3_600_000
const REPORT = 'jobs.report'

/** A place with schedules, and schedulers that end with the test. */
async function place(redis: RedisFixture) {
  const storages: RedisStorage[] = []
  const schedulers: Scheduler[] = []
  const storage = () => {
    const opened = new RedisStorage({ connection: redis.url, prefix: redis.prefix, role: 'worker' })
    storages.push(opened)
    return opened
  }
  const main = storage()
  return {
    storage: main,
    queue: new Queue('default', { storage: main }),
    upsert(name: string, times: ScheduleTimes, more: Partial<ScheduleOptions> = {}, args: readonly unknown[] = []) {
      return Schedule.upsert(name, times, REPORT, args, { queue: 'default', storage: main, ...more })
    },
    sync: (schedules: readonly SyncedSchedule[], owner = 'app') => Schedule.sync(schedules, { owner, storage: main }),
    fetch: (name: string) => Schedule.fetch(name, { storage: main }),
    all: async () => (await Schedule.all({ storage: main })).map((schedule) => schedule.name),
    scheduler(queues: string | string[] = 'default') {
      const scheduler = new Scheduler(queues, { storage: storage() })
      schedulers.push(scheduler)
      return scheduler
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(schedulers.map((scheduler) => scheduler.stop()))
      await Promise.all(storages.map((opened) => opened.close()))
    },
  }
}

const synced = (name: string, times: ScheduleTimes = { every: '1h' }): SyncedSchedule => ({
  ...{ name, times, func: REPORT, queue: 'default' },
})

describe('Schedule.upsert', () => {
  it('keeps a schedule, which any process can read', async () => {
    await using redis = await redisFixture()
    await using at = await place(redis)
    const from = new Date('2030-01-01T00:00:00Z')
    const until = new Date('2031-01-01T00:00:00Z')
    const times = { cron: '30 9 * * MON', timezone: 'Europe/Berlin', from, until, times: 3, overlap: 'skip' } as const
    const made = await at.upsert('report', times, { queue: 'mail', kwargs: { all: true }, jobTimeout: 60 }, ['x'])
    for (const schedule of [made, await at.fetch('report')]) {
      expect(schedule).toMatchObject({
        ...{ name: 'report', queueName: 'mail', funcName: REPORT, args: ['x'], kwargs: { all: true } },
        ...{ cron: '30 9 * * MON', every: null, timezone: 'Europe/Berlin', from, until, times: 3, spread: 0 },
        ...{ catchUp: 'skip', overlap: 'skip', owner: null, isPaused: false, count: 0, latestAt: null },
        nextAt: new Date('2030-01-07T08:30:00Z'),
      })
      expect(schedule.next(5).map((date) => date.toISOString().slice(0, 10))).toEqual([
        '2030-01-07',
        '2030-01-14',
        '2030-01-21',
      ])
    }
    expect(await at.all()).toEqual(['report'])
  })

  it('leaves one that says the same as it is, and keeps its past when it changes', async () => {
    await using redis = await redisFixture()
    await using at = await place(redis)
    await at.upsert('report', { every: '1h' })
    await at.scheduler().runOnce()
    const before = await at.fetch('report')
    expect(before.count).toBe(1)
    const same = await at.upsert('report', { every: 3600 })
    expect([same.changedAt, same.nextAt]).toEqual([before.changedAt, before.nextAt])
    const otherArgs = await at.upsert('report', { every: '1h' }, {}, ['new'])
    expect(otherArgs).toMatchObject({ args: ['new'], nextAt: before.nextAt, count: 1 })
    const slower = await at.upsert('report', { every: '2h' }, {}, ['new'])
    expect(Number(slower.nextAt)).toBe(Number(before.latestAt) + 2 * HOUR_MS)
    expect(slower).toMatchObject({ count: 1, latestAt: before.latestAt, createdAt: before.createdAt })
  })

  it('survives that many processes write one schedule at once', async () => {
    await using redis = await redisFixture()
    await using at = await place(redis)
    const made = await Promise.all(
      Array.from({ length: 12 }, (_, n) => at.upsert('report', { every: n < 6 ? '1h' : '2h' })),
    )
    expect(new Set(made.map((schedule) => schedule.every))).toEqual(new Set([3600, 7200]))
    expect(await at.all()).toEqual(['report'])
  })

  it('puts schedules of the same times apart, each always by the same time', async () => {
    await using redis = await redisFixture()
    await using at = await place(redis)
    const minutes = new Set<number>()
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) {
      const { nextAt } = await at.upsert(name, { cron: '0 0 * * *', spread: '1h' })
      minutes.add(Number(nextAt))
      expect(Number(nextAt) % (24 * HOUR_MS)).toBeLessThan(HOUR_MS)
      expect((await at.upsert(name, { cron: '0 0 * * *', spread: 3600 })).nextAt).toEqual(nextAt)
    }
    expect(minutes.size).toBeGreaterThan(3)
    // No more than the interval, so that the first job does not wait for others.
    const { nextAt } = await at.upsert('often', { every: '2s', spread: '1h' })
    expect(Number(nextAt)).toBeLessThan(Date.now() + 3000)
  })

  it.each<[string, () => [ScheduleTimes, Partial<ScheduleOptions>?]]>([
    ['every', () => [{}]],
    ['every', () => [{ every: '1h', cron: '* * * * *' }]],
    ['every', () => [{ every: 0 }]],
    ['every', () => [{ every: '100ms' }]],
    ['cron', () => [{ cron: '61 * * * *' }]],
    ['cron', () => [{ cron: '0 0 31 2 *' }]],
    ['timezone', () => [{ cron: '* * * * *', timezone: 'Moon/Sea' }]],
    ['timezone', () => [{ every: '1h', timezone: 'UTC' }]],
    ['until', () => [{ every: '1h', from: '2030-01-01T00:00:00Z', until: '2029-01-01T00:00:00Z' }]],
    ['times', () => [{ every: '1h', times: 0 }]],
    ['spread', () => [{ every: '1h', spread: '1ms' }]],
    ['catchUp', () => [{ every: '1h', catchUp: 'never' as 'skip' }]],
    ['overlap', () => [{ every: '1h', overlap: 'never' as 'skip' }]],
    ['option name of the times of a schedule', () => [{ every: '1h', interval: 5 } as ScheduleTimes]],
    ['jobId', () => [{ every: '1h' }, { jobId: 'x' } as Partial<ScheduleOptions>]],
    ['queue', () => [{ every: '1h' }, { queue: '' }]],
    ['codec', () => [{ every: '1h' }, { codec: {} } as Partial<ScheduleOptions>]],
  ])('refuses a wrong %s and writes nothing', async (option, make) => {
    await using redis = await redisFixture()
    await using at = await place(redis)
    const refused = expect.objectContaining({ code: 'RQ_INVALID_OPTION', details: expect.objectContaining({ option }) })
    await expect(at.upsert('report', ...make())).rejects.toThrow(refused)
    expect(await redis.keys()).toEqual([])
  })
})

describe('a mistake in a schedule', () => {
  const [early, late] = ['2029-02-01T00:00:00Z', '2030-02-01T00:00:00Z']

  it.each<[string, ScheduleTimes, string]>([
    [
      'until before from',
      { every: '1h', from: late, until: early },
      'Invalid until: got "2029-02-01T00:00:00Z", expected a time after from.',
    ],
    [
      'until before from, as dates',
      { every: '1h', from: new Date(late), until: new Date(early) },
      'Invalid until: got "2029-02-01T00:00:00.000Z", expected a time after from.',
    ],
    [
      'neither every nor cron',
      {},
      'Invalid every: got undefined, expected the time between two jobs, or a cron expression as cron.',
    ],
    [
      'both every and cron',
      { every: '1h', cron: '0 3 * * *' },
      'Invalid every: got "1h", expected none beside cron: leave one of them out.',
    ],
    [
      'no time between from and until',
      { cron: '0 0 1 1 *', from: early, until: '2029-03-01T00:00:00Z' },
      'Invalid until: got "2029-03-01T00:00:00Z", expected a time so late that the schedule has a time after from and before it.',
    ],
    ['a cron that never comes', { cron: '0 0 30 2 *' }, 'Invalid cron "0 0 30 2 *": there is no such day.'],
  ])('%s: is one error, for upsert and sync, and nothing is written', async (_, times, message) => {
    await using redis = await redisFixture()
    await using at = await place(redis)
    const refused = (text: string) => expect.objectContaining({ code: 'RQ_INVALID_OPTION', message: text })
    await expect(at.upsert('report', times)).rejects.toThrow(refused(message))
    await expect(at.sync([synced('first'), synced('report', times)])).rejects.toThrow(
      refused(`The schedule "report" of the list: ${message}`),
    )
    expect(await redis.keys()).toEqual([])
  })

  it('no times, as where they are beside the name: is one error, and nothing is written', async () => {
    await using redis = await redisFixture()
    await using at = await place(redis)
    const { times, ...rest } = synced('report')
    const wrong = { ...rest, ...times } as never
    await expect(at.sync([wrong])).rejects.toMatchObject({
      code: 'RQ_INVALID_OPTION',
      message: `The schedule "report" of the list: Invalid times: got undefined, expected { every: '1h' } or { cron: '0 3 * * *' }.`,
    })
    expect(await redis.keys()).toEqual([])
  })

  it('one name of two owners: is one error that names the other one, and nothing is written', async () => {
    await using redis = await redisFixture()
    await using at = await place(redis)
    await at.sync([synced('shared')], 'web')
    await at.upsert('by-hand', { every: '1h' })
    const before = await redis.dump()
    const message = (name: string, by: string) =>
      `Invalid name: got "${name}", expected another name: the schedule of this one was written by ${by}.`
    const refused = (name: string, by: string) =>
      expect.objectContaining({ code: 'RQ_INVALID_OPTION', message: message(name, by) })
    const webs = "Schedule.sync for the owner 'web'"
    await expect(at.sync([synced('new'), synced('shared')], 'api')).rejects.toThrow(refused('shared', webs))
    await expect(at.upsert('shared', { every: '2h' })).rejects.toThrow(refused('shared', webs))
    await expect(at.sync([synced('by-hand')], 'api')).rejects.toThrow(refused('by-hand', 'Schedule.upsert'))
    expect(await redis.dump()).toEqual(before)
  })
})

describe('Schedule.list', () => {
  it('gives what a list shows, by name, for more schedules than one call reads', async () => {
    await using redis = await redisFixture()
    await using at = await place(redis)
    const names = Array.from({ length: 450 }, (_, n) => `tenant-${String(n).padStart(4, '0')}`)
    await Promise.all(
      names.map((name, n) => at.upsert(name, { every: '1h' }, { queue: n % 2 === 0 ? 'even' : 'odd' }, [name])),
    )
    const list = async (options: ScheduleFilter) => {
      const found: string[] = []
      for await (const { name } of Schedule.list({ storage: at.storage, ...options })) found.push(name)
      return found
    }
    expect(await list({})).toEqual(names)
    expect(await list({ limit: 3 })).toEqual(names.slice(0, 3))
    expect(await list({ limit: 300, after: 'tenant-0100' })).toEqual(names.slice(101, 401))
    expect(await list({ queue: 'odd', limit: 2, after: 'tenant-0300' })).toEqual(['tenant-0301', 'tenant-0303'])
    expect(await list({ owner: 'app' })).toEqual([])
    await at.sync([synced('of-app')])
    expect(await list({ owner: 'app' })).toEqual(['of-app'])

    const all = await Schedule.all({ storage: at.storage, queue: 'odd', limit: 2 })
    expect(all.map(({ args }) => args)).toEqual([['tenant-0001'], ['tenant-0003']])
    const job = await (await at.fetch('tenant-0001')).runNow()
    for await (const info of Schedule.list({ storage: at.storage, after: 'tenant-0000', limit: 2 })) {
      expect(info).toMatchObject({ queueName: info.name === 'tenant-0001' ? 'odd' : 'even', every: 3600, count: 0 })
      expect(info.lastJob).toEqual(info.name === 'tenant-0001' ? { id: job.id, status: 'queued' } : null)
      expect(info.next(2)).toHaveLength(2)
    }
  })

  it.each<[string, ScheduleFilter]>([
    ['limit', { limit: 0 }],
    ['queue', { queue: '' }],
    ['owner', { owner: '' }],
    ['after', { after: 7 as never }],
    ['option name of Schedule.list', { offset: 5 } as ScheduleFilter],
  ])('refuses a wrong %s at the call', async (option, filter) => {
    await using redis = await redisFixture()
    await using at = await place(redis)
    const refused = expect.objectContaining({ code: 'RQ_INVALID_OPTION', details: expect.objectContaining({ option }) })
    expect(() => Schedule.list({ storage: at.storage, ...filter })).toThrow(refused)
  })
})

describe('a schedule', () => {
  it('enqueues a job at once and then at its times, once over several schedulers', async () => {
    await using redis = await redisFixture()
    await using at = await place(redis)
    const schedulers = [at.scheduler(), at.scheduler(), at.scheduler()]
    for (const scheduler of schedulers) await scheduler.start()
    await eventually(() => schedulers.some((scheduler) => scheduler.ledQueues.length === 1))
    const schedule = await at.upsert('tick', { every: 1, times: 3 }, { resultTtl: 60 }, [7])
    await eventually(async () => (await schedule.refresh()).nextAt === null)
    expect(schedule).toMatchObject({ count: 3, nextAt: null })
    const ids = await schedule.history()
    expect(ids).toHaveLength(3)
    expect(await at.queue.getJobIds()).toEqual([...ids].reverse())
    const job = await at.queue.fetchJob(ids[0] ?? '')
    expect(job).toMatchObject({ funcName: REPORT, args: [7], resultTtl: 60, origin: 'default' })
    expect(schedule.next(2)).toEqual([])
  })

  it('enqueues nothing while it is paused, nothing for that time later, and goes on', async () => {
    await using redis = await redisFixture()
    await using at = await place(redis)
    const scheduler = at.scheduler()
    const schedule = await at.upsert('tick', { every: 1 })
    expect([await schedule.pause(), await schedule.pause(), schedule.isPaused]).toEqual([true, false, true])
    expect([schedule.nextAt, schedule.next()]).toEqual([null, []])
    await scheduler.start()
    await eventually(() => scheduler.ledQueues.length === 1)
    // A change of a paused schedule does not resume it.
    expect((await at.upsert('tick', { every: 1 }, {}, ['new'])).isPaused).toBe(true)
    const other = await at.fetch('tick')
    expect([await other.resume(), await other.resume(), other.isPaused]).toEqual([true, false, false])
    await eventually(async () => (await at.queue.count()) > 0)
    // No tick comes between the two.
    await scheduler.stop()
    expect((await schedule.refresh()).count).toBe((await schedule.history()).length)
  })

  it('runs now when asked, also while it is paused', async () => {
    await using redis = await redisFixture()
    await using at = await place(redis)
    const schedule = await at.upsert('report', { cron: '0 0 1 1 *' }, { description: 'yearly', atFront: true }, ['a'])
    await at.queue.enqueue('jobs.other')
    await schedule.pause()
    const job = await schedule.runNow()
    expect(job).toMatchObject({ args: ['a'], description: 'yearly', origin: 'default' })
    expect((await at.queue.getJobIds())[0]).toBe(job.id)
    expect(await schedule.history()).toEqual([job.id])
    expect((await schedule.refresh()).count).toBe(0)
  })

  it('can be removed, and is gone for its handles then', async () => {
    await using redis = await redisFixture()
    await using at = await place(redis)
    const schedule = await at.upsert('report', { every: '1h' })
    const job = await schedule.runNow()
    expect([await schedule.remove(), await schedule.remove()]).toEqual([true, false])
    const gone = expect.objectContaining({ code: 'RQ_NO_SUCH_SCHEDULE' })
    await expect(schedule.pause()).rejects.toThrow(gone)
    await expect(schedule.runNow()).rejects.toThrow(gone)
    await expect(schedule.refresh()).rejects.toThrow(gone)
    await expect(at.fetch('report')).rejects.toThrow(gone)
    expect(await at.queue.getJobIds()).toEqual([job.id])
    expect((await redis.keys()).filter((key) => /:schedule(s|-jobs)?(:|$)/.test(key))).toEqual([])
  })

  it('skips a tick while its last job has not ended, when asked', async () => {
    await using redis = await redisFixture()
    await using at = await place(redis)
    const scheduler = at.scheduler()
    await scheduler.start()
    const schedule = await at.upsert('slow', { every: 1, overlap: 'skip' })
    await eventually(async () => (await schedule.refresh()).count === 1)
    const first = Number(schedule.latestAt)
    await eventually(async () => Number((await schedule.refresh()).latestAt) > first)
    expect(schedule.count).toBe(1)
    await workOff(at.storage, RETURNED)
    await eventually(async () => (await schedule.refresh()).count === 2)
  })

  it('treats missed times as its catchUp says', async () => {
    await using redis = await redisFixture()
    await using at = await place(redis)
    const counts: Record<string, number> = {}
    const scheduler = at.scheduler()
    for (const catchUp of ['skip', 'once', 'all'] as const) {
      const schedule = await at.upsert(catchUp, { every: '1m', catchUp })
      // As if no scheduler had run for five minutes, to the half of one.
      const fiveMs = (Math.floor(Date.now() / 1000) - 330) * 1000
      const moved = { next: fiveMs, anchor: fiveMs }
      await redis.client.hset(`${redis.prefix}schedule:${catchUp}`, moved)
      await redis.client.zadd(`${redis.prefix}schedules:default`, fiveMs / 1000, catchUp)
      await scheduler.runOnce()
      await schedule.refresh()
      counts[catchUp] = schedule.count
      expect(Number(schedule.nextAt)).toBeGreaterThan(Date.now() - 1000)
    }
    // The last time is half a minute ago: so late that it counts as missed.
    expect(counts).toEqual({ skip: expect.toBeOneOf([0, 1]), once: 1, all: 6 })
  })

  it('explains itself as it is now', async () => {
    await using redis = await redisFixture()
    await using at = await place(redis)
    const schedule = await at.upsert('report', { every: '1h' })
    const other = await at.fetch('report')
    expect((await schedule.explain()).code).toBe('no_worker')
    await other.pause()
    expect([(await schedule.explain()).code, schedule.isPaused]).toEqual(['paused', true])
    await other.remove()
    await expect(schedule.explain()).rejects.toThrow(expect.objectContaining({ code: 'RQ_NO_SUCH_SCHEDULE' }))
  })

  it('that cannot be read is told once, and holds nothing up', async () => {
    await using redis = await redisFixture()
    await using at = await place(redis)
    for (const name of ['broken', 'fine']) await at.upsert(name, { every: '1h' })
    await redis.client.hset(`${redis.prefix}schedule:broken`, 'rule', '{"cron":1}')
    expect(await at.scheduler().runOnce()).toBe(1)
    expect((await at.fetch('fine')).count).toBe(1)
    expect(await redis.client.zrange(`${redis.prefix}schedules:default`, 0, '-1')).toEqual(['fine'])
    expect(await at.fetch('broken')).toMatchObject({ cron: null, every: null })
    expect(await (await at.upsert('broken', { every: '2h' })).refresh()).toMatchObject({ every: 7200 })
  })
})

describe('Schedule.sync', () => {
  it('makes the schedules of one owner equal to a list, and leaves the others alone', async () => {
    await using redis = await redisFixture()
    await using at = await place(redis)
    await at.upsert('by-hand', { every: '1h' })
    await at.sync([synced('other')], 'someone')
    expect(await at.sync([synced('a'), synced('b')])).toEqual({ written: ['a', 'b'], kept: [], removed: [] })
    expect(await at.sync([synced('b'), synced('c')])).toEqual({ written: ['c'], kept: ['b'], removed: ['a'] })
    expect(await at.sync([synced('b', { every: '2h' })])).toEqual({ written: ['b'], kept: [], removed: ['c'] })
    expect(await at.all()).toEqual(['b', 'by-hand', 'other'])
    expect((await at.fetch('b')).owner).toBe('app')
  })

  it('refuses a list with a wrong member, a name that is twice in it, or one of somebody else, and writes nothing', async () => {
    await using redis = await redisFixture()
    await using at = await place(redis)
    await at.sync([synced('other')], 'someone')
    await at.upsert('by-hand', { every: '1h' })
    const refused = expect.objectContaining({ code: 'RQ_INVALID_OPTION' })
    await expect(at.sync([synced('a'), synced('b', {})])).rejects.toThrow(refused)
    await expect(at.sync([synced('a'), synced('a')])).rejects.toThrow(refused)
    await expect(at.sync([synced('a'), synced('other')])).rejects.toThrow(/the owner 'someone'/)
    await expect(at.sync([synced('a'), synced('by-hand')])).rejects.toThrow(refused)
    await expect(at.sync([synced('a')], '')).rejects.toThrow(refused)
    await expect(at.sync([synced('a'), null as never])).rejects.toThrow(refused)
    await expect(at.upsert('other', { every: '2h' })).rejects.toThrow(refused)
    expect(await at.all()).toEqual(['by-hand', 'other'])
  })
})
