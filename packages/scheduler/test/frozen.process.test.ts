import { RedisStorage } from '@rq/redis'
import { eventually, type RedisFixture, redisFixture, spawnNode } from '@rq/testkit'
import { newJob } from '@rq/testkit/storage-conformance'
import { expect, it } from 'vitest'
import { CronScheduler, Scheduler } from '../src/index.ts'

/** A storage for the scheduler that stands by while another one, in a process of its own, is frozen. */
function openStorage({ prefix, url }: RedisFixture): RedisStorage {
  return new RedisStorage({ connection: url, prefix, role: 'worker' })
}

it('schedulers move every job once when one is frozen while it leads, and the frozen one steps down', async () => {
  await using redis = await redisFixture()
  await using storage = openStorage(redis)
  await using frozen = spawnNode(new URL('./run-scheduler.js', import.meta.url), [redis.url, redis.prefix])
  await frozen.output(/leads default/)
  const standby = new Scheduler('default', { storage, leaseMs: 6000 })
  await standby.start()

  await storage.queues.enqueue([newJob({ id: 'before' }, { delayMs: 20 })])
  await eventually(async () => expect(await storage.queues.count('default')).toBe(1))
  expect(standby.ledQueues).toEqual([])

  frozen.kill('SIGSTOP')
  const jobs = Array.from({ length: 300 }, (_, n) => newJob({ id: `j${n}` }, { delayMs: 5 * n }))
  await storage.queues.enqueue(jobs)
  await eventually(() => expect(standby.ledQueues).toHaveLength(1))
  frozen.kill('SIGCONT')
  await eventually(async () => expect(await storage.queues.count('default')).toBe(301))
  const ids = await storage.queues.jobIds('default', 0, -1)
  expect(new Set(ids).size).toBe(301)
  await frozen.output(/leads default\n(.*\n)*leads nothing/)
  expect(standby.ledQueues).toEqual(['default'])
  expect(await redis.client.get(`${redis.prefix}scheduler-lock:default`)).toBe(standby.name)
  await standby.stop()
})

it('cron schedulers enqueue no tick twice, and miss none while one of them runs', async () => {
  await using redis = await redisFixture()
  await using storage = openStorage(redis)
  const ids = () => storage.queues.jobIds('default', 0, -1)
  await using frozen = spawnNode(new URL('./run-cron.js', import.meta.url), [redis.url, redis.prefix])
  await frozen.output(/started/)
  const scheduler = new CronScheduler({ storage })
  scheduler.register('jobs#work', { queueName: 'default', cron: '* * * * * *', name: 'each', catchUp: 'all' })
  await scheduler.start()
  frozen.kill('SIGSTOP')
  const before = (await ids()).length
  await eventually(async () => (await ids()).length >= before + 3)
  frozen.kill('SIGCONT')
  const after = (await ids()).length
  await eventually(async () => (await ids()).length >= after + 2)
  const all = await ids()
  expect(new Set(all).size).toBe(all.length)
  const seconds = all.map((id) => Number(id.slice(-3, -1)))
  for (const [index, second] of seconds.slice(1).entries()) {
    expect((second - (seconds[index] ?? 0) + 60) % 60).toBe(1)
  }
  await scheduler.stop()
})
