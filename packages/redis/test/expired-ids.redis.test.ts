import type { JobRecord, NewJob, Storage } from '@rq/job'
import { eventually, type RedisFixture } from '@rq/testkit'
import { claimRequest, end, newJob, RETURNED } from '@rq/testkit/storage-conformance'
import { describe, expect, it } from 'vitest'
import type { RedisStorage } from '../src/index.ts'
import { withStorage } from './with-storage.ts'

interface Place {
  readonly storage: RedisStorage
  readonly redis: RedisFixture
  key(name: string): string
  /** Ids of the queue. */
  list(queue?: string): Promise<string[]>
  /** By job: when it expires, its queue, its rate limit. */
  notes(): Promise<Record<string, unknown[]>>
}

const withPlace = (run: (place: Place) => Promise<void>, tolerate?: RegExp): Promise<void> =>
  withStorage((storage, redis) => {
    const key = (name: string) => redis.prefix + name
    return run({
      storage,
      redis,
      key,
      list: (queue = 'default') => redis.client.lrange(key(`queue:${queue}`), 0, -1),
      async notes() {
        const notes = Object.entries(await redis.client.hgetall(key('expiring')))
        return Object.fromEntries(notes.map(([id, note]) => [id, JSON.parse(note) as unknown[]]))
      },
    })
  }, tolerate)

/** Let the time of a job be over now, as Redis does it: its hash is gone, and nothing else. */
async function expire({ key, notes, redis: { client } }: Place, id: string): Promise<void> {
  await client.del(key(`job:${id}`))
  const [, ...place] = (await notes())[id] ?? []
  await client.hset(key('expiring'), id, JSON.stringify([1, ...place]))
}

/** Another job of the id. */
const again = (id: string, record: Partial<JobRecord> = {}, place: Partial<NewJob> = {}) =>
  newJob({ id, createdAtMs: 1_790_000_005_000, ...record }, place)

/** Run what waits until nothing does. Returns the ids, in order. */
async function runAll(storage: Storage, queues = ['default']): Promise<string[]> {
  const ran: string[] = []
  for (;;) {
    const { jobs } = await storage.workers.claim(claimRequest({ queues, want: 1 }))
    if (jobs.length === 0) return ran
    ran.push(...jobs.map(({ job }) => job.id))
    await end(storage, jobs, RETURNED)
  }
}

