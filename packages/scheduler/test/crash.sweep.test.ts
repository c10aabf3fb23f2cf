import { eventually, redisFixture } from '@rq/testkit'
import { newJob, RAISED, workOff } from '@rq/testkit/storage-conformance'
import { describe, expect, it } from 'vitest'
import { CronScheduler, Schedule, Scheduler } from '../src/index.ts'
import { type Point, sweepSchedulers } from './crash-sweep.ts'
import { registerTicks, TICKING } from './ticking.js'

const QUEUES = ['default', 'low'] as const
const LEASE_MS = 1000

/** Jobs that take every way out of the schedule, due one after the other, and a delayed retry. */
async function schedule({ storage }: Point): Promise<void> {
  const rateLimit = { key: 'api', concurrency: 1 }
  await storage.queues.enqueue([newJob({ id: 'retried', origin: 'other', retriesLeft: 1, retryIntervalsS: [1] })])
  await workOff(storage, RAISED, ['other'])
  await storage.queues.enqueue([
    newJob({ id: 'parent', origin: 'other' }),
    newJob({ id: 'plain' }, { delayMs: 100 }),
    newJob({ id: 'front' }, { delayMs: 200, atFront: true }),
    newJob({ id: 'brief', ttlS: 600 }, { delayMs: 200 }),
    newJob({ id: 'low', origin: 'low' }, { delayMs: 300 }),
    newJob({ id: 'first', rateLimit }, { delayMs: 300 }),
    newJob({ id: 'second', rateLimit }, { delayMs: 400 }),
    newJob({ id: 'child', dependencyIds: ['parent'] }, { delayMs: 500 }),
  ])
}

async function nothingIsScheduled({ storage }: Point): Promise<boolean> {
  const counts = await Promise.all(
    [...QUEUES, 'other'].map((queue) => storage.queues.registryCount(queue, 'scheduled')),
  )
  return counts.every((count) => count === 0)
}

/** Where the jobs are when another scheduler has done what the dead one left. */
async function places(point: Point): Promise<Record<string, readonly string[]>> {
  const { queues } = point.storage
  const scheduler = new Scheduler([...QUEUES, 'other'], { storage: point.storage, leaseMs: LEASE_MS })
  await scheduler.start()
  await eventually(() => nothingIsScheduled(point))
  await scheduler.stop()
  return {
    default: [...(await queues.jobIds('default', 0, -1))].sort(),
    low: await queues.jobIds('low', 0, -1),
    other: await queues.jobIds('other', 0, -1),
    deferred: await queues.registryIds('default', 'deferred', 0, -1, false),
  }
}

describe('a scheduler that dies, or loses a reply, at any of its commands', () => {
  it('loses no job, and promotes none twice', async () => {
    await using redis = await redisFixture()
    const expected = {
      default: ['brief', 'first', 'front', 'plain'],
      low: ['low'],
      other: ['parent', 'retried'],
      deferred: ['child'],
    }
    const report = await sweepSchedulers({
      redis,
      kind: 'scheduler',
      queues: [...QUEUES, 'other'],
      commands: 18,
      leaseMs: LEASE_MS,
      begin: schedule,
      isOver: nothingIsScheduled,
      judge: async (point) => {
        const found = JSON.stringify(await places(point))
        return found === JSON.stringify(expected) ? [] : [`jobs are in ${found}`]
      },
    })
    expect(report.faults).toEqual([])
    expect(report.commands).toEqual(expect.arrayContaining(['subscribe', 'lead', 'promote_due']))
    expect(report.reached).toBeGreaterThan(report.tried / 3)
  })
})

const SECOND_MS = 1000

/** Times of the ticks whose jobs a cron job enqueued, earliest first, from the ids of the jobs. */
async function ticksOf({ storage }: Point, name: string): Promise<number[]> {
  const ids = await storage.crons.history(name, 0, -1)
  return ids.map((id) => Date.parse(id.slice(-16).replace(/(....)(..)(..T..)(..)(..Z)/, '$1-$2-$3:$4:$5'))).reverse()
}

async function haveTicked(point: Point, least: readonly number[]): Promise<boolean> {
  const ticks = await Promise.all(TICKING.map((name) => ticksOf(point, name)))
  return ticks.every(({ length }, index) => length >= (least[index] ?? 0))
}

