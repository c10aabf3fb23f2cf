import { settle } from '@rq/job'
import { claimRequest, newJob, newWorker, RAISED, RETURNED, workOff } from '@rq/testkit/storage-conformance'
import type { ChainableCommander } from 'ioredis'
import { describe, expect, test } from 'vitest'
import { RedisStorage } from '../../../packages/redis/src/index.ts'
import { findViolations, type RedisFixture, redisFixture } from '../src/index.ts'

const EXECUTION = 'e'.repeat(32)
const CHILD = newJob({ id: 'child', dependencyIds: ['waits'] })
const WORKER = newWorker({ name: 'w', ttlS: 60 })
const LIMIT = { key: 'k', concurrency: 1 }

/** One job in every possible place, as the store writes them. */
async function everyPlace(storage: RedisStorage): Promise<void> {
  const { jobs, queues, workers } = storage
  await workers.register(WORKER, 15_000)
  await queues.enqueue([newJob({ id: 'finished' })])
  await workOff(storage, RETURNED)
  await queues.enqueue([newJob({ id: 'failed' }), newJob({ id: 'kept', failureTtlS: -1 })])
  await workOff(storage, RAISED)
  await queues.enqueue([newJob({ id: 'retried', retriesLeft: 1, retryIntervalsS: [60] })])
  await workOff(storage, RAISED)
  await queues.enqueue([newJob({ id: 'started' })])
  const { jobs: claimed } = await workers.claim(claimRequest({ workerName: 'w' }))
  const leases = claimed.map(({ job, executionId }) => ({ queue: job.origin, jobId: job.id, executionId }))
  await workers.heartbeat({ worker: WORKER, state: 'busy', currentJobId: 'started', leases, leaseMs: 15_000 })
  await queues.enqueue([newJob({ id: 'canceled' }), newJob({ id: 'waits', ttlS: 60 }), CHILD])
  await jobs.cancel({ jobId: 'canceled', enqueueDependents: false, removeFromDependencies: false })
  await queues.enqueue([newJob({ id: 'scheduled' }, { dueMs: Date.now() + 60_000 })])
  await queues.enqueue([newJob({ id: 'first', rateLimit: LIMIT }), newJob({ id: 'second', rateLimit: LIMIT })])
  await jobs.save(newJob({ id: 'created' }).record)
}

async function stateWith(run: (redis: RedisFixture, storage: RedisStorage) => Promise<void>): Promise<void> {
  await using redis = await redisFixture({ tolerate: false })
  await using storage = new RedisStorage({ connection: redis.url, prefix: redis.prefix })
  await everyPlace(storage)
  await run(redis, storage)
}

