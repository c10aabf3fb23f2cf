import { deflateSync } from 'node:zlib'
import { newId } from '@rq/core'
import { type JobRecord, type SchedulerNotice, settle } from '@rq/job'
import { eventually, type RedisFixture, RUNS_ALL, startRedis } from '@rq/testkit'
import { claimRequest, newJob, RAISED, RETURNED, workOff } from '@rq/testkit/storage-conformance'
import { describe, expect, it } from 'vitest'
import { RedisStorage } from '../src/index.ts'
import { withTtlsOf } from './whole-state.ts'
import { withStorage } from './with-storage.ts'

const HOUR_MS = 3_600_000
const SCHEDULER = { name: 'leader', queues: ['default'], pid: 4711, hostname: 'box', createdAtMs: 1_790_000_000_000 }
const LEASE_MS = 60_000
const MANY = RUNS_ALL ? 100_000 : 20_000

interface Place {
  readonly storage: RedisStorage
  readonly redis: RedisFixture
  /** A key of this test. */
  readonly key: (name: string) => string
}

const withPlace = (run: (place: Place) => Promise<void>, tolerate?: RegExp) =>
  withStorage((storage, redis) => run({ storage, redis, key: (name) => redis.prefix + name }), tolerate)

/** As `withPlace`, with the lead of `default`. */
const whenLeading = (run: (place: Place) => Promise<void>, tolerate?: RegExp) =>
  withPlace(async (place) => {
    await place.storage.schedules.lead(SCHEDULER, LEASE_MS)
    await run(place)
  }, tolerate)

/** Let the time of scheduled jobs come. */
async function makeDue({ redis, key }: Place, ...ids: string[]): Promise<void> {
  for (const [index, id] of ids.entries()) await redis.client.zadd(key('scheduled:default'), 'XX', 1000 + index, id)
}

/** As many jobs in a step as a scheduler moves. */
const AT_ONCE = 250

const promoteDue = ({ storage }: Place, most = AT_ONCE) => storage.schedules.promoteDue('default', SCHEDULER.name, most)

async function statuses({ storage }: Place, ...ids: string[]): Promise<(string | undefined)[]> {
  return (await storage.jobs.fetch(ids)).map((job) => job?.status)
}

/** Promote until nothing is due. Returns how many were moved, and how many commands Redis ran in the longest step. */
async function promoteAll(storage: RedisStorage): Promise<{ moved: number; most: number }> {
  const commandsRun = async () => {
    const lines = String(await storage.client().info('commandstats')).matchAll(/:calls=(\d+)/g)
    return [...lines].reduce((sum, [, calls]) => sum + Number(calls), 0)
  }
  let [moved, most] = [0, 0]
  for (;;) {
    const before = await commandsRun()
    const promoted = await storage.schedules.promoteDue('default', SCHEDULER.name, AT_ONCE)
    most = Math.max(most, (await commandsRun()) - before)
    if (promoted === 'lost') throw new Error('lost the lead')
    moved += promoted.moved
    if (promoted.waitMs !== 0) return { moved, most }
  }
}

/** The state without times that differ from run to run, and without what the lead of a scheduler writes. */
async function state({ redis }: Place): Promise<Record<string, unknown>> {
  const dump = await redis.dump()
  return Object.fromEntries(
    Object.entries(dump)
      .filter(([key]) => !key.startsWith('rq:scheduler'))
      .map(([key, { type, ttl, value }]) => {
        const shown = type === 'hash' ? Object.fromEntries(Object.entries(value).map(plainTime)) : value
        return [ttl === -1 ? key : `${key} (${ttl} s)`, shown]
      }),
  )
}

const plainTime = ([field, value]: [string, unknown]) => [field, /^\d{4}-.*Z$/.test(String(value)) ? '<time>' : value]

const HASH = {
  created_at: '<time>',
  data: '["jobs#work",null,[1],{}]',
  origin: 'default',
  last_heartbeat: '',
  description: 'jobs#work(1)',
  timeout: '180',
}