describe('the id of a job that expired in its queue', () => {
  it('stands once in the queue, at the end, when another job takes it after the time that Redis counts', () =>
    withPlace(async ({ list, notes, storage }) => {
      const { jobs, queues } = storage
      await queues.enqueue([newJob({ id: 's', ttlS: 1 }), newJob({ id: 'o' })])
      await eventually(async () => expect(await jobs.exists('s')).toBe(false))
      await queues.enqueue([again('s', { ttlS: 100 })])
      expect(await list()).toEqual(['o', 's'])
      expect(Object.keys(await notes())).toEqual(['s'])
      expect(await runAll(storage)).toEqual(['o', 's'])
      expect(await notes()).toEqual({})
    }))

  /** How another job takes it; all but the first two are not plain. */
  const ways: Readonly<Record<string, (storage: Storage) => Promise<unknown>>> = {
    'alone and plain': ({ queues }) => queues.enqueue([again('s')]),
    'among plain jobs': ({ queues }) => queues.enqueue([newJob({ id: 'p', ttlS: 50 }), again('s')]),
    'with retries': ({ queues }) => queues.enqueue([again('s', { retriesLeft: 2 })]),
    'with a ttl': ({ queues }) => queues.enqueue([again('s', { ttlS: 100 })]),
    'as a unique job': ({ queues }) => queues.enqueue([again('s', {}, { unique: true })]),
    'as a job that is to run once more': ({ queues }) => queues.enqueue([again('s', {}, { again: true })]),
    'with a rate limit': ({ queues }) => queues.enqueue([again('s', { rateLimit: { key: 'k', concurrency: 1 } })]),
    'with a dependency that is over': ({ queues }) => queues.enqueue([again('s', { dependencyIds: ['gone'] })]),
    'in two steps: saved, then enqueued': async ({ jobs, queues }) => {
      const job = again('s', {}, { again: true })
      await jobs.save(job.record)
      await queues.enqueue([job])
    },
  }
  it.each(Object.entries(ways))('runs the new job once, in its turn: %s', (_, enqueue) =>
    withPlace(async (place) => {
      const { list, notes, storage } = place
      await storage.queues.enqueue([newJob({ id: 's', ttlS: 100 }), newJob({ id: 'o' })])
      await expire(place, 's')
      await enqueue(storage)
      expect((await list()).filter((id) => id !== 'p')).toEqual(['o', 's'])
      expect((await runAll(storage)).filter((id) => id !== 'p')).toEqual(['o', 's'])
      expect(await notes()).toEqual({})
    }),
  )

  it('is no new job that was only saved', () =>
    withPlace(async (place) => {
      const { list, storage } = place
      await storage.queues.enqueue([newJob({ id: 's', ttlS: 100 })])
      await expire(place, 's')
      await storage.jobs.save(again('s').record)
      expect(await list()).toEqual([])
      expect(await runAll(storage)).toEqual([])
    }, /s \(created\) is nowhere/))

  it('is removed from another queue than that of the new job', () =>
    withPlace(async (place) => {
      const { list, storage } = place
      await storage.queues.enqueue([newJob({ id: 's', origin: 'a:b', ttlS: 100 })])
      await expire(place, 's')
      await storage.queues.enqueue([again('s', { origin: 'other' })])
      expect([await list('a:b'), await list('other')]).toEqual([[], ['s']])
      expect(await runAll(storage, ['a:b', 'other'])).toEqual(['s'])
    }))

  it('is removed for a job that runs in its process', () =>
    withPlace(async (place) => {
      const { list, storage } = place
      await storage.queues.enqueue([newJob({ id: 's', ttlS: 100 })])
      await expire(place, 's')
      const begun = await storage.queues.begin(again('s'), 'sync', 15_000)
      expect(await list()).toEqual([])
      const [job] = await storage.jobs.fetch(['s'])
      if (job === undefined || begun.placement !== 'started') throw new Error('it did not begin')
      await end(storage, [{ executionId: begun.executionId, job }], RETURNED)
    }))

  it('makes no job of a call wait or run twice whose id is new', () =>
    withPlace(async (place) => {
      const { list, storage } = place
      await storage.queues.enqueue([newJob({ id: 's', ttlS: 100 })])
      await expire(place, 's')
      await storage.queues.enqueue([newJob({ id: 'new' }, { hasNewId: true })])
      expect(await list()).toEqual(['s', 'new'])
      expect(await runAll(storage)).toEqual(['new'])
    }))
})

describe('the id of a job that expired elsewhere', () => {
  it('in the schedule: does not bring the new job into the queue a second time', () =>
    withPlace(async (place) => {
      const { key, list, redis, storage } = place
      await storage.queues.enqueue([newJob({ id: 's', ttlS: 100 }, { delayMs: 3_600_000 })])
      await expire(place, 's')
      await storage.queues.enqueue([again('s')])
      expect(await redis.client.zcard(key('scheduled:default'))).toBe(0)
      expect(await list()).toEqual(['s'])
    }))

  it('among those that wait for a slot: does not bring the new job into the queue a second time', () =>
    withPlace(async (place) => {
      const { list, storage } = place
      const rateLimit = { key: 'k', concurrency: 1 }
      await storage.queues.enqueue([newJob({ id: 'holds', rateLimit }), newJob({ id: 's', rateLimit, ttlS: 100 })])
      await expire(place, 's')
      await storage.queues.enqueue([again('s')])
      expect(await list()).toEqual(['holds', 's'])
      expect(await runAll(storage)).toEqual(['holds', 's'])
    }))
})

