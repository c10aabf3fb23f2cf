import { redisFixture } from '@rq/testkit'
import { newJob, newWorker } from '@rq/testkit/storage-conformance'
import { expect, test } from 'vitest'
import { RedisStorage } from '../src/index.ts'

const MANY = 3500
const LIMIT = { key: 'k', concurrency: 2 }
const WORKER = newWorker({ name: 'w', queues: ['served'], ttlS: 60 })

test('a job gets a slot although thousands of jobs of a queue without workers wait before it', async () => {
  await using redis = await redisFixture()
  await using storage = new RedisStorage({ connection: redis.url, prefix: redis.prefix })
  const { jobs, queues, workers } = storage
  await workers.register(WORKER, 60_000)
  for (let first = 0; first < MANY; first += 500) {
    const ids = Array.from({ length: 500 }, (_, n) => `idle-${first + n}`)
    await queues.enqueue(ids.map((id) => newJob({ id, origin: 'idle', rateLimit: LIMIT })))
  }
  const served = ['a', 'b', 'c'].map((id) => newJob({ id, origin: 'served', rateLimit: LIMIT }))
  await queues.enqueue(served)
  // Each of these steps looks at a thousand more of those that wait.
  for (let step = 0; step < 5; step++) await workers.cleanUp([])
  expect(await queues.jobIds('served', 0, -1)).toEqual(['a', 'b'])
  expect(await queues.jobIds('idle', 0, -1)).toEqual([])
  await jobs.delete({ jobId: 'a', deleteDependents: false })
  expect(await queues.jobIds('served', 0, -1)).toEqual(['b', 'c'])
  await redis.client.unlink(await redis.client.keys(`${redis.prefix}*`))
})

test('a job of a queue without workers keeps its slot and its place when one that waits for the slot is gone', async () => {
  await using redis = await redisFixture()
  await using storage = new RedisStorage({ connection: redis.url, prefix: redis.prefix })
  const { jobs, queues } = storage
  const waiter = (id: string, concurrency: number) =>
    newJob({ id, origin: 'idle', rateLimit: { key: 'k', concurrency } })
  await queues.enqueue([waiter('other', 2), waiter('first', 2), newJob({ id: 'next', origin: 'idle' })])
  // Now there is one slot too many in use.
  await queues.enqueue([waiter('gone', 1)])
  await redis.client.del(`${redis.prefix}job:gone`)
  await jobs.delete({ jobId: 'other', deleteDependents: false })
  expect(await redis.client.zrange(`${redis.prefix}rl:k:allowed`, 0, '-1')).toEqual(['first'])
  expect(await redis.client.zcard(`${redis.prefix}rl:k:rate_limited`)).toBe(0)
  expect(await queues.jobIds('idle', 0, -1)).toEqual(['first', 'next'])
  await redis.client.unlink(await redis.client.keys(`${redis.prefix}*`))
})
