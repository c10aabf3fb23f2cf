import { eventually, type RedisFixture } from '@rq/testkit'
import { claimRequest, newJob, newWorker, RAISED, workOff } from '@rq/testkit/storage-conformance'
import { describe, expect, it } from 'vitest'
import { withStorage } from './with-storage.ts'

const names = async (redis: RedisFixture) => (await redis.keys()).map((key) => key.slice(redis.prefix.length))

describe('cleanUp', () => {
  it('drops entries of registries whose job is gone, over many pages, and no others', () =>
    withStorage(async (storage, redis) => {
      const { client, prefix } = redis
      await storage.queues.enqueue([
        newJob({ id: 'parent', origin: 'other' }),
        newJob({ id: 'kept', dependencyIds: ['parent'] }),
      ])
      const gone = (score: string) => Array.from({ length: 2500 }, (_, n) => [score, `gone${n}`]).flat()
      const others = ['canceled', 'scheduled', 'finished', 'failed'] as const
      for (const kind of ['deferred', ...others]) await client.zadd(`${prefix}${kind}:default`, ...gone('4000000000'))
      await client.zadd(`${prefix}failed:default`, '-1', 'never')
      await storage.workers.cleanUp(['default'])
      expect(await client.zrange(`${prefix}deferred:default`, 0, '-1')).toEqual(['kept'])
      expect(await client.exists(...others.map((kind) => `${prefix}${kind}:default`))).toBe(0)
    }))

  it('leaves the entry of a scheduled job that a Python program is about to write', () =>
    withStorage(async (storage, { client, prefix }) => {
      await client.zadd(`${prefix}scheduled:default`, '4000000000', 'young', '4000000000', 'gone')
      const cleaned = storage.workers.cleanUp(['default'])
      await client.hset(`${prefix}job:young`, { status: 'scheduled', created_at: 'x', data: 'x', origin: 'default' })
      await cleaned
      expect(await client.zrange(`${prefix}scheduled:default`, 0, '-1')).toEqual(['young'])
    }, /young/))

  it('drops workers whose record is gone from both sets, over many pages, and no others', () =>
    withStorage(async (storage, redis) => {
      const { client, prefix } = redis
      await storage.workers.register(newWorker({ name: 'alive', ttlS: 60 }), 15_000)
      const dead = Array.from({ length: 2500 }, (_, n) => `${prefix}worker:dead${n}`)
      for (const set of ['workers', 'workers:default', 'workers:other']) await client.sadd(`${prefix}${set}`, ...dead)
      await storage.workers.cleanUp(['default'])
      for (const set of ['workers', 'workers:default']) {
        expect(await client.smembers(`${prefix}${set}`)).toEqual([`${prefix}worker:alive`])
      }
      expect(await client.scard(`${prefix}workers:other`)).toBe(2500)
      expect(await storage.workers.workerCount()).toBe(1)
    }))

  it('frees slots of jobs that are gone, over, scheduled or of another limit, and fills them in order', () =>
    withStorage(async (storage, redis) => {
      const { client, prefix } = redis
      const rateLimit = { key: 'k', concurrency: 3 }
      const jobs = ['1', '2', '3', '4', '5', '6'].map((id) => newJob({ id, rateLimit, createdAtMs: Number(id) }))
      await storage.queues.enqueue(jobs)
      await storage.workers.claim(claimRequest({ want: 1 }))
      await client.del(`${prefix}job:2`)
      await client.hset(`${prefix}job:3`, { status: 'finished' })
      await client.lrem(`${prefix}queue:default`, 0, '3')
      await client.zadd(`${prefix}finished:default`, '-1', '3')
      await client.zadd(`${prefix}rl:k:rate_limited`, '1', 'nobody', '2', '3')
      await storage.workers.cleanUp([])
      expect((await client.zrange(`${prefix}rl:k:allowed`, 0, '-1')).sort()).toEqual(['1', '4', '5'])
      expect(await client.zrange(`${prefix}rl:k:rate_limited`, 0, '-1')).toEqual(['6'])
      expect((await storage.queues.jobIds('default', 0, -1)).slice(-2)).toEqual(['4', '5'])
      const before = await redis.dump()
      await storage.workers.cleanUp([])
      expect(await redis.dump()).toEqual(before)
    }, /^job 3 \(finished, of default\) is in queue/))

  it('forgets a limit that nobody uses', () =>
    withStorage(async (storage, redis) => {
      await storage.queues.enqueue([newJob({ id: '1', rateLimit: { key: 'k', concurrency: 1 } })])
      await storage.queues.empty('default')
      expect(await names(redis)).toEqual(['queues', 'rl-keys', 'rl:k'])
      await storage.workers.cleanUp([])
      expect(await names(redis)).toEqual(['queues'])
    }))

  it('drops members of groups, and groups', () =>
    withStorage(async (storage, redis) => {
      const { client, prefix } = redis
      await storage.queues.enqueue([
        newJob({ id: '1', groupId: 'g' }),
        newJob({ id: '2', groupId: 'g' }),
        newJob({ id: '3', groupId: 'h' }),
      ])
      await client.del(`${prefix}job:1`, `${prefix}job:3`)
      await storage.workers.cleanUp([])
      expect(await client.smembers(`${prefix}groups`)).toEqual(['g'])
      expect(await client.smembers(`${prefix}group:g`)).toEqual(['2'])
      expect(await client.exists(`${prefix}group:h`)).toBe(0)
    }))

  it('queues what Python left ready, at the head where that was asked, and drops the rest', () =>
    withStorage(async (storage, redis) => {
      const { client, prefix } = redis
      const ready = async (id: string, facts: Parameters<typeof newJob>[0] = {}) => {
        await storage.queues.enqueue([newJob({ id, ...facts })])
        await client.lrem(`${prefix}queue:default`, 1, id)
        await client.hset(`${prefix}job:${id}`, { status: 'ready_to_enqueue' })
      }
      await ready('tail', { ttlS: 40 })
      await ready('head', { enqueueAtFront: true })
      await storage.queues.enqueue([newJob({ id: 'waiting' })])
      await client.zadd(`${prefix}ready:default`, '1', 'tail', '2', 'head', '3', 'waiting', '4', 'gone')
      await Promise.all([storage.workers.cleanUp(['default']), storage.workers.cleanUp(['default'])])
      expect(await storage.queues.jobIds('default', 0, -1)).toEqual(['head', 'waiting', 'tail'])
      expect(await client.exists(`${prefix}ready:default`)).toBe(0)
      expect(await client.ttl(`${prefix}job:tail`)).toBeGreaterThan(35)
      expect((await storage.jobs.fetch(['tail']))[0]?.status).toBe('queued')
    }))
})

