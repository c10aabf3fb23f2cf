import { settle } from '@rq/job'
import { type Fault, type FaultProxy, faultProxy, type RedisFixture, redisFixture } from '@rq/testkit'
import { claimRequest, newJob, newWorker, RAISED, RETURNED, rescue } from '@rq/testkit/storage-conformance'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import * as scripts from '../src/connection/scripts.generated.ts'
import { RedisStorage } from '../src/index.ts'

const WORKER = newWorker({ ttlS: 60 })

interface Setting {
  readonly storage: RedisStorage
  readonly redis: RedisFixture
  readonly proxy: FaultProxy
  /** From now on, the first command of this name. */
  befall(name: string, fault: Fault): void
}

async function setting(run: (setting: Setting) => Promise<void>, tolerate?: RegExp): Promise<void> {
  await using redis = await redisFixture(tolerate === undefined ? {} : { tolerate })
  await using proxy = await faultProxy(redis.url)
  await using storage = new RedisStorage({ connection: proxy.url, prefix: redis.prefix, role: 'worker' })
  // So that the first time that a script is sent is the time that it runs.
  for (const { lua } of Object.values(scripts)) await redis.client.script('LOAD', lua)
  await storage.workers.register(WORKER, 15_000)
  const befall = (name: string, fault: Fault) => {
    let met = false
    proxy.onCommand = (command) => {
      if (met || command.name !== name) return undefined
      met = true
      return fault
    }
  }
  await run({ storage, redis, proxy, befall })
}

describe('when the reply is lost', () => {
  test('a claim finds what it has leased, and what it leases when it is sent again, under different executions', () =>
    setting(async ({ befall, storage }) => {
      await storage.queues.enqueue([newJob({ id: 'a' }), newJob({ id: 'b' }), newJob({ id: 'c' })])
      befall('claim', { kind: 'cut' })
      const { jobs } = await storage.workers.claim(claimRequest({ want: 2 }))
      expect(jobs.map(({ job }) => job.id).sort()).toEqual(['a', 'b', 'c'])
      expect(new Set(jobs.map(({ executionId }) => executionId)).size).toBe(3)
      const settlements = jobs.map(({ job, executionId }) => settle(job, executionId, RETURNED))
      expect((await storage.workers.settle('worker', settlements)).answers).toEqual(['applied', 'applied', 'applied'])
    }))

  test('a claim that has failed is found by the next one', () =>
    setting(async ({ befall, proxy, storage }) => {
      await storage.queues.enqueue([newJob({ id: 'a' }), newJob({ id: 'b' })])
      befall('claim', { kind: 'cut' })
      const first = storage.workers.claim(claimRequest({ want: 1 }))
      const cut = proxy.onCommand
      proxy.onCommand = (command) => {
        const fault = cut(command)
        // The same, when it comes again.
        if (command.name === 'claim' && fault === undefined) return { kind: 'error', message: 'BUSY running a script' }
        return fault
      }
      await expect(first).rejects.toMatchObject({ retryable: true })
      proxy.onCommand = () => undefined
      const { jobs } = await storage.workers.claim(claimRequest({ want: 1 }))
      expect(jobs.map(({ job }) => job.id).sort()).toEqual(['a', 'b'])
    }))

  test.each([
    ['finished', newJob(), RETURNED, ['1', null]],
    ['deleted at once', newJob({ resultTtlS: 0 }), RETURNED, ['1', null]],
    ['failed', newJob(), RAISED, [null, '1']],
    ['retried', newJob({ retriesLeft: 3 }), RAISED, [null, '1']],
    ['repeated', newJob({ repeatsLeft: 3 }), RETURNED, ['1', null]],
  ] as const)('a settlement is applied and counted once: %s', (_, job, outcome, counters) =>
    setting(async ({ befall, redis, storage }) => {
      await storage.queues.enqueue([job])
      const { jobs } = await storage.workers.claim(claimRequest())
      befall('settle', { kind: 'cut' })
      const settlements = jobs.map((claimed) => settle(claimed.job, claimed.executionId, outcome))
      expect((await storage.workers.settle('worker', settlements)).answers).toEqual(['applied'])
      const key = `${redis.prefix}worker:worker`
      expect(await redis.client.hmget(key, 'successful_job_count', 'failed_job_count')).toEqual(counters)
      expect(Number(await redis.client.hget(key, 'total_working_time'))).toBe(1)
    }),
  )

  test('a settlement of a job that another execution owns is lost, and counts for nothing', () =>
    setting(async ({ befall, redis, storage }) => {
      await storage.queues.enqueue([newJob({ id: 'a' })])
      const { jobs } = await storage.workers.claim(claimRequest())
      await redis.client.hset(`${redis.prefix}job:a`, 'execution_id', 'ffffffffffffffffffff')
      befall('settle', { kind: 'cut' })
      const settlements = jobs.map(({ job, executionId }) => settle(job, executionId, RETURNED))
      expect((await storage.workers.settle('worker', settlements)).answers).toEqual(['lost'])
      expect(await redis.client.hget(`${redis.prefix}worker:worker`, 'successful_job_count')).toBeNull()
    }, /^job a \(started\) is nowhere/))

  test('a recovery finds what it has taken over', () =>
    setting(async ({ befall, redis, storage }) => {
      await storage.queues.enqueue([newJob({ id: 'a' })])
      const { jobs } = await storage.workers.claim(claimRequest())
      await redis.client.zadd(`${redis.prefix}wip:default`, '1', `a:${jobs[0]?.executionId}`)
      befall('recover', { kind: 'cut' })
      const taken = await rescue(storage.workers, { workerName: 'worker' })
      expect(taken.map(({ job }) => [job.id, job.abandonedCount])).toEqual([['a', 1]])
    }))
})

