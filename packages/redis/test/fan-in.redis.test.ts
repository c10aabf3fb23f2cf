import { type RedisFixture, RUNS_ALL, startRedis } from '@rq/testkit'
import { claimRequest, end, newJob, RAISED, RETURNED, workOff } from '@rq/testkit/storage-conformance'
import { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { RedisStorage } from '../src/index.ts'
import { withStorage } from './with-storage.ts'

/** More than one step checks. */
const MANY = 1100
const VERY_MANY = RUNS_ALL ? 40_000 : 4000

interface Place {
  readonly storage: RedisStorage
  readonly client: RedisFixture['client']
  key(name: string): string
}

const withPlace = (run: (place: Place) => Promise<void>, tolerate?: RegExp) =>
  withStorage((storage, { client, prefix }) => run({ storage, client, key: (name) => `${prefix}${name}` }), tolerate)

const parentIds = (count: number) => Array.from({ length: count }, (_, n) => `p${String(n).padStart(5, '0')}`)

async function enqueueParents(storage: RedisStorage, ids: readonly string[], facts = {}): Promise<void> {
  for (let at = 0; at < ids.length; at += 500)
    await storage.queues.enqueue(ids.slice(at, at + 500).map((id) => newJob({ id, ...facts })))
}

const childOf = (dependencyIds: readonly string[], facts = {}) =>
  newJob({ id: 'child', origin: 'children', dependencyIds: [...dependencyIds], ...facts })

/** Claim up to 500 waiting jobs and end them. Returns how many. */
async function endSome(storage: RedisStorage, want = 500, outcome: typeof RETURNED | typeof RAISED = RETURNED) {
  const { jobs } = await storage.workers.claim(claimRequest({ want }))
  await end(storage, jobs, outcome)
  return jobs.length
}

/** Enqueue a chain of jobs, each of which waits for the one before it. */
async function enqueueChain(storage: RedisStorage, count: number): Promise<void> {
  const chain = Array.from({ length: count }, (_, n) => newJob({ id: `c${n}`, dependencyIds: [`c${n - 1}`] }))
  await storage.queues.enqueue([newJob({ id: 'c-1' })])
  for (let at = 0; at < count; at += 500) await storage.queues.enqueue(chain.slice(at, at + 500))
}

async function endAll(storage: RedisStorage): Promise<void> {
  while ((await endSome(storage)) > 0);
  while (await storage.workers.releaseDependents());
}

const queued = (storage: RedisStorage) => storage.queues.jobIds('children', 0, -1)

describe('a job that waits for very many', () => {
  it('goes on with the last of them, and not before', () =>
    withPlace(async ({ client, key, storage }) => {
      const parents = parentIds(3000)
      await enqueueParents(storage, parents, { resultTtlS: 0 })
      expect(await storage.queues.enqueue([childOf(parents)])).toEqual(['deferred'])
      for (let left = parents.length; left > 0; left -= 500) {
        expect(await queued(storage)).toEqual([])
        expect(await client.scard(key('job::child:dependencies'))).toBe(left)
        await endSome(storage)
        while (await storage.workers.releaseDependents());
      }
      expect(await queued(storage)).toEqual(['child'])
      expect(await client.exists(key('job::child:dependencies'), key('unchecked'), key('releasing'))).toBe(0)
    }))

  it('costs each of them the same, however many they are', async () => {
    await using server = await startRedis()
    const client = new Redis(server.url)
    await using storage = new RedisStorage({ connection: server.url })
    /** How many commands the server has run, those of scripts among them. */
    const commands = async () => {
      const lines = (await client.info('commandstats')).matchAll(/:calls=(\d+)/g)
      return [...lines].reduce((sum, [, calls]) => sum + Number(calls), 0)
    }
    const costOf = async (call: () => Promise<unknown>) => {
      const before = await commands()
      await call()
      return (await commands()) - before
    }
    const costs: number[] = []
    for (const count of [VERY_MANY / 4, VERY_MANY]) {
      const parents = parentIds(count)
      await enqueueParents(storage, parents)
      await storage.queues.enqueue([childOf(parents)])
      const steps: number[] = []
      while ((await storage.queues.count('default')) > 0) {
        steps.push(await costOf(() => endSome(storage)))
        while ((await client.exists('rq:releasing', 'rq:unchecked')) > 0)
          steps.push(await costOf(() => storage.workers.releaseDependents()))
      }
      expect(await queued(storage)).toEqual(['child'])
      // A step ends up to 500 jobs and looks at 250 dependents.
      expect(Math.max(...steps)).toBeLessThan(500 * 20)
      costs.push(steps.reduce((sum, cost) => sum + cost, 0))
      await client.flushall()
    }
    const [few = 0, many = 0] = costs
    expect(many).toBeLessThan(few * 4.4)
    client.disconnect()
  })

  it('is among the dependents of each when it is enqueued', () =>
    withPlace(async ({ client, key, storage }) => {
      const parents = parentIds(MANY)
      await enqueueParents(storage, parents)
      await storage.queues.enqueue([childOf(parents)])
      expect(await client.exists(key('unchecked'))).toBe(0)
      for (const id of parents) expect(await storage.jobs.dependentIds(id)).toEqual(['child'])
      await endAll(storage)
    }))

  it('goes on at once if all have ended', () =>
    withPlace(async ({ storage }) => {
      const parents = parentIds(MANY)
      await enqueueParents(storage, parents)
      await endAll(storage)
      expect(
        await storage.queues.enqueue([childOf(parents), newJob({ id: 'few', dependencyIds: ['p00001'] })]),
      ).toEqual(['deferred', 'queued'])
      expect(await queued(storage)).toEqual(['child'])
      expect(await storage.queues.begin(childOf(parents, { id: 'begun' }), 'w', 15_000)).toEqual({
        placement: 'deferred',
      })
      expect(await queued(storage)).toEqual(['child', 'begun'])
    }))

  it.each([0, 1, 2, 4, 5])('is not lost if its producer dies after %i steps', (steps) =>
    withPlace(async ({ client, key, storage }) => {
      const parents = parentIds(MANY)
      await enqueueParents(storage, parents)
      const pipeline = client.pipeline()
      storage.queues.enqueueInto(pipeline, [childOf(parents)])
      await pipeline.exec()
      for (let step = 0; step < steps; step++) await storage.workers.releaseDependents()
      expect(await client.hlen(key('unchecked'))).toBe(steps > 4 ? 0 : 1)
      expect((await storage.jobs.explain('child'))?.releasing).toBe(steps <= 4)
      // Some end before they know of the job, some afterwards.
      await endSome(storage)
      while (await storage.workers.releaseDependents());
      expect(await queued(storage)).toEqual([])
      await endAll(storage)
      expect(await queued(storage)).toEqual(['child'])
    }),
  )

  it('is released, deleted or enqueued anew while its dependencies are checked', () =>
    withPlace(async ({ client, key, storage }) => {
      const parents = parentIds(MANY)
      await enqueueParents(storage, parents)
      const pipeline = client.pipeline()
      const ids = ['deleted', 'canceled', 'anew', 'child']
      storage.queues.enqueueInto(
        pipeline,
        ids.map((id) => childOf(parents, { id })),
      )
      await pipeline.exec()
      await storage.workers.releaseDependents()
      await storage.jobs.delete({ jobId: 'deleted', deleteDependents: false })
      await storage.jobs.cancel({ jobId: 'canceled', enqueueDependents: false, removeFromDependencies: true })
      await storage.queues.enqueue([newJob({ id: 'anew', origin: 'children', createdAtMs: 7 })])
      await endAll(storage)
      expect((await queued(storage)).sort()).toEqual(['anew', 'child'])
      expect(await client.exists(key('unchecked'))).toBe(0)
    }))

  it('goes on if a Python worker ended all but the last', () =>
    withPlace(async ({ client, key, storage }) => {
      const parents = parentIds(3000)
      await enqueueParents(storage, ['last'], { origin: 'other' })
      for (const id of parents) await client.hset(key(`job:${id}`), { status: 'started', created_at: 'x' })
      await storage.queues.enqueue([childOf([...parents, 'last'])])
      for (const id of parents) await client.hset(key(`job:${id}`), { status: 'finished' })
      await workOff(storage, RETURNED, ['other'])
      while (await storage.workers.releaseDependents());
      expect(await queued(storage)).toEqual(['child'])
      for (const id of parents) await client.del(key(`job:${id}`))
    }, /finished|p\d/))

  it('is checked in steps when it is due', () =>
    withPlace(async ({ client, key, storage }) => {
      const parents = parentIds(MANY)
      await enqueueParents(storage, parents)
      const [later] = [{ ...childOf(parents), delayMs: 60_000 }]
      expect(await storage.queues.enqueue([later])).toEqual(['scheduled'])
      expect(await storage.jobs.dependentIds('p01000')).toEqual(['child'])
      await endSome(storage)
      expect(await storage.schedules.promote('child', false)).toBe('done')
      while (await storage.workers.releaseDependents());
      expect(await queued(storage)).toEqual([])
      expect(await client.zcard(key('deferred:children'))).toBe(1)
      await endAll(storage)
      expect(await queued(storage)).toEqual(['child'])
    }))

  it('is not deleted with a job that it waited for when another job had its id', () =>
    withPlace(async ({ storage }) => {
      const parents = parentIds(MANY)
      await enqueueParents(storage, parents)
      await storage.queues.enqueue([childOf(parents)])
      await storage.queues.enqueue([newJob({ id: 'child', origin: 'children', createdAtMs: 7 })])
      for (const id of parents) await storage.jobs.delete({ jobId: id, deleteDependents: true })
      expect(await queued(storage)).toEqual(['child'])
    }))
})

describe('a dependency that was satisfied', () => {
  it('stays so when that job runs again', () =>
    withPlace(async ({ storage }) => {
      await storage.queues.enqueue([newJob({ id: 'a' }), newJob({ id: 'b', origin: 'other' })])
      await storage.queues.enqueue([childOf(['a', 'b'])])
      await workOff(storage, RETURNED)
      await storage.queues.enqueue([newJob({ id: 'a', createdAtMs: 7 })])
      await workOff(storage, RETURNED, ['other'])
      expect(await queued(storage)).toEqual(['child'])
      await workOff(storage, RAISED)
    }))
})

describe('the search for a cycle', () => {
  it('ends after 5000 jobs of a call, and refuses the job', () =>
    withPlace(async ({ storage, client, key }) => {
      await enqueueChain(storage, 5000)
      await storage.queues.enqueue([newJob({ id: 'new' }), newJob({ id: 'waits', dependencyIds: ['new'] })])
      const again = (last: string) =>
        storage.queues.enqueue([newJob({ id: 'new', dependencyIds: [last], createdAtMs: 1 })])
      expect(await again('c4999')).toEqual(['too_many'])
      expect(await client.hget(key('job:new'), 'status')).toBe('queued')
      expect(await again('c4998')).toEqual(['deferred'])
    }))

  it('counts what the jobs wait for before it reads it', () =>
    withPlace(async ({ storage, client, key }) => {
      const others = Array.from({ length: 6000 }, (_, n) => `o${n}`)
      await storage.queues.enqueue([newJob({ id: 'o0' })])
      await storage.queues.enqueue([newJob({ id: 'wide', dependencyIds: ['o0'] })])
      await client.sadd(key('job::wide:dependencies'), ...others)
      await storage.queues.enqueue([newJob({ id: 'new' }), newJob({ id: 'waits', dependencyIds: ['new'] })])
      const again = newJob({ id: 'new', dependencyIds: ['wide'], createdAtMs: 1 })
      expect(await storage.queues.enqueue([again])).toEqual(['too_many'])
    }))
})
