import { JOB_STATUSES, type Lease } from '@rq/job'
import { eventually, type RedisFixture } from '@rq/testkit'
import {
  claimRequest,
  end,
  newJob,
  newWorker,
  RAISED,
  RETURNED,
  rescue,
  workOff,
} from '@rq/testkit/storage-conformance'
import { describe, expect, test } from 'vitest'
import type { RedisStorage } from '../src/index.ts'
import { withStorage } from './with-storage.ts'

/**
 * A Python program that saves an older copy of a job writes that copy's status, whatever the job does by then (ADR 18).
 * Only `canceled` is heeded.
 */
const OLDER = JOB_STATUSES.filter((status) => status !== 'canceled')
const WORKER = newWorker({ name: 'w', ttlS: 60 })

interface Place {
  readonly storage: RedisStorage
  readonly redis: RedisFixture
  save(status: string): Promise<unknown>
}

/** What is wrong with a state in which the job `j` keeps the status that was saved. */
const AS_SAVED = /^job j |wip default holds j,/

const withPlace = (run: (place: Place) => Promise<void>, tolerate?: RegExp) =>
  withStorage((storage, redis) => {
    const save = (status: string) => redis.client.hset(`${redis.prefix}job:j`, 'status', status)
    return run({ storage, redis, save })
  }, tolerate)

/** Enqueue and claim the job `j`. */
async function claimed({ storage }: Place, leaseMs = 15_000) {
  await storage.queues.enqueue([newJob({ id: 'j', retriesLeft: 1 })])
  const { jobs } = await storage.workers.claim(claimRequest({ leaseMs }))
  const [claim] = jobs
  if (claim === undefined) throw new Error('nothing was claimed')
  const lease: Lease = { queue: 'default', jobId: 'j', executionId: claim.executionId }
  return { claim, lease }
}

/** Where the job is: its status, and the list or registries that hold it. */
async function whereIs({ redis: { client, prefix } }: Place) {
  const places = ['finished', 'failed', 'scheduled', 'deferred'] as const
  const held = await Promise.all(places.map(async (name) => client.zscore(`${prefix}${name}:default`, 'j')))
  return {
    status: await client.hget(`${prefix}job:j`, 'status'),
    list: await client.lrange(`${prefix}queue:default`, 0, -1),
    registries: places.filter((_, n) => held[n] !== null),
    leases: await client.zcard(`${prefix}wip:default`),
  }
}

