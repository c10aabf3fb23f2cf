import { RedisStorage } from '@rq/redis'
import { claimRequest, newJob, newWorker } from '@rq/testkit/storage-conformance'
import { describe, expect, it } from 'vitest'
import { SimpleWorker } from '../src/index.ts'
import { type RqFixture, rqFixture } from './rq-fixture.ts'

const MANY = 10_000
const PAGE = 500

/** Jobs that a dead worker has left: their leases have ended. In order of enqueueing. */
async function abandon(at: RqFixture, storage: RedisStorage, isPrefetch: boolean): Promise<string[]> {
  const ids = Array.from({ length: MANY }, (_, n) => `job${String(n).padStart(5, '0')}`)
  for (let first = 0; first < MANY; first += PAGE) {
    await storage.queues.enqueue(ids.slice(first, first + PAGE).map((id) => newJob({ id })))
    await storage.workers.claim(claimRequest({ want: PAGE, workerName: 'dead', isPrefetch }))
  }
  const key = at.key('wip:default')
  await at.redis.client.zadd(key, ...(await at.redis.client.zrange(key, 0, '-1')).flatMap((member) => ['1', member]))
  return ids
}

/** A worker whose next look at leases comes long after this test. */
const rescuer = (at: RqFixture) => new SimpleWorker(['default'], { ...at.where, leaseMs: 600_000 })

describe('the recovery', () => {
  it('takes over all jobs of a dead worker in one look, in steps of 250', async () => {
    await using at = await rqFixture()
    await using storage = new RedisStorage({ connection: at.redis.url, prefix: at.redis.prefix })
    const ids = await abandon(at, storage, false)
    const worker = rescuer(at)
    const heard: string[] = []
    worker.on('job:abandoned', ({ jobId }) => heard.push(jobId))
    // A burst ends after the first look.
    await worker.work({ burst: true })
    expect(heard.toSorted()).toEqual(ids)
    expect(await storage.queues.registryCount('default', 'failed')).toBe(MANY)
    expect(await storage.queues.registryCount('default', 'started')).toBe(0)
  })

  it('puts all that were prefetched back in one look, in order', async () => {
    await using at = await rqFixture()
    await using storage = new RedisStorage({ connection: at.redis.url, prefix: at.redis.prefix })
    const ids = await abandon(at, storage, true)
    await storage.queues.enqueue([newJob({ id: 'later' })])
    const worker = rescuer(at)
    await storage.queues.pause('default')
    await worker.work({ burst: true })
    expect(await storage.queues.jobIds('default', 0, -1)).toEqual([...ids, 'later'])
    expect(await storage.queues.registryCount('default', 'started')).toBe(0)
    await storage.queues.deleteQueue('default', true)
  })

  it('passes over the leases of living Python workers, however many', async () => {
    await using at = await rqFixture(/./)
    await using storage = new RedisStorage({ connection: at.redis.url, prefix: at.redis.prefix })
    const { client } = at.redis
    const theirs = Array.from({ length: 700 }, (_, n) => `python${n}`)
    for (const id of theirs) await client.hset(at.key(`job:${id}`), { status: 'started', data: 'x', origin: 'default' })
    await storage.queues.enqueue([newJob({ id: 'ours' })])
    await storage.workers.claim(claimRequest({ want: 1, workerName: 'dead' }))
    await at.endLeases()
    const soon = String(Math.floor(Date.now() / 1000) + 45)
    await client.zadd(at.key('wip:default'), ...theirs.flatMap((id) => [soon, `${id}:execution`]))
    await rescuer(at).work({ burst: true })
    expect((await storage.jobs.fetch(['ours']))[0]?.status).toBe('failed')
    expect(await client.zcard(at.key('wip:default'))).toBe(theirs.length)
  })
})

describe('a worker with thousands of jobs', () => {
  it('renews all leases, and gives all jobs back in order', async () => {
    await using at = await rqFixture()
    await using storage = new RedisStorage({ connection: at.redis.url, prefix: at.redis.prefix })
    const { workers } = storage
    const ids = Array.from({ length: 1100 }, (_, n) => `job${String(n).padStart(5, '0')}`)
    await storage.queues.enqueue(ids.map((id) => newJob({ id })))
    const { jobs } = await workers.claim(claimRequest({ want: ids.length, leaseMs: 1 }))
    const leases = jobs.map(({ executionId, job }) => ({ queue: 'default', jobId: job.id, executionId }))
    const stranger = { queue: 'default', jobId: ids[900] ?? '', executionId: 'another' }
    const worker = newWorker()
    const beat = { worker, state: 'busy' as const, leases: [...leases, stranger], leaseMs: 60_000 }
    expect((await workers.heartbeat(beat)).lost).toEqual([stranger])
    expect((await workers.recover({ queue: 'default', workerName: 'w', leaseMs: 1, most: 1000 })).jobs).toEqual([])
    expect(new Set(await workers.giveBack([...leases, stranger]))).toEqual(new Set(['returned', 'lost']))
    expect(await storage.queues.jobIds('default', 0, -1)).toEqual(ids)
    await storage.queues.empty('default')
  })
})
