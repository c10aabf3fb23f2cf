import { type Claimed, settle } from '@rq/job'
import { eventually, type RedisFixture, redisFixture } from '@rq/testkit'
import { claimRequest, newJob, RETURNED, rescue } from '@rq/testkit/storage-conformance'
import { describe, expect, test } from 'vitest'
import { RedisStorage } from '../src/index.ts'
import { named } from './whole-state.ts'

interface Place {
  readonly storage: RedisStorage
  readonly redis: RedisFixture
  /** A command on a key without its prefix. */
  call(command: string, key: string, ...words: (string | number)[]): Promise<unknown>
}

/** What Python RQ writes when it saves a job: the fields that a job of ours may not have, and an older status. */
const PYTHON_SAVE = ['status', 'queued', 'success_callback_name', '', 'failure_callback_name', '', 'ended_at', '']

/** What happens to the job `j` while it runs. */
const EVENTS: Record<string, (place: Place) => Promise<unknown>> = {
  'nothing happens to': async () => {},
  'rq cancels': ({ storage }) =>
    storage.jobs.cancel({ jobId: 'j', enqueueDependents: false, removeFromDependencies: false }),
  'Python cancels': async ({ call }) => {
    await call('hset', 'job:j', 'status', 'canceled')
    await call('zadd', 'canceled:default', 1_790_000_000, 'j')
  },
  'Python saves an older copy of': ({ call }) => call('hset', 'job:j', ...PYTHON_SAVE),
  'a program writes an older status into': ({ call }) => call('hset', 'job:j', 'status', 'queued'),
  'Python enqueues again': async ({ call }) => {
    await call('hset', 'job:j', ...PYTHON_SAVE)
    await call('rpush', 'queue:default', 'j')
  },
  'Python enqueues again, and a worker asks for': async ({ call, storage }) => {
    await call('hset', 'job:j', ...PYTHON_SAVE)
    await call('rpush', 'queue:default', 'j')
    await storage.workers.claim(claimRequest())
  },
  'rq enqueues another of the id of': ({ storage }) =>
    storage.queues.enqueue([newJob({ id: 'j', createdAtMs: 1_790_000_050_000 })]),
  'rq enqueues another of the id, and a worker claims it, of': async ({ storage }) => {
    await storage.queues.enqueue([newJob({ id: 'j', createdAtMs: 1_790_000_050_000 })])
    await storage.workers.claim(claimRequest({ workerName: 'other' }))
  },
  'rq deletes': ({ storage }) => storage.jobs.delete({ jobId: 'j', deleteDependents: false }),
  'Python deletes': ({ call }) => call('del', 'job:j'),
  'Python deletes, and rq enqueues another of the id of': async ({ call, storage }) => {
    await call('del', 'job:j')
    await storage.queues.enqueue([newJob({ id: 'j' })])
  },
  'Python deletes, and a worker claims another of the id of': async ({ call, storage }) => {
    await call('del', 'job:j')
    await storage.queues.enqueue([newJob({ id: 'j' })])
    await storage.workers.claim(claimRequest({ workerName: 'other' }))
  },
  'a key of another type replaces': async ({ call }) => {
    await call('del', 'job:j')
    await call('set', 'job:j', 'x')
  },
  'the lease ends of': async ({ call, redis, storage }) => {
    for (const member of await redis.client.zrange(`${redis.prefix}wip:default`, 0, '-1'))
      await call('zadd', 'wip:default', 0, member)
    await rescue(storage.workers)
  },
  'a job waits for': ({ storage }) =>
    storage.queues.enqueue([newJob({ id: 'k', dependencyIds: ['j'] }), newJob({ id: 'l', dependencyIds: ['j'] })]),
  'meta is saved of': ({ storage }) => storage.jobs.update('j', { meta: '{}' }),
  'another canceled job is listed beside': ({ call }) => call('zadd', 'canceled:default', 1_790_000_000, 'other'),
  'a key of another type is the registry of canceled jobs beside': ({ call }) => call('set', 'canceled:default', 'x'),
}

/** The state after the event, a settlement and the same settlement again, and the answers. */
async function stateAfter(
  event: (place: Place) => Promise<unknown>,
  fields: Parameters<typeof newJob>[0],
  isHinted: boolean,
) {
  await using redis = await redisFixture({ tolerate: /./ })
  const { client, prefix } = redis
  await using storage = new RedisStorage({ connection: redis.url, prefix })
  const call = (command: string, key: string, ...words: (string | number)[]) =>
    client.call(command, [`${prefix}${key}`, ...words.map(String)])
  try {
    await storage.queues.enqueue([newJob({ id: 'i' }), newJob({ id: 'j', ...fields })])
    const { jobs } = await storage.workers.claim(claimRequest())
    await event({ storage, redis, call })
    const settlements = jobs.map(({ executionId, hint, job }: Claimed) =>
      settle(job, executionId, RETURNED, isHinted ? { hint } : {}),
    )
    const first = await storage.workers.settle('worker', settlements)
    const state = named(await redis.dump())
    const again = await storage.workers.settle('worker', settlements)
    return {
      hints: jobs.map(({ hint }) => hint !== undefined),
      answers: [first.answers, again.answers],
      states: [state, named(await redis.dump())],
    }
  } finally {
    await client.unlink(await client.keys(`${prefix}*`))
  }
}

describe('a success whose claim said that the job is plain', () => {
  test.each(Object.keys(EVENTS))('is settled as any other, if meanwhile %s the job', async (name) => {
    const event = EVENTS[name] ?? (async () => {})
    for (const fields of [{}, { resultTtlS: 60 }]) {
      const [hinted, unhinted] = await Promise.all([stateAfter(event, fields, true), stateAfter(event, fields, false)])
      expect(hinted.hints).toEqual([true, true])
      expect(hinted).toEqual(unhinted)
    }
  })

  test('is published to those who wait for it', async () => {
    await using redis = await redisFixture()
    await using storage = new RedisStorage({ connection: redis.url, prefix: redis.prefix })
    await storage.queues.enqueue([newJob({ id: 'j' })])
    const { jobs } = await storage.workers.claim(claimRequest())
    const waiting = storage.jobs.awaitResult('j', 60_000)
    await eventually(async () => {
      const channel = await redis.client.hget(`${redis.prefix}job:j`, 'waiters')
      return (await redis.client.pubsub('NUMSUB', `${redis.prefix}notify:${channel}`))[1] === 1
    })
    const settlements = jobs.map(({ executionId, hint, job }) => settle(job, executionId, RETURNED, { hint }))
    expect((await storage.workers.settle('worker', settlements)).answers).toEqual(['applied'])
    expect(await waiting).toMatchObject({ status: 'finished', result: { returnValue: Buffer.from('42') } })
    expect(await redis.client.hexists(`${redis.prefix}job:j`, 'waiters')).toBe(0)
  })
})

test('a claim gives no hint of a job that has more to it than a plain one', async () => {
  await using redis = await redisFixture()
  await using storage = new RedisStorage({ connection: redis.url, prefix: redis.prefix })
  await storage.queues.enqueue([newJob({ id: 'a', meta: '{}' }), newJob({ id: 'b', retriesLeft: 1 })])
  const { jobs } = await storage.workers.claim(claimRequest())
  expect(jobs.map(({ hint }) => hint)).toEqual([undefined, undefined])
  await storage.workers.settle(
    'worker',
    jobs.map(({ executionId, job }) => settle(job, executionId, RETURNED)),
  )
})