describe('enqueue with a time', () => {
  it('writes the job and its place in one step', () =>
    withPlace(async (place) => {
      const dueMs = 1_900_000_000_123
      const jobs = [newJob({ id: 'a' }, { dueMs }), newJob({ id: 'b' }, { dueMs: dueMs + 1, atFront: true })]
      expect(await place.storage.queues.enqueue(jobs)).toEqual(['scheduled', 'scheduled'])
      expect(await state(place)).toEqual({
        'rq:job:a': { ...HASH, status: 'scheduled' },
        'rq:job:b': { ...HASH, status: 'scheduled', enqueue_at_front: '1' },
        'rq:queues': ['rq:queue:default'],
        'rq:scheduled:default': { a: 1_900_000_000.123, b: 1_900_000_000.124 },
      })
    }))

  it('queues what is due already', () =>
    withPlace(async (place) => {
      const jobs = [newJob({ id: 'past' }, { dueMs: 5 }), newJob({ id: 'now' }, { delayMs: 0 })]
      expect(await place.storage.queues.enqueue(jobs)).toEqual(['queued', 'queued'])
      expect(await place.storage.queues.jobIds('default', 0, -1)).toEqual(['past', 'now'])
      expect(await place.redis.client.exists(place.key('scheduled:default'))).toBe(0)
    }))

  it('counts a delay by the clock of Redis', () =>
    withPlace(async ({ storage, redis }) => {
      const clockMs = async () => {
        const [seconds = 0, micros = 0] = (await redis.client.time()).map(Number)
        return seconds * 1000 + micros / 1000
      }
      const beforeMs = await clockMs()
      await storage.queues.enqueue([newJob({ id: 'later' }, { delayMs: 90_000 })])
      const afterMs = await clockMs()
      const dueMs = (await storage.queues.registryScoreMs('default', 'scheduled', 'later')) ?? 0
      expect(dueMs - beforeMs).toBeGreaterThan(89_998)
      expect(dueMs - afterMs).toBeLessThan(90_002)
    }))

  it('lets the longest wait in the queue begin when the job is due', () =>
    whenLeading(async (place) => {
      await place.storage.queues.enqueue([newJob({ id: 'a', ttlS: 30 }, { delayMs: HOUR_MS })])
      expect(await place.redis.client.ttl(place.key('job:a'))).toBeGreaterThan(3600)
      await makeDue(place, 'a')
      await promoteDue(place)
      expect(await place.redis.client.ttl(place.key('job:a'))).toBeLessThanOrEqual(30)
      expect(await statuses(place, 'a')).toEqual(['queued'])
    }))

  it('does not schedule a job again whose call is sent again after its time', () =>
    whenLeading(async (place) => {
      const pipeline = place.redis.client.pipeline()
      place.storage.queues.enqueueInto(pipeline, [newJob({ id: 'a' }, { delayMs: HOUR_MS })])
      const [command] = (pipeline as unknown as { _queue: { args: (string | Buffer)[] }[] })._queue
      const send = () => place.redis.client.call('EVAL', command?.args ?? [])
      await send()
      await makeDue(place, 'a')
      await promoteDue(place)
      await workOff(place.storage, RETURNED)
      const before = await place.redis.dump()
      await send()
      expect(withTtlsOf(before, await place.redis.dump())).toEqual(before)
    }))

  it('tells schedulers of a job that is due before all others, and of no other', () =>
    withPlace(async ({ storage }) => {
      const heard: SchedulerNotice[] = []
      const stop = await storage.schedules.onNotice((notice) => heard.push(notice))
      const enqueue = (id: string, dueMs: number, origin = 'default') =>
        storage.queues.enqueue([newJob({ id, origin }, { dueMs })])
      // It may not be listening yet, so there is one more job until it hears of one, each earlier than those before.
      let dueMs = 1_900_000_000_000
      await eventually(async () => {
        await enqueue(newId(), --dueMs)
        return heard.length > 0
      })
      // Notices come in order: behind this one there is no other of these.
      await enqueue('mark', dueMs, 'mark')
      await eventually(() => heard.some(({ queue }) => queue === 'mark'))
      heard.length = 0
      await enqueue('later', 1_950_000_000_000)
      await enqueue('other', 1_950_000_000_000, 'other')
      await enqueue('earlier', 1_850_000_000_000)
      await storage.queues.enqueue([newJob({ id: 'plain' })])
      await eventually(() => heard.length >= 2)
      expect(heard).toEqual([
        { kind: 'earlier', queue: 'other' },
        { kind: 'earlier', queue: 'default' },
      ])
      await stop()
    }))
})

