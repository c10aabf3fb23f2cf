import { settle } from '@rq/job'
import { faultProxy, type RedisFixture, redisFixture, startRedis } from '@rq/testkit'
import { claimRequest, end, newJob, newWorker, RAISED, RETURNED, workOff } from '@rq/testkit/storage-conformance'
import { describe, expect, it } from 'vitest'
import { RedisStorage } from '../src/index.ts'
import { CLAIMED_HASH, NEW_HASH, named, withTtlsOf } from './whole-state.ts'
import { withStorage } from './with-storage.ts'

/** An enqueue that can be sent as often as one likes, word for word; `stamp` in the place of its own. */
function callOf(
  storage: RedisStorage,
  { client }: RedisFixture,
  jobs: Parameters<typeof storage.queues.enqueue>[0],
  stamp?: string,
) {
  const pipeline = client.pipeline()
  storage.queues.enqueueInto(pipeline, jobs)
  const [command] = (pipeline as unknown as { _queue: { args: (string | Buffer)[] }[] })._queue
  const words = command?.args ?? []
  if (stamp !== undefined) words[STAMP_AT] = stamp
  return () => client.call('EVAL', words)
}

/** Script, number of keys, key, prefix, stamp. */
const STAMP_AT = 4

describe('enqueue', () => {
  it('writes the queue, the job and its place, and nothing else', () =>
    withStorage(async (storage, redis) => {
      await storage.queues.enqueue([newJob({ id: 'a' })])
      expect(named(await redis.dump())).toEqual({
        'rq:job:a': NEW_HASH,
        'rq:queue:default': ['a'],
        'rq:queues': ['rq:queue:default'],
      })
    }))

  it('writes ttl, group, and the two sets of a dependency', () =>
    withStorage(async (storage, redis) => {
      await storage.queues.enqueue([
        newJob({ id: 'p' }),
        newJob({ id: 'c', dependencyIds: ['p'], ttlS: 30, groupId: 'g' }),
      ])
      const { enqueued_at: _, ...unqueued } = NEW_HASH
      expect(named(await redis.dump())).toEqual({
        'rq:deferred:default': { c: 'now+3155760000' },
        'rq:group:g': ['c'],
        'rq:groups': ['g'],
        // Waiting for other jobs is not waiting in the queue.
        'rq:job:c': {
          ...unqueued,
          ttl: '30',
          listed_once: '1',
          status: 'deferred',
          group_id: 'g',
          dependency_id: 'p',
          dependency_ids: '["p"]',
          allow_dependency_failures: '0',
        },
        'rq:job:p': NEW_HASH,
        'rq:job:p:dependents': ['c'],
        'rq:job::c:dependencies': ['p'],
        'rq:queue:default': ['p'],
        'rq:queues': ['rq:queue:default'],
      })
    }))

  it('changes nothing when the same call is sent again', () =>
    withStorage(async (storage, redis) => {
      const send = callOf(storage, redis, [newJob({ id: 'a' }), newJob({ id: 's' }, { dueMs: 1_900_000_000_000 })])
      expect(await send()).toEqual(['queued', 'scheduled'])
      const before = await redis.dump()
      expect(await send()).toEqual(['queued', 'scheduled'])
      expect(await redis.dump()).toEqual(before)
      await workOff(storage, RETURNED)
      expect(await send()).toEqual(['queued', 'scheduled'])
      expect(await storage.queues.count('default')).toBe(0)
    }))

  it('knows a new job again wherever it has come meanwhile', () =>
    withStorage(async (storage, redis) => {
      const rateLimit = { key: 'k', concurrency: 1 }
      await storage.queues.enqueue([newJob({ id: 'p' }), newJob({ id: 'holder', rateLimit })])
      const send = callOf(storage, redis, [
        newJob({ id: 'child', dependencyIds: ['p'] }),
        newJob({ id: 'limited', rateLimit }),
        newJob({ id: 'retried', retriesLeft: 1 }),
      ])
      expect(await send()).toEqual(['deferred', 'rate_limited', 'queued'])
      const { jobs } = await storage.workers.claim(claimRequest())
      await end(storage, jobs.slice(0, 2), RETURNED)
      await end(storage, jobs.slice(2), RAISED)
      await storage.workers.claim(claimRequest())
      const before = await redis.dump()
      expect(await send()).toEqual(['queued', 'queued', 'queued'])
      expect(withTtlsOf(before, await redis.dump())).toEqual(before)
    }))

  it('tells unique jobs of two programs apart that were made in the same moment', () =>
    withStorage(async (storage, redis) => {
      const one = callOf(storage, redis, [newJob({ id: 'u' }, { unique: true })], 'the same stamp')
      const two = callOf(storage, redis, [newJob({ id: 'u' }, { unique: true })], 'the same stamp')
      expect([await one(), await two(), await one()]).toEqual([['queued'], ['duplicate'], ['queued']])
      await redis.client.hset(`${redis.prefix}job:u`, 'enqueued_at', '2026-01-01T00:00:00.000000Z')
    }))

  it('shows nothing of a pipeline before its exec', () =>
    withStorage(async (storage, redis) => {
      const multi = redis.client.multi()
      storage.queues.enqueueInto(multi, [newJob({ id: 'a', origin: 'x' })])
      storage.queues.enqueueInto(multi, [newJob({ id: 'b', origin: 'y' })])
      expect(await redis.keys()).toEqual([])
      await multi.exec()
      expect(await storage.queues.queueNames()).toEqual(['x', 'y'])
    }))
})

