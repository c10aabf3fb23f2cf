import { RedisStorage } from '@rq/redis'
import { RUNS_ALL, redisFixture, startRedis } from '@rq/testkit'
import { newJob } from '@rq/testkit/storage-conformance'
import { expect, it } from 'vitest'
import { Scheduler } from '../src/index.ts'

const MANY = RUNS_ALL ? 100_000 : 5000
/** What one script may move: more of them would keep every other client of Redis waiting. */
const MOST_PER_STEP = 250

it('jobs that are due at the same time are moved in short steps, each with as many commands as it has jobs', async () => {
  // A server of its own, whose commands are counted.
  await using server = await startRedis()
  await using redis = await redisFixture({ url: server.url })
  await using storage = new RedisStorage({ connection: redis.url, prefix: redis.prefix, role: 'worker' })
  const { client, prefix } = redis
  const ids = Array.from({ length: MANY }, (_, n) => `job${n}`)
  for (let at = 0; at < MANY; at += 1000) {
    const jobs = ids.slice(at, at + 1000).map((id) => newJob({ id }, { delayMs: 3_600_000 }))
    await storage.queues.enqueue(jobs)
    await client.zadd(`${prefix}scheduled:default`, ...jobs.flatMap(({ record }) => [1, record.id]))
  }
  const steps: number[] = []
  const { promoteDue } = storage.schedules
  storage.schedules.promoteDue = async (...args) => {
    const promoted = await promoteDue.apply(storage.schedules, args)
    if (promoted !== 'lost') steps.push(promoted.moved)
    return promoted
  }
  await client.config('RESETSTAT')
  expect(await new Scheduler('default', { storage }).runOnce()).toBe(MANY)
  const stats = await client.info('commandstats')
  const calls = (name: string) => Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(stats)?.[1] ?? 0)

  expect(Math.max(...steps)).toBe(MOST_PER_STEP)
  expect(steps.filter((moved) => moved > 0)).toHaveLength(MANY / MOST_PER_STEP)
  // Those that wait behind cost a step nothing: a read and a write for each job that it moves.
  expect([calls('hmget'), calls('hset')].map((count) => Math.round(count / MANY))).toEqual([1, 1])
  expect(calls('zrem')).toBeLessThanOrEqual(steps.length)
  expect(await storage.queues.count('default')).toBe(MANY)
})