describe('promoteDue', () => {
  it('moves due jobs in the order of their times, those at the front to the head, and leaves the others', () =>
    whenLeading(async (place) => {
      const dueMs = Date.now() + HOUR_MS
      const front = { dueMs, atFront: true }
      const jobs = [newJob({ id: 'a' }, { dueMs }), newJob({ id: 'b' }, { dueMs }), newJob({ id: 'c' }, front)]
      await place.storage.queues.enqueue([...jobs, newJob({ id: 'later' }, { dueMs: 1_950_000_000_000 })])
      await makeDue(place, 'b', 'a', 'c')
      const promoted = await promoteDue(place)
      expect(promoted).toMatchObject({ moved: 3 })
      expect((promoted as { waitMs: number }).waitMs).toBeGreaterThan(HOUR_MS)
      const queued = { ...HASH, status: 'queued', enqueued_at: '<time>' }
      expect(await state(place)).toEqual({
        'rq:job:a': queued,
        'rq:job:b': queued,
        'rq:job:c': { ...queued, enqueue_at_front: '1' },
        'rq:job:later': { ...HASH, status: 'scheduled' },
        'rq:queue:default': ['c', 'b', 'a'],
        'rq:queues': ['rq:queue:default'],
        'rq:scheduled:default': { later: 1_950_000_000 },
      })
    }))

  it('says when there is more to do: at once, later, never', () =>
    whenLeading(async (place) => {
      expect(await promoteDue(place)).toMatchObject({ moved: 0, waitMs: undefined })
      const jobs = ['a', 'b', 'c'].map((id) => newJob({ id }, { delayMs: HOUR_MS }))
      await place.storage.queues.enqueue([...jobs, newJob({ id: 'soon' }, { delayMs: 60_000 })])
      await makeDue(place, 'a', 'b', 'c')
      expect(await promoteDue(place, 2)).toMatchObject({ moved: 2, waitMs: 0 })
      const rest = (await promoteDue(place, 2)) as { moved: number; waitMs: number }
      expect(rest.moved).toBe(1)
      expect(rest.waitMs).toBeGreaterThan(10_000)
      expect(rest.waitMs).toBeLessThanOrEqual(60_000)
    }))

  it('never moves a job before its millisecond', () =>
    whenLeading(async (place) => {
      for (let n = 0; n < 20; n++) {
        await place.storage.queues.enqueue([newJob({ id: `j${n}` }, { delayMs: 3 })])
        const dueMs = (await place.storage.queues.registryScoreMs('default', 'scheduled', `j${n}`)) ?? 0
        let promoted = await promoteDue(place)
        while (promoted !== 'lost' && promoted.moved === 0) {
          expect(promoted.nowMs).toBeLessThan(dueMs)
          promoted = await promoteDue(place)
        }
        expect((promoted as { nowMs: number }).nowMs).toBeGreaterThanOrEqual(dueMs)
      }
    }))

  it('drops entries whose job is gone or elsewhere, but gives a Python producer time to write the job', () =>
    whenLeading(async (place) => {
      const { redis, key, storage } = place
      await storage.queues.enqueue([newJob({ id: 'queued' })])
      // Again if a second or two have passed before Redis looks at it: then its time is over.
      await eventually(async () => {
        const nowS = Math.floor(Date.now() / 1000)
        await redis.client.zadd(key('scheduled:default'), 1000, 'gone', 1001, 'queued', nowS, 'coming')
        expect(await promoteDue(place)).toMatchObject({ moved: 0, waitMs: 1000 })
        expect(await redis.client.zrange(key('scheduled:default'), '0', '-1')).toEqual(['coming'])
      })
      expect(await storage.queues.jobIds('default', 0, -1)).toEqual(['queued'])
    }))

  it('moves a job as Python writes it', () =>
    whenLeading(async (place) => {
      const { redis, key, storage } = place
      const data = deflateSync(Buffer.from('["jobs.hello", null, ["bob"], {}]'))
      const created = '2026-01-01T00:00:00.123456Z'
      await redis.client.hset(key('job:py'), {
        status: 'scheduled',
        data,
        origin: 'default',
        created_at: created,
        timeout: 180,
      })
      await redis.client.zadd(key('scheduled:default'), Math.floor(Date.now() / 1000), 'py')
      expect(await promoteDue(place)).toMatchObject({ moved: 1 })
      expect(await storage.queues.jobIds('default', 0, -1)).toEqual(['py'])
      expect(await statuses(place, 'py')).toEqual(['queued'])
    }, /^job py has no last_heartbeat/))

  it('puts a retry to the head that asked for it, as RQ writes it', () =>
    whenLeading(async (place) => {
      const { redis, key, storage } = place
      await storage.queues.enqueue([newJob({ id: 'r', enqueueAtFrontOnRetry: true }, { delayMs: HOUR_MS })])
      await storage.queues.enqueue([newJob({ id: 'n', enqueueAtFrontOnRetry: true }, { delayMs: HOUR_MS })])
      await storage.queues.enqueue([newJob({ id: 'waiting' })])
      await redis.client.hset(
        key('job:r'),
        'started_at',
        '2026-01-01T00:00:00.000000Z',
        'ended_at',
        '2026-01-01T00:00:01.000000Z',
      )
      await makeDue(place, 'r', 'n')
      await promoteDue(place)
      expect(await storage.queues.jobIds('default', 0, -1)).toEqual(['r', 'waiting', 'n'])
    }))

  it('defers a job whose dependencies have not finished, and lets those go on whose have', () =>
    whenLeading(async (place) => {
      const { storage } = place
      await storage.queues.enqueue([newJob({ id: 'done' })])
      await workOff(storage, RETURNED)
      await storage.queues.enqueue([newJob({ id: 'bad' })])
      await workOff(storage, RAISED)
      await storage.queues.enqueue([newJob({ id: 'open', origin: 'other' })])
      const delayMs = HOUR_MS
      await storage.queues.enqueue([
        newJob({ id: 'met', dependencyIds: ['done'] }, { delayMs }),
        newJob({ id: 'waits', dependencyIds: ['open', 'done'] }, { delayMs }),
        newJob({ id: 'stuck', dependencyIds: ['bad'] }, { delayMs }),
        newJob({ id: 'tolerant', dependencyIds: ['bad'], allowDependencyFailures: true }, { delayMs }),
        newJob({ id: 'orphan', dependencyIds: ['never'] }, { delayMs }),
      ])
      await makeDue(place, 'met', 'waits', 'stuck', 'tolerant', 'orphan')
      expect(await promoteDue(place)).toMatchObject({ moved: 5, waitMs: undefined })
      expect(await storage.queues.jobIds('default', 0, -1)).toEqual(['met', 'tolerant', 'orphan'])
      expect(await storage.queues.registryIds('default', 'deferred', 0, -1, false)).toEqual(['waits', 'stuck'])
      expect(await statuses(place, 'waits', 'stuck')).toEqual(['deferred', 'deferred'])
      await workOff(storage, RETURNED, ['other'])
      expect(await storage.queues.jobIds('default', 0, -1)).toEqual(['met', 'tolerant', 'orphan', 'waits'])
    }))

  it('heeds dependencies that Python stored without registering them', () =>
    whenLeading(async (place) => {
      const { redis, key, storage } = place
      await storage.queues.enqueue([
        newJob({ id: 'parent', origin: 'other' }),
        newJob({ id: 'c' }, { delayMs: HOUR_MS }),
      ])
      await redis.client.hset(key('job:c'), 'dependency_id', 'parent', 'dependency_ids', '["parent"]')
      await makeDue(place, 'c')
      await promoteDue(place)
      expect(await statuses(place, 'c')).toEqual(['deferred'])
      await workOff(storage, RETURNED, ['other'])
      expect(await statuses(place, 'c')).toEqual(['queued'])
    }))

  it('does not ask a retry for its dependencies again', () =>
    whenLeading(async (place) => {
      const { storage } = place
      await storage.queues.enqueue([newJob({ id: 'p', origin: 'other', resultTtlS: -1 })])
      await storage.queues.enqueue([newJob({ id: 'c', dependencyIds: ['p'], retriesLeft: 1, retryIntervalsS: [60] })])
      await workOff(storage, RETURNED, ['other'])
      await workOff(storage, RAISED)
      expect(await statuses(place, 'c')).toEqual(['scheduled'])
      await place.redis.client.hset(place.key('job:p'), 'status', 'queued')
      await makeDue(place, 'c')
      await promoteDue(place)
      expect(await statuses(place, 'c')).toEqual(['queued'])
    }, /^job p .* is in finished other/))

  it('passes jobs through their rate limit', () =>
    whenLeading(async (place) => {
      const { storage } = place
      const rateLimit = { key: 'api', concurrency: 2 }
      await storage.queues.enqueue(['1', '2', '3'].map((id) => newJob({ id, rateLimit }, { delayMs: HOUR_MS })))
      expect(await storage.queues.enqueue([newJob({ id: '0', rateLimit })])).toEqual(['queued'])
      await makeDue(place, '1', '2', '3')
      await promoteDue(place)
      expect(await storage.queues.jobIds('default', 0, -1)).toEqual(['0', '1'])
      expect(await statuses(place, '2', '3')).toEqual(['rate_limited', 'rate_limited'])
      const { jobs } = await storage.workers.claim(claimRequest({ want: 1 }))
      await storage.workers.settle(
        'worker',
        jobs.map(({ job, executionId, hint }) => settle(job, executionId, RETURNED, { hint })),
      )
      expect(await storage.queues.jobIds('default', 0, -1)).toEqual(['1', '2'])
    }))

  it('gives a job to the queue in whose registry it is', () =>
    whenLeading(async (place) => {
      const { redis, key, storage } = place
      await storage.queues.enqueue([newJob({ id: 'moved', origin: 'elsewhere' }, { delayMs: HOUR_MS })])
      await redis.client.zrem(key('scheduled:elsewhere'), 'moved')
      await redis.client.zadd(key('scheduled:default'), 1000, 'moved')
      await promoteDue(place)
      expect(await storage.queues.jobIds('default', 0, -1)).toEqual(['moved'])
      expect((await storage.jobs.fetch(['moved']))[0]?.origin).toBe('default')
    }))

  it('does nothing for a scheduler that does not lead', () =>
    whenLeading(async (place) => {
      await place.storage.queues.enqueue([newJob({ id: 'a' }, { delayMs: HOUR_MS })])
      await makeDue(place, 'a')
      const before = await place.redis.dump()
      expect(await place.storage.schedules.promoteDue('default', 'other', 10)).toBe('lost')
      expect(withTtlsOf(before, await place.redis.dump())).toEqual(before)
    }))

  it('moves each job once, however many call it', () =>
    whenLeading(async (place) => {
      await using other = new RedisStorage({ connection: place.redis.url, prefix: place.redis.prefix, role: 'worker' })
      const ids = Array.from({ length: 200 }, (_, n) => `j${n}`)
      await place.storage.queues.enqueue(ids.map((id) => newJob({ id }, { delayMs: HOUR_MS })))
      await makeDue(place, ...ids)
      await Promise.all(
        Array.from({ length: 40 }, (_, n) =>
          (n % 2 ? place.storage : other).schedules.promoteDue('default', SCHEDULER.name, 7),
        ),
      )
      expect(await place.storage.queues.jobIds('default', 0, -1)).toEqual(ids)
    }))

  it('works when Redis is full', async () => {
    await using redis = await startRedis()
    await using storage = new RedisStorage({ connection: redis.url })
    await storage.queues.enqueue([newJob({ id: 'a' }, { delayMs: 1 })])
    await storage.client().call('CONFIG', 'SET', 'maxmemory', '1')
    await storage.schedules.lead(SCHEDULER, LEASE_MS)
    await eventually(async () => {
      const promoted = await storage.schedules.promoteDue('default', SCHEDULER.name, 10)
      return promoted !== 'lost' && promoted.moved === 1
    })
    expect(await storage.queues.jobIds('default', 0, -1)).toEqual(['a'])
  })

  it(`moves ${MANY} jobs that are due at once in steps that are short`, async () => {
    await using redis = await startRedis()
    await using storage = new RedisStorage({ connection: redis.url })
    const client = storage.client()
    for (let batch = 0; batch < MANY / 1000; batch++) {
      await storage.queues.enqueue(
        Array.from({ length: 1000 }, (_, n) => newJob({ id: `j${batch}-${n}` }, { delayMs: HOUR_MS })),
      )
    }
    const members = await client.zrange('rq:scheduled:default', '0', '-1')
    for (let at = 0; at < members.length; at += 1000) {
      await client.zadd('rq:scheduled:default', ...members.slice(at, at + 1000).flatMap((id, n) => [at + n, id]))
    }
    await storage.schedules.lead(SCHEDULER, LEASE_MS)
    const { moved, most } = await promoteAll(storage)
    expect(moved).toBe(MANY)
    expect(new Set(await storage.queues.jobIds('default', 0, -1)).size).toBe(MANY)
    expect(await storage.queues.count('default')).toBe(MANY)
    expect(await storage.queues.registryCount('default', 'scheduled')).toBe(0)
    expect(most).toBeLessThan(AT_ONCE * 3)
  })

  it('keeps its steps short with jobs that take more than a push', async () => {
    await using redis = await startRedis()
    await using storage = new RedisStorage({ connection: redis.url })
    const client = storage.client()
    const parents = Array.from({ length: 300 }, (_, n) => `parent${n}`)
    await storage.queues.enqueue(parents.map((id) => newJob({ id, origin: 'other' })))
    const kinds: readonly ((n: number) => Partial<JobRecord>)[] = [
      (n) => ({ rateLimit: { key: `key${n % 50}`, concurrency: 5 } }),
      () => ({ rateLimit: { key: 'one', concurrency: 1 } }),
      () => ({ dependencyIds: parents }),
      () => ({ ttlS: 600, enqueueAtFrontOnRetry: true }),
    ]
    const due = { delayMs: HOUR_MS }
    for (let batch = 0; batch < 8; batch++) {
      const jobs = Array.from({ length: 500 }, (_, n) => newJob({ id: `j${batch}-${n}`, ...kinds[n % 4]?.(n) }, due))
      await storage.queues.enqueue(jobs)
    }
    const members = await client.zrange('rq:scheduled:default', '0', '-1')
    await client.zadd('rq:scheduled:default', ...members.flatMap((id, n) => [n, id]))
    await storage.schedules.lead(SCHEDULER, LEASE_MS)
    const { moved, most } = await promoteAll(storage)
    expect(moved).toBe(4000)
    // The holders of slots, and the last quarter.
    expect(await storage.queues.count('default')).toBe(125 + 1 + 1000)
    expect(await storage.queues.registryCount('default', 'deferred')).toBe(1000)
    expect(most).toBeLessThan(AT_ONCE * 3)
  })
})