describe('claim', () => {
  it('marks the job, leases it, and takes it off the list', () =>
    withStorage(async (storage, redis) => {
      await storage.queues.enqueue([newJob({ id: 'a', ttlS: 100 })])
      await storage.workers.claim(claimRequest())
      expect(named(await redis.dump())).toEqual({
        // The time to wait is over when a job starts: its key lives on.
        'rq:job:a': { ...CLAIMED_HASH, ttl: '100', listed_once: '1' },
        'rq:queues': ['rq:queue:default'],
        'rq:wip:default': { 'a:<execution>': 'now+75' },
      })
    }))
})

describe('settle', () => {
  it('keeps a success in the hash, for its time', () =>
    withStorage(async (storage, redis) => {
      await storage.queues.enqueue([newJob({ id: 'a', resultTtlS: 60 })])
      await workOff(storage, RETURNED)
      expect(named(await redis.dump())).toEqual({
        'rq:finished:default': { a: 'now+60' },
        'rq:job:a (60 s)': {
          ...CLAIMED_HASH,
          status: 'finished',
          ended_at: '<time>',
          result: '42',
          result_ttl: '60',
        },
        'rq:queues': ['rq:queue:default'],
      })
    }))

  it('writes to the stream for a job in that dialect', () =>
    withStorage(async (storage, redis) => {
      await storage.queues.enqueue([newJob({ id: 'a', results: 'stream' })])
      await workOff(storage, RETURNED)
      const [entry] = await redis.client.xrange(`${redis.prefix}results:a`, '-', '+')
      const fields = Object.fromEntries((entry?.[1] ?? []).flatMap((at, n, all) => (n % 2 ? [] : [[at, all[n + 1]]])))
      expect(fields).toMatchObject({ type: '1', worker_name: 'worker', return_value: 'NDI=' })
      expect(await redis.client.hexists(`${redis.prefix}job:a`, 'result')).toBe(0)
      expect(await redis.client.ttl(`${redis.prefix}results:a`)).toBeGreaterThan(490)
    }))

  it('keeps a failure with its error in the stream, for a year', () =>
    withStorage(async (storage, redis) => {
      await storage.queues.enqueue([newJob({ id: 'a' })])
      await workOff(storage, RAISED)
      expect(named(await redis.dump())).toEqual({
        'rq:failed:default': { a: 'now+31536000' },
        'rq:job:a (31536000 s)': { ...CLAIMED_HASH, status: 'failed', ended_at: '<time>', results: 'stream' },
        'rq:queues': ['rq:queue:default'],
        'rq:results:a (31536000 s)': '1 entries',
      })
    }))

  it('leaves nothing of a job that asked for it, but lets its dependents go', () =>
    withStorage(async (storage, redis) => {
      await storage.queues.enqueue([
        newJob({ id: 'a', resultTtlS: 0, groupId: 'g' }),
        newJob({ id: 'b', dependencyIds: ['a'] }),
      ])
      await workOff(storage, RETURNED)
      const state = named(await redis.dump())
      expect(Object.keys(state)).toEqual(['rq:job:b', 'rq:queue:default', 'rq:queues'])
      expect(state['rq:queue:default']).toEqual(['b'])
    }))

  it('changes nothing for an execution that no longer owns the job', () =>
    withStorage(async (storage, redis) => {
      await storage.queues.enqueue([newJob({ id: 'a' })])
      const { jobs } = await storage.workers.claim(claimRequest())
      const [claimed] = jobs
      await storage.workers.giveBack([{ queue: 'default', jobId: 'a', executionId: claimed?.executionId ?? '' }])
      await storage.workers.claim(claimRequest())
      const before = await redis.dump()
      expect(await end(storage, jobs, RETURNED)).toEqual(['lost'])
      expect(await redis.dump()).toEqual(before)
    }))

  it('releases each dependent once when its parents finish at the same time', () =>
    withStorage(async (storage, redis) => {
      await using other = new RedisStorage({ connection: redis.url, prefix: redis.prefix })
      const parents = Array.from({ length: 20 }, (_, n) => newJob({ id: `p${n}` }))
      const children = Array.from({ length: 20 }, (_, n) =>
        newJob({ id: `c${n}`, origin: 'children', dependencyIds: [`p${n}`, `p${(n + 7) % 20}`] }),
      )
      await storage.queues.enqueue([...parents, ...children])
      const { jobs } = await storage.workers.claim(claimRequest({ want: 20 }))
      await Promise.all(
        jobs.map(({ job, executionId }, n) =>
          (n % 2 ? storage : other).workers.settle('worker', [settle(job, executionId, RETURNED)]),
        ),
      )
      const queued = await storage.queues.jobIds('children', 0, -1)
      expect([...queued].sort()).toEqual(children.map(({ record }) => record.id).sort())
    }))

  it('counts for the worker only while its record lives', () =>
    withStorage(async (storage, redis) => {
      const worker = newWorker()
      await storage.queues.enqueue([newJob(), newJob()])
      await storage.workers.register(worker, 15_000)
      await workOff(storage, RETURNED)
      expect(await storage.workers.workers()).toMatchObject([{ successfulJobCount: 2, totalWorkingTimeS: 2 }])
      await redis.client.del(`${redis.prefix}worker:worker`)
      await storage.queues.enqueue([newJob()])
      await workOff(storage, RETURNED)
      expect(await redis.client.exists(`${redis.prefix}worker:worker`)).toBe(0)
    }))
})