describe('findViolations', () => {
  test('finds nothing in what the store writes, with a job in every possible place', () =>
    stateWith(async (redis) => {
      expect(await findViolations(redis.client, redis.prefix)).toEqual([])
    }))

  test('allows what goes away by itself: stale ids and leases, jobs without their entry', () =>
    stateWith(async (redis) => {
      const { client, prefix } = redis
      await client
        .multi()
        .rpush(`${prefix}queue:default`, 'gone')
        .zadd(`${prefix}wip:default`, 1, `started:${EXECUTION}`, 1, `gone:${EXECUTION}`)
        .zadd(`${prefix}finished:default`, 2e9, 'gone')
        .zadd(`${prefix}scheduled:default`, 2e9, 'gone')
        .zadd(`${prefix}deferred:default`, 1, 'gone')
        .zrem(`${prefix}finished:default`, 'finished')
        .exec()
      expect(await findViolations(client, prefix)).toEqual([])
    }))

  test('allows further keys that a test uses itself', () =>
    stateWith(async ({ client, prefix }) => {
      await client.set(`${prefix}runs:1`, 1)
      expect(await findViolations(client, prefix, { allow: [/^runs:/] })).toEqual([])
    }))

  type Plant = (multi: ChainableCommander, key: (name: string) => string) => unknown
  const PLANTS: readonly (readonly [finds: string, plant: Plant])[] = [
    ['key foo (string) is not documented', (m, k) => m.set(k('foo'), 1)],
    ['key queues (string) is not documented', (m, k) => m.del(k('queues')).set(k('queues'), 1)],
    ['job waits (queued) is in 2 places: queue default, queue default', (m, k) => m.rpush(k('queue:default'), 'waits')],
    [
      'job waits (queued) is in 2 places: queue default, failed default',
      (m, k) => m.zadd(k('failed:default'), 2e9, 'waits'),
    ],
    ['job waits (queued) is nowhere', (m, k) => m.lrem(k('queue:default'), 0, 'waits')],
    ['job canceled (canceled) is nowhere and does not expire', (m, k) => m.zrem(k('canceled:default'), 'canceled')],
    ['job started (started) is nowhere and does not expire', (m, k) => m.del(k('wip:default'))],
    ['job waits (failed, of default) is in queue default', (m, k) => m.hset(k('job:waits'), 'status', 'failed')],
    ['job waits (queued, of other) is in queue default', (m, k) => m.hset(k('job:waits'), 'origin', 'other')],
    [
      'failed default holds gone, which is no job and is never dropped',
      (m, k) => m.zadd(k('failed:default'), -1, 'gone'),
    ],
    ['queue default holds "a b", which is not a job id', (m, k) => m.rpush(k('queue:default'), 'a b')],
    ['wip default holds started, which names no execution', (m, k) => m.zadd(k('wip:default'), 1, 'started')],
    ['job started (started) expires', (m, k) => m.expire(k('job:started'), 60)],
    ['job scheduled (scheduled) expires', (m, k) => m.expire(k('job:scheduled'), 60)],
    ['job finished (finished) never expires, its entry in finished does', (m, k) => m.persist(k('job:finished'))],
    ['job kept (failed) expires, its entry in failed never', (m, k) => m.expire(k('job:kept'), 60)],
    ['job finished (finished) does not expire with its entry in finished', (m, k) => m.expire(k('job:finished'), 60)],
    ['results of gone has no job and does not expire', (m, k) => m.xadd(k('results:gone'), '*', 'type', 1)],
    ['dependencies of gone has no job and does not expire', (m, k) => m.sadd(k('job::gone:dependencies'), 'waits')],
    ['dependents of gone has no job and does not expire', (m, k) => m.sadd(k('job:gone:dependents'), 'other')],
    ['the messages of job started never expire', (m, k) => m.rpush(k('messages:started'), '1 1 1 1 a\nx')],
    [
      'the posts of job finished, which has ended, are kept for',
      (m, k) =>
        m.hset(k('job:finished'), 'messages', '0 0 1 1').rpush(k('posts:finished'), '1').expire(k('posts:finished'), 9),
    ],
    ['job waits has messages "2", which is not numbers and bytes', (m, k) => m.hset(k('job:waits'), 'messages', 2)],
    ['execution gone:x names another one', (m, k) => m.hset(k('execution:gone:x'), 'id', 'y', 'job_id', 'gone')],
    ['execution gone:x does not expire', (m, k) => m.hset(k('execution:gone:x'), 'id', 'x')],
    ['executions gone does not expire', (m, k) => m.zadd(k('executions:gone'), 1, EXECUTION)],
    ['queue default is not in queues', (m, k) => m.srem(k('queues'), k('queue:default'))],
    ['rate limit k is not in rl-keys', (m, k) => m.srem(k('rl-keys'), 'k')],
    ['rate limit k has no concurrency', (m, k) => m.del(k('rl:k'))],
    ['rate limit k of 1 is held by 2 jobs', (m, k) => m.zadd(k('rl:k:allowed'), 1, 'waits')],
    ['rate limit k is held by waits, which has another limit', (m, k) => m.zadd(k('rl:k:allowed'), 1, 'waits')],
    ['rate limit k is held by finished, which is finished', (m, k) => m.zadd(k('rl:k:allowed'), 1, 'finished')],
    ['rate limit k is held by gone, which is no job', (m, k) => m.zadd(k('rl:k:allowed'), 1, 'gone')],
    ['rate limit k has a free slot while second waits', (m, k) => m.hset(k('rl:k'), 'concurrency', 2)],
    ['job first (queued) holds no slot of k', (m, k) => m.zrem(k('rl:k:allowed'), 'first')],
    [
      'job child is deferred, but all it waits for is over: waits',
      (m, k) => m.hset(k('job:waits'), 'status', 'finished'),
    ],
    ['dependents of waits are set aside, but not listed in releasing', (m, k) => m.sadd(k('releasing:waits'), 'child')],
    [
      'job child is deferred for waits, which does not list it as a dependent',
      (m, k) => m.del(k('job:waits:dependents')),
    ],
    ['worker w does not expire', (m, k) => m.persist(k('worker:w'))],
    ['executions of worker w do not expire', (m, k) => m.persist(k('worker:w:executions'))],
    ['workers  holds w, which is not a key of a worker', (m, k) => m.sadd(k('workers'), 'w')],
    ['job "a.b" has an id that RQ cannot read', (m, k) => m.hset(k('job:a.b'), 'data', 'x')],
    ['job waits has no data', (m, k) => m.hdel(k('job:waits'), 'data')],
    ['job waits has no last_heartbeat', (m, k) => m.hdel(k('job:waits'), 'last_heartbeat')],
    ['job waits has a field color, which is not documented', (m, k) => m.hset(k('job:waits'), 'color', 'red')],
    ['job waits has timeout "1.5", which is not an integer', (m, k) => m.hset(k('job:waits'), 'timeout', 1.5)],
    [
      'job waits has enqueue_at_front "", which is not 0 or 1',
      (m, k) => m.hset(k('job:waits'), 'enqueue_at_front', ''),
    ],
    [
      'job waits has success_callback_timeout "", which is not an integer',
      (m, k) => m.hset(k('job:waits'), 'success_callback_timeout', ''),
    ],
    [
      'job waits has created_at "2030-01-01T00:00:00+00:00", which is not a time with six digits and Z',
      (m, k) => m.hset(k('job:waits'), 'created_at', '2030-01-01T00:00:00+00:00'),
    ],
    [
      'job waits has retry_intervals "[1,", which is not a JSON list of integers',
      (m, k) => m.hset(k('job:waits'), 'retry_intervals', '[1,'),
    ],
    ['job waits has status "lost", which is not one of', (m, k) => m.hset(k('job:waits'), 'status', 'lost')],
    ['worker w has state "tired", which is not one of', (m, k) => m.hset(k('worker:w'), 'state', 'tired')],
    ['result of failed has type "9", which is not one of', (m, k) => m.xadd(k('results:failed'), '*', 'type', 9)],
    ['execution started:x has no created_at', (m, k) => m.hset(k('execution:started:x'), 'id', 'x')],
  ]

  test.each(PLANTS)('finds: %s', (finds, plant) =>
    stateWith(async ({ client, prefix }) => {
      const multi = client.multi()
      plant(multi, (name) => prefix + name)
      await multi.exec()
      expect(await findViolations(client, prefix)).toContainEqual(expect.stringMatching(start(finds)))
    }),
  )

  test('reads everything in one atomic step while workers run', () =>
    stateWith(async ({ client, prefix }, storage) => {
      const working = (async () => {
        for (let n = 0; n < 100; n++) {
          await storage.queues.enqueue([newJob({ id: `busy${n}`, rateLimit: LIMIT })])
          const { jobs } = await storage.workers.claim(claimRequest({ want: 1 }))
          await storage.workers.settle(
            'w',
            jobs.map(({ job, executionId, hint }) => settle(job, executionId, RETURNED, { hint })),
          )
        }
        return true
      })()
      const seen: string[] = []
      while (
        !(await Promise.race([working, findViolations(client, prefix).then((found) => void seen.push(...found))]))
      );
      expect(seen).toEqual([])
    }))
})

function start(text: string): RegExp {
  return new RegExp(`^${text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`)
}
