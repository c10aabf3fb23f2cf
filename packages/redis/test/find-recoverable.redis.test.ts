import { redisFixture } from '@rq/testkit'
import { claimRequest, newJob } from '@rq/testkit/storage-conformance'
import { expect, onTestFinished, test, vi } from 'vitest'
import { RedisStorage } from '../src/index.ts'

const LEASE_MS = 60_000

test('finds a queue with an ended lease, with what Python workers leave, or with a key of another type', async () => {
  await using redis = await redisFixture({ tolerate: false })
  await using storage = new RedisStorage({ connection: redis.url, prefix: redis.prefix })
  const { queues, workers } = storage
  const key = (name: string) => `${redis.prefix}${name}`
  await queues.enqueue([newJob({ id: 'waits', origin: 'waiting' }), newJob({ id: 'runs', origin: 'running' })])
  await workers.claim(claimRequest({ queues: ['running'], leaseMs: LEASE_MS }))
  await redis.client.zadd(key('wip:ended'), '1', 'job:execution')
  await redis.client.rpush(key('queue:taken:intermediate'), 'job')
  await redis.client.hset(key('stuck:seen'), 'job 1', '1')
  await redis.client.zadd(key('ready:ready'), '1', 'job')
  await redis.client.set(key('wip:spoiled'), 'no sorted set')
  const all = ['spoiled', 'none', 'waiting', 'running', 'ready', 'seen', 'taken', 'ended']
  const found = () => workers.findRecoverable({ queues: all, leaseMs: LEASE_MS })
  expect(await found()).toEqual(['spoiled', 'ready', 'seen', 'taken', 'ended'])
  // What is found does not depend on what other queues have.
  for (const name of ['ready:ready', 'stuck:seen', 'queue:taken:intermediate']) await redis.client.del(key(name))
  expect(await found()).toEqual(['spoiled', 'ended'])
  await redis.client.del(key('wip:spoiled'), key('wip:ended'))
  expect(await found()).toEqual([])
  await redis.client.unlink(await redis.keys())
})

test('finds them among more queues than one step looks at', async () => {
  await using redis = await redisFixture({ tolerate: false })
  await using storage = new RedisStorage({ connection: redis.url, prefix: redis.prefix })
  const queues = Array.from({ length: 3000 }, (_, n) => `q${n}`)
  const ended = ['q0', 'q999', 'q1000', 'q2999']
  for (const name of ended) await redis.client.zadd(`${redis.prefix}wip:${name}`, '1', 'job:execution')
  expect(await storage.workers.findRecoverable({ queues, leaseMs: LEASE_MS })).toEqual(ended)
  await redis.client.unlink(await redis.keys())
})

test('finds nothing for the length of a lease after Redis was held up, and nothing is recovered', async () => {
  await using redis = await redisFixture({ tolerate: false })
  await using storage = new RedisStorage({ connection: redis.url, prefix: redis.prefix })
  const { workers } = storage
  await redis.client.zadd(`${redis.prefix}wip:a`, '1', 'job:execution')
  const found = () => workers.findRecoverable({ queues: ['a', 'b'], leaseMs: LEASE_MS })
  const now = performance.now.bind(performance)
  let laterMs = 100 * LEASE_MS
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => now() + laterMs)
  onTestFinished(() => clock.mockRestore())
  expect(await found()).toEqual(['a'])
  // The next call seems to have been sent long before Redis reads its clock.
  laterMs -= 10 * LEASE_MS
  expect(await found()).toEqual([])
  await workers.recover({ queue: 'a', workerName: 'w', leaseMs: LEASE_MS, most: 10 })
  expect(await redis.client.zcard(`${redis.prefix}wip:a`)).toBe(1)
  laterMs += LEASE_MS / 2
  expect(await found()).toEqual([])
  laterMs += LEASE_MS
  expect(await found()).toEqual(['a'])
  await redis.client.unlink(await redis.keys())
})