/** What is wrong with the ticks when another cron scheduler has gone on where the dead one left off. */
async function wrongTicks(point: Point): Promise<string[]> {
  const before = await Promise.all(TICKING.map((name) => ticksOf(point, name)))
  await using scheduler = registerTicks(new CronScheduler({ storage: point.storage }))
  await scheduler.start()
  const enough = before.map(({ length }) => length + 2)
  await eventually(() => haveTicked(point, enough), { intervalMs: 50 })
  await scheduler.stop()
  const wrong: string[] = []
  const queued = await point.storage.queues.jobIds('default', 0, -1)
  let known = 0
  for (const name of TICKING) {
    const ids = await point.storage.crons.history(name, 0, -1)
    const ticks = await ticksOf(point, name)
    known += ids.length
    for (const id of ids) if (!queued.includes(id)) wrong.push(`the tick ${id} is taken, and has no job`)
    for (const [index, tick] of ticks.slice(1).entries()) {
      const gapMs = tick - (ticks[index] ?? 0)
      if (gapMs !== SECOND_MS) wrong.push(`${gapMs} ms between two ticks of ${name}`)
    }
  }
  if (queued.length !== known) wrong.push(`${queued.length} jobs of ${known} ticks`)
  return wrong
}

describe('a cron scheduler that dies, or loses a reply, at any of its commands', () => {
  it('skips no tick, and enqueues none twice', async () => {
    await using redis = await redisFixture()
    const report = await sweepSchedulers({
      redis,
      kind: 'cron',
      queues: ['default'],
      commands: 10,
      leaseMs: LEASE_MS,
      isOver: (point) => haveTicked(point, [4, 4]),
      judge: wrongTicks,
    })
    expect(report.faults).toEqual([])
    expect(report.commands).toEqual(expect.arrayContaining(['cron_register', 'cron_open', 'cron_tick']))
    expect(report.reached).toBeGreaterThan(0.6 * report.tried)
  })
})

const RECURRING = ['first', 'second'] as const
const TIMES = 4

async function keepSchedules({ storage }: Point): Promise<void> {
  const times = { every: 1, times: TIMES, catchUp: 'all' } as const
  for (const name of RECURRING) await Schedule.upsert(name, times, 'jobs.tick', [], { queue: 'default', storage })
}

async function areOver({ storage }: Point): Promise<boolean> {
  const all = await Schedule.all({ storage })
  return all.every(({ nextAt }) => nextAt === null)
}

/** What is wrong with the jobs of the schedules when another scheduler has gone on where the dead one left off. */
async function wrongJobs(point: Point): Promise<string[]> {
  const { storage } = point
  const scheduler = new Scheduler('default', { storage, leaseMs: LEASE_MS })
  await scheduler.start()
  await eventually(() => areOver(point))
  await scheduler.stop()
  const queued = await storage.queues.jobIds('default', 0, -1)
  const wrong: string[] = []
  for (const name of RECURRING) {
    const ids = await storage.recurring.history(name, 0, -1)
    const { count } = await Schedule.fetch(name, { storage })
    const times = ids.map((id) => Number(id.slice(-3, -1)) + 60 * Number(id.slice(-5, -3)))
    const gaps = times.slice(1).map((time, index) => ((times[index] ?? 0) - time + 3600) % 3600)
    if (count !== TIMES || gaps.length !== TIMES - 1 || gaps.some((gap) => gap !== 1)) {
      wrong.push(`${name} counts ${count}, and enqueued ${ids.join(', ')}`)
    }
    for (const id of ids) if (!queued.includes(id)) wrong.push(`${id} has no job`)
  }
  if (queued.length !== TIMES * RECURRING.length) wrong.push(`${queued.length} jobs`)
  return wrong
}

describe('a scheduler of schedules that dies, or loses a reply, at any of its commands', () => {
  it('enqueues the job of each of their times once', async () => {
    await using redis = await redisFixture()
    const report = await sweepSchedulers({
      redis,
      kind: 'scheduler',
      queues: ['default'],
      commands: 22,
      leaseMs: LEASE_MS,
      begin: keepSchedules,
      isOver: areOver,
      judge: wrongJobs,
    })
    expect(report.faults).toEqual([])
    expect(report.commands).toEqual(expect.arrayContaining(['lead', 'schedule_due', 'schedule_tick']))
    expect(report.reached).toBeGreaterThan(report.tried / 3)
  })
})