describe.each(OLDER)('a status %s that was saved over', (status) => {
  test('a running job keeps its lease, and ends', () =>
    withPlace(async (place) => {
      const { storage, save } = place
      const { claim, lease } = await claimed(place)
      await save(status)
      const beat = { worker: WORKER, leases: [lease], leaseMs: 15_000, state: 'busy' } as const
      expect(await storage.workers.heartbeat(beat)).toMatchObject({ lost: [] })
      expect(await whereIs(place)).toMatchObject({ status: 'started', leases: 1 })
      await save(status)
      expect(await end(place.storage, [claim], RETURNED)).toEqual(['applied'])
      expect(await whereIs(place)).toEqual({ status: 'finished', list: [], registries: ['finished'], leases: 0 })
    }))

  test('a job that fails is retried', () =>
    withPlace(async (place) => {
      const { claim } = await claimed(place)
      await place.save(status)
      expect(await end(place.storage, [claim], RAISED)).toEqual(['applied'])
      expect(await whereIs(place)).toEqual({ status: 'queued', list: ['j'], registries: [], leases: 0 })
    }))

  test('a job that is given back waits again', () =>
    withPlace(async (place) => {
      const { lease } = await claimed(place)
      await place.save(status)
      expect(await place.storage.workers.giveBack([lease])).toEqual(['returned'])
      expect(await whereIs(place)).toEqual({ status: 'queued', list: ['j'], registries: [], leases: 0 })
    }))

  test('a job of a dead worker is taken over', () =>
    withPlace(async (place) => {
      await claimed(place, 1)
      await place.save(status)
      await eventually(async () =>
        expect(await rescue(place.storage.workers, { workerName: 'w', most: 1 })).toHaveLength(1),
      )
      expect(await whereIs(place)).toMatchObject({ status: 'started', leases: 1 })
    }))

  test('a job that waits in its queue runs', () =>
    withPlace(async (place) => {
      await place.storage.queues.enqueue([newJob({ id: 'j' })])
      await place.save(status)
      const { jobs } = await place.storage.workers.claim(claimRequest())
      expect(jobs).toHaveLength(1)
      expect(await whereIs(place)).toEqual({ status: 'started', list: [], registries: [], leases: 1 })
    }))

  test('a job that waits for its time is moved when it has come', () =>
    withPlace(async (place) => {
      const { redis, storage } = place
      await storage.schedules.lead({ name: 's', queues: ['default'], pid: 1, hostname: 'h', createdAtMs: 0 }, 60_000)
      await storage.queues.enqueue([newJob({ id: 'j' }, { delayMs: 3_600_000 })])
      await place.save(status)
      await redis.client.zadd(`${redis.prefix}scheduled:default`, 'XX', 1000, 'j')
      expect(await storage.schedules.promoteDue('default', 's', 10)).toMatchObject({ moved: 1 })
      expect(await whereIs(place)).toEqual({ status: 'queued', list: ['j'], registries: [], leases: 0 })
    }))

  test('a job that waits for its time is promoted and rescheduled by hand', () =>
    withPlace(async (place) => {
      const { storage } = place
      await storage.queues.enqueue([newJob({ id: 'j' }, { delayMs: 3_600_000 })])
      await place.save(status)
      expect(await storage.schedules.reschedule('j', 4_000_000_000_000)).toBe('done')
      expect(await whereIs(place)).toMatchObject({ status: 'scheduled', registries: ['scheduled'] })
      await place.save(status)
      expect(await storage.schedules.promote('j', false)).toBe('done')
      expect(await whereIs(place)).toEqual({ status: 'queued', list: ['j'], registries: [], leases: 0 })
    }))

  test('a job that waits for another is released', () =>
    withPlace(async (place) => {
      const { storage } = place
      await storage.queues.enqueue([newJob({ id: 'parent' })])
      const { jobs } = await storage.workers.claim(claimRequest())
      await storage.queues.enqueue([newJob({ id: 'j', dependencyIds: ['parent'] })])
      await place.save(status)
      await end(storage, jobs, RETURNED)
      expect(await whereIs(place)).toEqual({ status: 'queued', list: ['j'], registries: [], leases: 0 })
    }))

  test('a job that waits for another is released when that one is gone', () =>
    withPlace(async (place) => {
      const { storage } = place
      await storage.queues.enqueue([newJob({ id: 'parent' })])
      await storage.queues.enqueue([newJob({ id: 'j', dependencyIds: ['parent'] })])
      await storage.jobs.delete({ jobId: 'parent', deleteDependents: false })
      await place.save(status)
      await storage.workers.cleanUp(['default'])
      expect(await whereIs(place)).toEqual({ status: 'queued', list: ['j'], registries: [], leases: 0 })
    }))

  test('a job that has finished holds no later job back', () =>
    withPlace(async (place) => {
      const { storage } = place
      await storage.queues.enqueue([newJob({ id: 'j' })])
      await workOff(storage, RETURNED)
      await place.save(status)
      expect(await storage.queues.enqueue([newJob({ dependencyIds: ['j'] })])).toEqual(['queued'])
    }, AS_SAVED))

  test('a job that has finished holds none back that waits for others, too', () =>
    withPlace(async (place) => {
      const { storage } = place
      await storage.queues.enqueue([newJob({ id: 'j' })])
      await workOff(storage, RETURNED)
      await place.save(status)
      await storage.queues.enqueue([newJob({ id: 'other' })])
      expect(await storage.queues.enqueue([newJob({ id: 'both', dependencyIds: ['j', 'other'] })])).toEqual([
        'deferred',
      ])
      await workOff(storage, RETURNED)
      expect(await storage.queues.jobIds('default', 0, -1)).toEqual(['both'])
    }, AS_SAVED))

  test('a job that has failed holds none back that allows it', () =>
    withPlace(async (place) => {
      const { storage } = place
      await storage.queues.enqueue([newJob({ id: 'j' })])
      await workOff(storage, RAISED)
      await place.save(status)
      const allows = newJob({ dependencyIds: ['j'], allowDependencyFailures: true })
      // A job that was stopped holds them back, and its registry is the same.
      const expected = status === 'stopped' ? 'deferred' : 'queued'
      expect(await storage.queues.enqueue([allows])).toEqual([expected])
    }, AS_SAVED))
})

