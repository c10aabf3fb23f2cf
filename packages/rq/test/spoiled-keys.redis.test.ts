import { eventually } from '@rq/testkit'
import { describe, expect, it } from 'vitest'
import { RateLimit, SimpleWorker } from '../src/index.ts'
import { divByZero, nothing } from './functions.ts'
import { type RqFixture, rqFixture } from './rq-fixture.ts'

/** What another program has spoiled before a worker starts. */
const SPOILED: Readonly<Record<string, (at: RqFixture) => Promise<unknown>>> = {
  'a lease without an id': ({ key, redis }) => redis.client.zadd(key('wip:default'), 1, ':x'),
  'a job of another type': async ({ key, queue, redis }) => {
    const { id } = await queue.enqueue(nothing)
    await redis.client.del(key(`job:${id}`))
    await redis.client.set(key(`job:${id}`), 'x')
  },
  'results of another type': async ({ key, queue, redis }) => {
    const { id } = await queue.enqueue(divByZero)
    await redis.client.set(key(`results:${id}`), 'x')
  },
  'slots of another type': async ({ key, queue, redis }) => {
    await queue.enqueue(nothing, [], { rateLimit: new RateLimit({ key: 'k', concurrency: 1 }) })
    await redis.client.del(key('rl:k:allowed'))
    await redis.client.set(key('rl:k:allowed'), 'x')
  },
  'a registry of another type': ({ key, redis }) => redis.client.set(key('finished:default'), 'x'),
  'held slots of another type': ({ key, redis }) => redis.client.set(key('rl-held'), 'x'),
  'the list of workers of another type': ({ key, redis }) => redis.client.set(key('workers'), 'x'),
}

describe('a worker beside what other programs have spoiled', () => {
  it('runs other jobs, and stops', async () => {
    await using at = await rqFixture(/./)
    for (const spoil of Object.values(SPOILED)) await spoil(at)
    const others = [await at.queue.enqueue(nothing), await at.open('other').enqueue(nothing)]
    const worker = new SimpleWorker(['default', 'other'], { ...at.where, leaseMs: 5000 })
    const working = worker.work({ withScheduler: true })
    await eventually(async () =>
      expect(await Promise.all(others.map((job) => job.getStatus({ refresh: true })))).toEqual([
        'finished',
        'finished',
      ]),
    )
    await worker.stop()
    await working
    await at.redis.client.unlink(await at.redis.keys())
  })
})