describe('the note of where a job waits that may expire', () => {
  const rateLimit = { key: 'k', concurrency: 1 }

  it('is there in each place', () =>
    withPlace(async ({ notes, storage }) => {
      const { queues } = storage
      await queues.enqueue([
        newJob({ id: 'queued', ttlS: 100 }),
        newJob({ id: 'scheduled', ttlS: 100 }, { delayMs: 3_600_000 }),
        newJob({ id: 'limited', ttlS: 100, rateLimit }),
        newJob({ id: 'waits', ttlS: 100, rateLimit }),
        newJob({ id: 'deferred', ttlS: 100, dependencyIds: ['queued'] }),
        newJob({ id: 'plain' }),
      ])
      const found = await notes()
      expect(Object.fromEntries(Object.entries(found).map(([id, [, ...place]]) => [id, place]))).toEqual({
        queued: ['default'],
        scheduled: ['default'],
        limited: ['default', 'k'],
        waits: ['default', 'k'],
      })
      for (const [id, [expiresMs]] of Object.entries(found)) {
        expect(Number(expiresMs) - Date.now() > 3_500_000, id).toBe(id === 'scheduled')
      }
    }))

  const leaving: Readonly<Record<string, (storage: Storage) => Promise<unknown>>> = {
    'is claimed': ({ workers }) => workers.claim(claimRequest()),
    'is canceled': ({ jobs }) => jobs.cancel({ jobId: 's', enqueueDependents: false, removeFromDependencies: false }),
    'is deleted': ({ jobs }) => jobs.delete({ jobId: 's', deleteDependents: false }),
    'is replaced by one without a ttl': ({ queues }) => queues.enqueue([again('s')]),
    'goes with all of its queue': ({ queues }) => queues.empty('default'),
  }
  it.each(Object.entries(leaving))('ends when the job %s', (_, leave) =>
    withPlace(async ({ notes, storage }) => {
      await storage.queues.enqueue([newJob({ id: 's', ttlS: 100 })])
      await leave(storage)
      expect(await notes()).toEqual({})
    }),
  )

  it('ends when a worker drops the id', () =>
    withPlace(async (place) => {
      await place.storage.queues.enqueue([newJob({ id: 's', ttlS: 100 })])
      await expire(place, 's')
      expect(await runAll(place.storage)).toEqual([])
      expect(await place.notes()).toEqual({})
    }))

  it('is there again for a job that is given back', () =>
    withPlace(async ({ notes, storage }) => {
      await storage.queues.enqueue([newJob({ id: 's', ttlS: 100 })])
      const [claimed] = (await storage.workers.claim(claimRequest())).jobs
      await storage.workers.giveBack([{ queue: 'default', jobId: 's', executionId: claimed?.executionId ?? '' }])
      expect(Object.keys(await notes())).toEqual(['s'])
    }))
})