test.each(['created', 'deferred', 'rate_limited'])('jobs of a rate limit keep slots and turns: %s', (status) =>
  withPlace(async ({ redis, save, storage }) => {
    const rateLimit = { key: 'k', concurrency: 1 }
    await storage.queues.enqueue([newJob({ id: 'j', rateLimit }), newJob({ id: 'next', rateLimit })])
    await save(status)
    await redis.client.hset(`${redis.prefix}job:next`, 'status', status)
    await storage.workers.cleanUp(['default'])
    expect(await storage.queues.jobIds('default', 0, -1)).toEqual(['j'])
    await workOff(storage, RETURNED)
    expect(await workOff(storage, RETURNED)).toEqual(['applied'])
  }),
)

test('a job that got its slot leaves its queue when it is replaced, though it seems to wait for one', () =>
  withPlace(async ({ save, storage }) => {
    const rateLimit = { key: 'k', concurrency: 1 }
    const enqueue = (id: string, createdAtMs: number) =>
      storage.queues.enqueue([newJob({ id, createdAtMs, rateLimit })])
    await enqueue('first', 1)
    await enqueue('j', 1)
    // Its slot goes to the job that waits.
    await enqueue('first', 2)
    await save('rate_limited')
    expect(await enqueue('j', 2)).toEqual(['rate_limited'])
    expect(await storage.queues.jobIds('default', 0, -1)).toEqual(['first'])
    await workOff(storage, RETURNED)
    expect(await workOff(storage, RETURNED)).toEqual(['applied'])
  }))

test.each(['queued', 'scheduled', 'started'])('a job that Python lets run once more holds others back: %s', (status) =>
  withPlace(async (place) => {
    const { redis, save, storage } = place
    await storage.queues.enqueue([newJob({ id: 'j' })])
    await workOff(storage, RETURNED)
    await save(status)
    if (status === 'queued') await redis.client.rpush(`${redis.prefix}queue:default`, 'j')
    else if (status === 'started') await redis.client.zadd(`${redis.prefix}wip:default`, 4e9, 'j')
    else await redis.client.zadd(`${redis.prefix}scheduled:default`, 4e9, 'j')
    expect(await storage.queues.enqueue([newJob({ dependencyIds: ['j'] })])).toEqual(['deferred'])
  }, AS_SAVED),
)

describe('a job that is enqueued by Python while it runs', () => {
  test.each(['the id still in the list', 'the id taken out by another worker'])('runs once more: %s', (which) =>
    withPlace(async (place) => {
      const { redis, save, storage } = place
      const { claim, lease } = await claimed(place)
      await save('queued')
      await redis.client.rpush(`${redis.prefix}queue:default`, 'j')
      if (which.includes('taken')) {
        expect((await storage.workers.claim(claimRequest({ workerName: 'other' }))).jobs).toEqual([])
      }
      const beat = { worker: WORKER, leases: [lease], leaseMs: 15_000, state: 'busy' } as const
      expect(await storage.workers.heartbeat(beat)).toMatchObject({ lost: [] })
      await end(storage, [claim], RETURNED)
      expect(await whereIs(place)).toEqual({ status: 'queued', list: ['j'], registries: [], leases: 0 })
      expect(await storage.jobs.results('j')).toMatchObject([{ type: 'successful' }])

      const [again] = (await storage.workers.claim(claimRequest())).jobs
      if (again === undefined) throw new Error('it did not run again')
      await end(storage, [again], RETURNED)
      expect(await whereIs(place)).toEqual({ status: 'finished', list: [], registries: ['finished'], leases: 0 })
      expect(await storage.jobs.results('j')).toHaveLength(2)
      expect(await redis.client.hexists(`${redis.prefix}job:j`, 'run_again')).toBe(0)
    }),
  )
})

test('a job whose id is in its list twice is not started twice by one call', () =>
  withPlace(async ({ redis, storage }) => {
    await storage.queues.enqueue([newJob({ id: 'j' })])
    await redis.client.rpush(`${redis.prefix}queue:default`, 'j')
    const { jobs } = await storage.workers.claim(claimRequest())
    expect(jobs).toHaveLength(1)
    await end(storage, jobs, RETURNED)
    expect(await workOff(storage, RETURNED)).toEqual(['applied'])
  }))