describe('connections', () => {
  it('fail within seconds and name the server without its password when Redis is away', async () => {
    await using storage = new RedisStorage({ connection: 'redis://user:canary@127.0.0.1:1/0' })
    const error = await storage.queues.count('default').catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'RQ_REDIS_UNREACHABLE', retryable: true })
    expect(String(error)).toContain('redis://127.0.0.1:1/0')
    expect(String(error)).not.toContain('canary')
  })

  it('say that Redis is too old, which scripts with flags tell', async () => {
    // Word for word what 6.0.16 answers.
    const message = "ERR Error compiling script (new function): user_script:1: unexpected symbol near '#'"
    await using server = await startRedis()
    await using redis = await redisFixture({ url: server.url })
    await using old = await faultProxy(redis.url, {
      onCommand: ({ args }) => (args.some((word) => word.startsWith('#!lua')) ? { kind: 'error', message } : undefined),
    })
    await using storage = new RedisStorage({ connection: old.url, prefix: redis.prefix })
    await expect(storage.queues.enqueue([newJob()])).rejects.toMatchObject({
      code: 'RQ_REDIS_VERSION',
      message: expect.stringContaining('is too old: rq needs Redis 7.0 or Valkey 7.2, or newer'),
      retryable: false,
    })
    expect(await redis.keys()).toEqual([])
  })

  it.each(['http://localhost', 'localhost:6379', 'redis://localhost/x'])('refuse %s', (url) => {
    expect(() => new RedisStorage({ connection: url })).toThrow(expect.objectContaining({ code: 'RQ_CONFIG' }))
  })

  it('refuse a prefix of ioredis, which only some keys would have', async () => {
    await using redis = await redisFixture()
    const refused = expect.objectContaining({ code: 'RQ_CONFIG', message: expect.stringContaining('option prefix') })
    const client = redis.client.duplicate({ keyPrefix: 'app:', lazyConnect: true })
    for (const connection of [client, { keyPrefix: 'app:' }]) {
      expect(() => new RedisStorage({ connection })).toThrow(refused)
    }
  })

  it('send a script again that the server forgot', async () => {
    await using redis = await startRedis()
    await using storage = new RedisStorage({ connection: redis.url })
    await storage.queues.enqueue([newJob()])
    await storage.client().script('FLUSH')
    expect(await storage.queues.enqueue([newJob()])).toEqual(['queued'])
  })

  it('say that Redis is full, and write nothing', async () => {
    await using redis = await startRedis()
    await using storage = new RedisStorage({ connection: redis.url })
    await storage.queues.enqueue([newJob({ id: 'a' })])
    await storage.client().call('CONFIG', 'SET', 'maxmemory', '1')
    await expect(storage.queues.enqueue([newJob()])).rejects.toMatchObject({ code: 'RQ_REDIS_OUT_OF_MEMORY' })
    expect(await storage.queues.jobIds('default', 0, -1)).toEqual(['a'])
    expect(await workOff(storage, RETURNED)).toEqual(['applied'])
  })
})