describe('maintenance', () => {
  it('removes ids of expired jobs from queues that no worker serves, over many pages, and no others', () =>
    withPlace(async (place) => {
      const { key, list, notes, redis, storage } = place
      const ids = Array.from({ length: 2500 }, (_, n) => `s${n}`)
      await storage.queues.enqueue(ids.map((id) => newJob({ id, origin: 'unserved', ttlS: 100 })))
      await storage.queues.enqueue([newJob({ id: 'stays', origin: 'unserved', ttlS: 100 }), newJob({ id: 'plain' })])
      await redis.client.del(...ids.map((id) => key(`job:${id}`)))
      await redis.client.hset(
        key('expiring'),
        Object.fromEntries(ids.map((id) => [id, JSON.stringify([1, 'unserved'])])),
      )
      await storage.workers.cleanUp(['default'])
      expect(await list('unserved')).toEqual(['stays'])
      expect(await list()).toEqual(['plain'])
      expect(Object.keys(await notes())).toEqual(['stays'])
    }))

  it('forgets a job that a Python worker took, and waits for the scheduler with the others', () =>
    withPlace(async (place) => {
      const { key, notes, redis, storage } = place
      await storage.queues.enqueue([
        newJob({ id: 'taken', ttlS: 100 }),
        newJob({ id: 's', origin: 'other', ttlS: 100 }, { delayMs: 3_600_000 }),
      ])
      await redis.client.hset(key('expiring'), 'taken', JSON.stringify([1, 'default']))
      await expire(place, 's')
      await storage.workers.cleanUp(['default'])
      expect(Object.keys(await notes())).toEqual(['s'])
      await redis.client.del(key('scheduled:other'))
      await storage.workers.cleanUp(['default'])
      expect(await notes()).toEqual({})
    }))

  it.each(['', 'no JSON', '7', '[]', '["soon","default"]', '[1,null]', '[1,"default",{}]'])(
    'forgets a note that says %j, which holds no other job back',
    (note) =>
      withPlace(async (place) => {
        const { key, list, notes, redis, storage } = place
        await storage.queues.enqueue([newJob({ id: 's', ttlS: 100 }), newJob({ id: 't', ttlS: 100 })])
        await expire(place, 's')
        await redis.client.hset(key('expiring'), { a: note, b: note, c: note })
        await storage.queues.enqueue([again('a'), again('b', { ttlS: 100 })])
        await storage.workers.cleanUp(['default'])
        expect(Object.keys(await notes()).sort()).toEqual(['b', 't'])
        expect(await list()).toEqual(['t', 'a', 'b'])
        expect(await runAll(storage)).toEqual(['t', 'a', 'b'])
      }),
  )

  it('goes on when the key of the notes is no hash', () =>
    withPlace(async ({ key, list, redis, storage }) => {
      await redis.client.set(key('expiring'), 'x')
      await storage.queues.enqueue([newJob({ id: 's', ttlS: 100 }), newJob({ id: 't' })])
      await storage.workers.cleanUp(['default'])
      expect(await list()).toEqual(['s', 't'])
      expect(await runAll(storage)).toEqual(['s', 't'])
      await redis.client.del(key('expiring'))
    }))

  it('goes on when the key of the queue is no list', () =>
    withPlace(async (place) => {
      const { key, notes, redis, storage } = place
      await storage.queues.enqueue([newJob({ id: 's', ttlS: 100 })])
      await expire(place, 's')
      await redis.client.set(key('queue:default'), 'x')
      await storage.workers.cleanUp([])
      expect(await notes()).toEqual({})
      await redis.client.del(key('queue:default'))
    }))
})

describe('a job with a ttl whose id is pushed again by another program', () => {
  const claimOne = async ({ workers }: Storage) => (await workers.claim(claimRequest({ want: 1 }))).jobs

  it('runs again after it has finished', () =>
    withPlace(async ({ key, redis, storage }) => {
      await storage.queues.enqueue([newJob({ id: 's', ttlS: 100 })])
      expect(await runAll(storage)).toEqual(['s'])
      await redis.client.rpush(key('queue:default'), 's')
      expect(await runAll(storage)).toEqual(['s'])
      expect(await storage.jobs.results('s')).toHaveLength(2)
    }))

  it('runs again when the run is over that it has now', () =>
    withPlace(async ({ key, redis, storage }) => {
      await storage.queues.enqueue([newJob({ id: 's', ttlS: 100 })])
      const first = await claimOne(storage)
      await redis.client.rpush(key('queue:default'), 's')
      expect(await claimOne(storage)).toEqual([])
      await end(storage, first, RETURNED)
      expect(await runAll(storage)).toEqual(['s'])
    }))

  it.each(['finished', 'started'])(
    'does not if the other program enqueued it: its id may be left over (%s)',
    (status) =>
      withPlace(async ({ key, list, redis, storage }) => {
        await storage.queues.enqueue([newJob({ id: 's', ttlS: 100 })])
        await redis.client.hdel(key('job:s'), 'listed_once')
        await redis.client.lpush(key('queue:default'), 's')
        const first = await claimOne(storage)
        if (status === 'finished') await end(storage, first, RETURNED)
        expect(await claimOne(storage)).toEqual([])
        expect(await list()).toEqual([])
        if (status === 'started') await end(storage, first, RETURNED)
        expect(await runAll(storage)).toEqual([])
      }),
  )
})