describe('promote and reschedule', () => {
  it('let one scheduled job go now', () =>
    withPlace(async (place) => {
      const { schedules, queues } = place.storage
      await queues.enqueue([newJob({ id: 'first' }), newJob({ id: 's' }, { delayMs: HOUR_MS })])
      expect(await schedules.promote('s', true)).toBe('done')
      expect(await schedules.promote('s', true)).toBe('refused')
      expect(await schedules.promote('none', true)).toBe('missing')
      expect(await queues.jobIds('default', 0, -1)).toEqual(['s', 'first'])
      expect(await queues.registryCount('default', 'scheduled')).toBe(0)
    }))

  it('give it another time, and another end', () =>
    withPlace(async (place) => {
      const { schedules, queues } = place.storage
      const dueMs = Date.now() + 2 * HOUR_MS
      await queues.enqueue([newJob({ id: 's', ttlS: 10 }, { delayMs: HOUR_MS }), newJob({ id: 'q' })])
      expect(await schedules.reschedule('s', dueMs)).toBe('done')
      expect(await schedules.reschedule('q', dueMs)).toBe('refused')
      expect(await schedules.reschedule('none', dueMs)).toBe('missing')
      expect(await queues.registryScoreMs('default', 'scheduled', 's')).toBe(dueMs)
      expect(await place.redis.client.ttl(place.key('job:s'))).toBeGreaterThan(7200)
    }))

  it('leave a job alone that is elsewhere, whatever entry it has left', () =>
    withPlace(async (place) => {
      const { redis, key, storage } = place
      await storage.queues.enqueue([newJob({ id: 'q' })])
      await redis.client.zadd(key('scheduled:default'), 4_000_000_000, 'q')
      const before = await redis.dump()
      expect(await storage.schedules.promote('q', false)).toBe('refused')
      expect(await storage.schedules.reschedule('q', Date.now())).toBe('refused')
      expect(await redis.dump()).toEqual(before)
      await redis.client.zrem(key('scheduled:default'), 'q')
    }))

  it('take a job that Python put there although it had only saved it', () =>
    withPlace(async (place) => {
      const { redis, key, storage } = place
      for (const id of ['now', 'later']) {
        await storage.queues.enqueue([newJob({ id }, { delayMs: HOUR_MS })])
        await redis.client.hset(key(`job:${id}`), 'status', 'created')
      }
      expect(await storage.schedules.promote('now', false)).toBe('done')
      expect(await storage.queues.jobIds('default', 0, -1)).toEqual(['now'])
      expect(await storage.schedules.reschedule('later', 4_000_000_000_000)).toBe('done')
      expect(await storage.queues.registryScoreMs('default', 'scheduled', 'later')).toBe(4_000_000_000_000)
      await redis.client.hset(key('job:later'), 'status', 'scheduled')
    }))
})

