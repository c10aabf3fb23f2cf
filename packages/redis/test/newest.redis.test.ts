import { settle } from '@rq/job'
import { startRedis } from '@rq/testkit'
import { claimRequest, end, newJob, newWorker, RAISED, RETURNED, workOff } from '@rq/testkit/storage-conformance'
import { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { encodeSettlements } from '../src/codec/settle-arguments.ts'
import { RedisStorage } from '../src/index.ts'

const BEAT = { worker: newWorker(), state: 'idle', leases: [], leaseMs: 60_000 } as const

/** A Redis of its own, which runs no commands of other tests. */
async function open() {
  const server = await startRedis()
  const client = new Redis(server.url)
  const storage = new RedisStorage({ connection: client, prefix: 'rq:' })
  return {
    client,
    storage,
    /** How often each command ran meanwhile, those inside of scripts included. */
    async commandsOf(run: () => Promise<unknown>): Promise<Record<string, number>> {
      await client.config('RESETSTAT')
      await run()
      const lines = (await client.info('commandstats')).matchAll(/cmdstat_([^:]+):calls=(\d+)/g)
      const counts = [...lines].map(([, name = '', calls]) => [name, Number(calls)] as const)
      return Object.fromEntries(counts.filter(([name]) => !['info', 'config|resetstat'].includes(name)))
    },
    async [Symbol.asyncDispose]() {
      await storage.close()
      client.disconnect()
      await server[Symbol.asyncDispose]()
    },
  }
}

describe('a queue without limits', () => {
  it('costs no byte and no command more, whatever other queues have', async () => {
    await using site = await open()
    const { queues, workers } = site.storage
    const countsOf = async () => {
      await queues.enqueue([1, 2, 3].map(() => newJob({}, { hasNewId: true })))
      const { jobs } = await workers.claim(claimRequest())
      return site.commandsOf(() => end(site.storage, jobs, RETURNED))
    }
    await workers.register(newWorker(), 60_000)
    await countsOf()
    const before = await countsOf()
    await queues.configure('other', { keepFinished: 1, keepFailed: 1 })
    await workers.heartbeat({ ...BEAT, worker: newWorker({ queues: ['default', 'other'] }) })
    expect(await countsOf()).toEqual(before)
    expect(before).not.toHaveProperty('zcard')
    await queues.configure('default', { keepFinished: 1 })
    await workers.heartbeat(BEAT)
    expect(await countsOf()).toMatchObject({ hmget: 4, zcard: 2, zcount: 1, zadd: (before.zadd ?? 0) + 1 })
  })

  it('has the same words in its settlements', () => {
    const job = newJob({ id: 'a' }).record
    const settlements = [settle({ ...job, executionId: 'e' }, 'e', RETURNED)]
    const plain = encodeSettlements(settlements, 'w', new Set())
    expect(encodeSettlements(settlements, 'w', new Set(['other']))).toEqual(plain)
    expect(encodeSettlements(settlements, 'w', new Set(['default', 'other']))).toEqual([1, 'default', ...plain])
  })
})

describe('a queue with limits', () => {
  it('comes to its limit in short steps, however many jobs it has', async () => {
    await using site = await open()
    const { client, storage } = site
    const many = 20_000
    const pipeline = client.pipeline()
    for (let n = 0; n < many; n++) {
      const id = `job-${String(n).padStart(6, '0')}`
      const endedAt = `2026-11-24T01:${String(Math.floor(n / 60_000)).padStart(2, '0')}:00.${String(n).padStart(6, '0')}Z`
      pipeline.hset(`rq:job:${id}`, {
        ...{ status: 'failed', origin: 'default', ended_at: endedAt, created_at: endedAt, data: '["f",null,[],{}]' },
      })
      // The later a job ended, the earlier it expires.
      pipeline.zadd('rq:failed:default', 4_000_000_000 - n, id)
      if (n % 1000 === 0) pipeline.xadd(`rq:results:${id}`, '*', 'type', '2')
    }
    await pipeline.exec()
    const counts = await site.commandsOf(() => storage.queues.configure('default', { keepFailed: 1000 }))
    // A page of 250 entries, or 100 deletions, for each script.
    expect((counts.evalsha ?? 0) + (counts.eval ?? 0)).toBeGreaterThan(many / 250 + (many - 1000) / 100 - 2)
    const left = (await client.zrange('rq:failed:default', 0, '-1')).sort()
    expect(left).toHaveLength(1000)
    expect([left[0], left.at(-1)]).toEqual(['job-019000', 'job-019999'])
    expect(await client.exists('rq:job:job-018999', 'rq:results:job-000000')).toBe(0)
    expect((await client.keys('rq:*')).filter((key) => /job-0(0|1[0-8])/.test(key))).toEqual([])
  }, 120_000)

  it('counts what others have ended from the next maintenance on, and deletes no newer job in their place', async () => {
    await using site = await open()
    const { client, storage } = site
    await storage.queues.configure('default', { keepFinished: 2 })
    const unknowing = new RedisStorage({ connection: client, prefix: 'rq:' })
    for (let n = 0; n < 30; n++) {
      await storage.queues.enqueue([newJob({ id: `other-${n}` })])
      await workOff(unknowing, { ...RETURNED, endedAtMs: RETURNED.endedAtMs + n })
    }
    expect(await client.zcard('rq:finished:default')).toBe(30)
    await storage.workers.heartbeat(BEAT)
    await storage.queues.enqueue([newJob({ id: 'mine' })])
    await workOff(storage, RETURNED)
    expect(await client.zscore('rq:finished:default', 'mine')).not.toBeNull()
    await storage.workers.cleanUp(['default'])
    expect((await client.zrange('rq:finished:default', 0, '-1')).sort()).toEqual(['mine', 'other-29'])
    expect(await client.zrange('rq:finished-order:default', 0, '-1')).toEqual(['other-29', 'mine'])
  })

  it('keeps no order of jobs when it has no limit any more', async () => {
    await using site = await open()
    const { client, storage } = site
    await storage.queues.configure('default', { keepFinished: 5, keepFailed: 5 })
    await storage.workers.heartbeat(BEAT)
    for (const outcome of [RETURNED, RAISED]) {
      await storage.queues.enqueue([newJob()])
      await workOff(storage, outcome)
    }
    expect(await client.exists('rq:finished-order:default', 'rq:failed-order:default')).toBe(2)
    await storage.queues.configure('default', { keepFinished: null, keepFailed: null })
    // The worker does not know of it yet.
    await storage.queues.enqueue([newJob()])
    await workOff(storage, RETURNED)
    await storage.workers.cleanUp(['default'])
    const keys = ['rq:finished-order:default', 'rq:failed-order:default', 'rq:configuration:default']
    expect(await client.exists(...keys)).toBe(0)
  })
})