test('a worker that leaves gives back what a claim brings that it does not wait for, and nothing else', () =>
  setting(async ({ redis, storage }) => {
    const other = { ...WORKER, name: 'other' }
    await storage.workers.register(other, 15_000)
    await storage.queues.enqueue(['a', 'b', 'c', 'd', 'e'].map((id) => newJob({ id })))
    const before = await storage.workers.claim(claimRequest({ want: 1 }))
    const others = storage.workers.claim(claimRequest({ want: 1, workerName: 'other' }))
    void storage.workers.claim(claimRequest({ want: 2 }))
    await storage.workers.unregister(WORKER)
    expect(await redis.client.lrange(`${redis.prefix}queue:default`, 0, '-1')).toEqual(['c', 'd', 'e'])
    const held = [...before.jobs, ...(await others).jobs].map(({ executionId, job }) => `${job.id}:${executionId}`)
    expect(await redis.client.zrange(`${redis.prefix}wip:default`, 0, '-1')).toEqual(held)
    await storage.workers.unregister(other)
  }))

test('a recovery that Redis kept waiting takes nothing, and none does for a lease', () =>
  setting(async ({ befall, redis, storage }) => {
    const leaseMs = 60_000
    const recover = () => rescue(storage.workers, { workerName: 'worker', leaseMs })
    let clockMs = leaseMs
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => clockMs)
    onTestFinished(() => clock.mockRestore())
    await storage.queues.enqueue([newJob({ id: 'a' })])
    const { jobs } = await storage.workers.claim(claimRequest())
    await recover()
    await redis.client.zadd(`${redis.prefix}wip:default`, '1', `a:${jobs[0]?.executionId}`)
    // It was sent half a lease before Redis runs it.
    clockMs -= leaseMs / 2
    befall('recover', { kind: 'before', hook: () => (clockMs += leaseMs / 2) })
    expect(await recover()).toEqual([])
    clockMs += leaseMs - 1
    expect(await recover()).toEqual([])
    clockMs += 1
    expect(await recover()).toHaveLength(1)
  }))