describe('lead', () => {
  const other = { ...SCHEDULER, name: 'other', queues: ['default', 'low'] }

  it('takes free queues, keeps its own, leaves those of others', () =>
    withPlace(async ({ storage, redis, key }) => {
      expect(await storage.schedules.lead(SCHEDULER, LEASE_MS)).toMatchObject({ queues: ['default'] })
      expect(await storage.schedules.lead(SCHEDULER, LEASE_MS)).toMatchObject({ queues: ['default'] })
      expect(await storage.schedules.lead(other, LEASE_MS)).toMatchObject({ queues: ['low'] })
      expect(await redis.client.get(key('scheduler-lock:default'))).toBe('leader')
      expect(await redis.client.get(key('scheduler-lock:low'))).toBe('other')
      expect(await redis.client.pttl(key('scheduler-lock:default'))).toBeGreaterThan(LEASE_MS - 5000)
    }))

  it('writes the record that RQ reads, with a heartbeat', () =>
    withPlace(async ({ storage, redis, key }) => {
      expect(await storage.schedules.leaderPid('default')).toBeNull()
      await storage.schedules.lead({ ...SCHEDULER, queues: ['default', 'low'] }, LEASE_MS)
      expect(await redis.client.hgetall(key('scheduler:leader'))).toEqual({
        name: 'leader',
        hostname: 'box',
        pid: '4711',
        queues: 'default,low',
        created_at: '2026-09-21T14:13:20.000000Z',
        last_heartbeat: expect.stringMatching(/\.\d{6}Z$/),
      })
      expect(await redis.client.ttl(key('scheduler:leader'))).toBeGreaterThan(55)
      expect(await storage.schedules.leaderPid('default')).toBe(4711)
    }))

  it('respects the lock of a Python scheduler', () =>
    withPlace(async ({ storage, redis, key }) => {
      await redis.client.set(key('scheduler-lock:default'), 'python', 'EX', 61, 'NX')
      expect(await storage.schedules.lead(SCHEDULER, LEASE_MS)).toMatchObject({ queues: [] })
      expect(await redis.client.exists(key('scheduler:leader'))).toBe(0)
    }))

  it('frees only its own locks, and tells those who stand by', () =>
    withPlace(async ({ storage, redis, key }) => {
      const heard: unknown[] = []
      const stop = await storage.schedules.onNotice((notice) => heard.push(notice))
      await storage.schedules.lead(SCHEDULER, LEASE_MS)
      await storage.schedules.lead(other, LEASE_MS)
      await eventually(async () => {
        await redis.client.publish(key('notify:scheduler'), 'hello')
        return heard.length > 0
      })
      heard.length = 0
      expect(await storage.schedules.stopLeading(other)).toBe(true)
      expect(await storage.schedules.stopLeading(other)).toBe(false)
      await eventually(() => heard.some((notice) => (notice as { queue: string }).queue === 'low'))
      expect(heard.filter((notice) => (notice as { queue: string }).queue !== 'hello')).toEqual([
        { kind: 'free', queue: 'low' },
      ])
      expect(await redis.client.get(key('scheduler-lock:default'))).toBe('leader')
      await stop()
    }))
})
