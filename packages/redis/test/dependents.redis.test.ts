import { type RedisFixture, redisFixture } from '@rq/testkit'
import { claimRequest, end, newJob, RAISED, RETURNED, workOff } from '@rq/testkit/storage-conformance'
import { describe, expect, it } from 'vitest'
import { RedisStorage } from '../src/index.ts'

/** More than one step looks at. */
const MANY = 600
const STEP = 250

async function setUp() {
  const redis = await redisFixture()
  const storage = new RedisStorage({ connection: redis.url, prefix: redis.prefix })
  return {
    redis,
    storage,
    key: (name: string) => `${redis.prefix}${name}`,
    async [Symbol.asyncDispose]() {
      await storage.close()
      await redis[Symbol.asyncDispose]()
    },
  }
}

const childIds = (count: number, letter = 'c') =>
  Array.from({ length: count }, (_, n) => `${letter}${String(n).padStart(4, '0')}`)

/** Dependents in a queue of their own. */
async function defer(storage: RedisStorage, ids: readonly string[], dependencyIds: string[], allowFailure = false) {
  const facts = { origin: 'children', dependencyIds, allowDependencyFailures: allowFailure }
  for (let at = 0; at < ids.length; at += 500) {
    await storage.queues.enqueue(ids.slice(at, at + 500).map((id) => newJob({ id, ...facts })))
  }
}

const members = ({ client, prefix }: RedisFixture, name: string) => client.scard(`${prefix}${name}`)
const queued = (storage: RedisStorage) => storage.queues.jobIds('children', 0, -1)