describe('explain', () => {
  it('reads all that a job waits for in one step', () =>
    withStorage(async (storage, redis) => {
      const { client, prefix } = redis
      await storage.queues.enqueue([newJob({ id: 'bad' })])
      await workOff(storage, RAISED)
      const rateLimit = { key: 'k', concurrency: 1 }
      await storage.queues.enqueue([
        newJob({ id: 'first', rateLimit }),
        newJob({ id: 'second', rateLimit }),
        newJob({ id: 'waits', dependencyIds: ['bad', 'first', 'nobody'] }),
        newJob({ id: 'later' }, { dueMs: 4_000_000_000_500 }),
      ])
      await client.sadd(`${prefix}workers:default`, `${prefix}worker:w1`, `${prefix}worker:w2`)
      await storage.admin.suspend()
      expect(await storage.jobs.explain('none')).toBeUndefined()
      expect(await storage.jobs.explain('first')).toMatchObject({
        record: { id: 'first', status: 'queued' },
        position: 0,
        dependencies: [],
        slotHolders: ['first'],
        waitingBefore: null,
        suspended: true,
        workers: 2,
      })
      expect(await storage.jobs.explain('second')).toMatchObject({ position: null, waitingBefore: 0 })
      expect(await storage.jobs.explain('later')).toMatchObject({ dueMs: 4_000_000_000_500 })
      expect((await storage.jobs.explain('waits'))?.dependencies).toEqual([
        { id: 'bad', status: 'failed' },
        { id: 'first', status: 'queued' },
        { id: 'nobody', status: undefined },
      ])
    }))
})

describe('maintenanceTurn', () => {
  const worker = (instance: string, queues: string[]) => newWorker({ name: instance, instance, queues, ttlS: 60 })

  it('is one worker for each queue, and for what is shared, until it leaves', () =>
    withStorage(async (storage) => {
      const turn = (instance: string, queues: string[], forMs = 60_000) =>
        storage.workers.maintenanceTurn({ worker: worker(instance, queues), queues, forMs })
      const [a, b] = await Promise.all([turn('a', ['one', 'two']), turn('b', ['two', 'three'])])
      expect(a).toEqual({ queues: ['one', 'two'], shared: true })
      expect(b).toEqual({ queues: ['three'], shared: false })
      expect(await turn('b', ['two', 'three'])).toEqual({ queues: ['three'], shared: false })
      await storage.workers.unregister(worker('a', ['one', 'two']))
      expect(await turn('b', ['two', 'three'])).toEqual({ queues: ['two', 'three'], shared: true })
      expect(await turn('c', ['one', 'two', 'three'])).toEqual({ queues: ['one'], shared: false })
      for (const [name, queues] of [
        ['b', ['two', 'three']],
        ['c', ['one']],
      ] as const)
        await storage.workers.unregister(worker(name, [...queues]))
    }))

  it('passes to another when the worker has died', () =>
    withStorage(async (storage) => {
      const turn = (instance: string, forMs: number) =>
        storage.workers.maintenanceTurn({ worker: worker(instance, ['q']), queues: ['q'], forMs })
      await turn('dead', 100)
      expect(await turn('dead', 100)).toEqual({ queues: ['q'], shared: true })
      await eventually(async () => (await turn('heir', Number.POSITIVE_INFINITY)).shared)
      await storage.workers.unregister(worker('heir', ['q']))
    }))
})