describe('release_dependents', () => {
  it('goes on where the settlement of the parent had to stop, and leaves nothing behind', async () => {
    await using at = await setUp()
    const { redis, storage } = at
    await storage.queues.enqueue([newJob({ id: 'p' })])
    await defer(storage, childIds(MANY), ['p'])
    const { jobs } = await storage.workers.claim(claimRequest())
    expect(await end(storage, jobs, RETURNED)).toEqual(['applied'])
    expect(await storage.queues.count('children')).toBe(STEP)
    expect(await redis.client.hgetall(at.key('releasing'))).toEqual({ p: 'all' })
    expect(await members(redis, 'releasing:p')).toBe(MANY - STEP)
    expect(await redis.client.ttl(at.key('releasing:p'))).toBe(-1)
    const waiting = await storage.jobs.dependentIds('p')
    expect(waiting).toHaveLength(MANY - STEP)
    expect(await storage.jobs.explain(waiting[0] ?? '')).toMatchObject({ releasing: true })
    expect(await storage.workers.releaseDependents()).toBe(true)
    expect(await storage.workers.releaseDependents()).toBe(false)
    expect(await storage.workers.releaseDependents()).toBe(false)
    expect((await queued(storage)).sort()).toEqual(childIds(MANY))
    const left = (await redis.keys()).filter((key) => /releasing|dependents/.test(key))
    expect(left).toEqual([])
  })

  it('releases none twice when two clients go on with it', async () => {
    await using at = await setUp()
    const { redis, storage } = at
    await using other = new RedisStorage({ connection: redis.url, prefix: redis.prefix })
    await storage.queues.enqueue([newJob({ id: 'p' }), newJob({ id: 'q' })])
    await defer(storage, childIds(MANY), ['p', 'q'])
    await workOff(storage, RETURNED)
    const goOn = async (one: RedisStorage) => {
      while (await one.workers.releaseDependents());
    }
    await Promise.all([goOn(storage), goOn(other), goOn(storage)])
    expect((await queued(storage)).sort()).toEqual(childIds(MANY))
  })

  it('lets only tolerant ones go after a failure, and the others when the parent succeeds after all', async () => {
    await using at = await setUp()
    const { redis, storage } = at
    await storage.queues.enqueue([newJob({ id: 'p' })])
    await defer(storage, childIds(MANY, 's'), ['p'])
    await defer(storage, childIds(MANY, 't'), ['p'], true)
    await workOff(storage, RAISED)
    while (await storage.workers.releaseDependents());
    expect((await queued(storage)).sort()).toEqual(childIds(MANY, 't'))
    expect(await members(redis, 'job:p:dependents')).toBe(MANY)
    expect(await redis.client.ttl(at.key('job:p:dependents'))).toBeGreaterThan(364 * 86_400)
    await storage.queues.empty('children')
    await storage.jobs.requeue('p', false)
    expect(await redis.client.ttl(at.key('job:p:dependents'))).toBe(-1)
    await workOff(storage, RETURNED)
    while (await storage.workers.releaseDependents());
    expect((await queued(storage)).sort()).toEqual(childIds(MANY, 's'))
  })

  it('has those wait on that wait for others, whoever ends first', async () => {
    await using at = await setUp()
    const { storage } = at
    await storage.queues.enqueue([newJob({ id: 'p' }), newJob({ id: 'q', origin: 'later' })])
    await defer(storage, childIds(MANY), ['p', 'q'])
    await workOff(storage, RETURNED)
    while (await storage.workers.releaseDependents());
    expect(await storage.queues.count('children')).toBe(0)
    expect(await storage.jobs.dependentIds('p')).toHaveLength(MANY)
    await workOff(storage, RETURNED, ['later'])
    while (await storage.workers.releaseDependents());
    expect((await queued(storage)).sort()).toEqual(childIds(MANY))
  })

  it('is not misled by a parent that vanishes, or runs again, in between', async () => {
    await using at = await setUp()
    const { storage } = at
    await storage.queues.enqueue([newJob({ id: 'p', resultTtlS: 0 })])
    await defer(storage, childIds(MANY), ['p'])
    await workOff(storage, RETURNED)
    expect(await storage.jobs.exists('p')).toBe(false)
    await storage.queues.enqueue([newJob({ id: 'p', createdAtMs: 1 })])
    await defer(storage, ['late'], ['p'])
    while (await storage.workers.releaseDependents());
    expect((await queued(storage)).sort()).toEqual(childIds(MANY))
    await workOff(storage, RETURNED)
    expect(await queued(storage)).toContain('late')
  })

  it('passes by what was canceled, deleted or enqueued anew meanwhile', async () => {
    await using at = await setUp()
    const { redis, storage } = at
    const ids = childIds(MANY)
    await storage.queues.enqueue([newJob({ id: 'p' }), newJob({ id: 'other', origin: 'later' })])
    await defer(storage, ids, ['p'])
    await workOff(storage, RETURNED)
    const [canceled = '', deleted = '', anew = ''] = await redis.client.srandmember(at.key('releasing:p'), 3)
    await storage.jobs.cancel({ jobId: canceled, enqueueDependents: false, removeFromDependencies: false })
    await storage.jobs.delete({ jobId: deleted, deleteDependents: false })
    await storage.queues.enqueue([newJob({ id: anew, origin: 'children', dependencyIds: ['other'], createdAtMs: 2 })])
    while (await storage.workers.releaseDependents());
    const gone = new Set([canceled, deleted, anew])
    expect((await queued(storage)).sort()).toEqual(ids.filter((id) => !gone.has(id)))
    await workOff(storage, RETURNED, ['later'])
    expect(await queued(storage)).toContain(anew)
  })

  it('is done by whoever cancels a job with many dependents', async () => {
    await using at = await setUp()
    const { storage } = at
    await storage.queues.enqueue([newJob({ id: 'p' }), newJob({ id: 'q', origin: 'later' })])
    await defer(storage, childIds(MANY), ['p'])
    await defer(storage, childIds(MANY, 'd'), ['p', 'q'])
    const request = { jobId: 'p', enqueueDependents: true, removeFromDependencies: false }
    expect(await storage.jobs.cancel(request)).toBe('done')
    expect((await queued(storage)).sort()).toEqual(childIds(MANY))
    await workOff(storage, RETURNED, ['later'])
    while (await storage.workers.releaseDependents());
    expect((await queued(storage)).sort()).toEqual([...childIds(MANY), ...childIds(MANY, 'd')].sort())
  })

  it('is not needed for what was deleted with the parent', async () => {
    await using at = await setUp()
    const { redis, storage } = at
    await storage.queues.enqueue([newJob({ id: 'p' })])
    await defer(storage, childIds(MANY), ['p'])
    const pipeline = redis.client.pipeline()
    storage.jobs.cancelInto(pipeline, { jobId: 'p', enqueueDependents: true, removeFromDependencies: false })
    await pipeline.exec()
    await storage.jobs.delete({ jobId: 'p', deleteDependents: true })
    expect(await storage.workers.releaseDependents()).toBe(false)
    expect(await storage.queues.count('children')).toBe(STEP)
    expect(await storage.queues.registryCount('children', 'deferred')).toBe(0)
  })

  it('goes on over several parents in one step', async () => {
    await using at = await setUp()
    const { storage } = at
    const parents = childIds(20, 'p')
    await storage.queues.enqueue(parents.map((id) => newJob({ id })))
    for (const [n, parent] of parents.entries()) await defer(storage, childIds(20, `x${n}-`), [parent])
    const { jobs } = await storage.workers.claim(claimRequest({ want: 20 }))
    await end(storage, jobs, RETURNED)
    expect(await storage.queues.count('children')).toBe(STEP)
    expect(await storage.workers.releaseDependents()).toBe(false)
    expect(await storage.queues.count('children')).toBe(400)
  })
})
