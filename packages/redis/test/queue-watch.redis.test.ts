import { eventually, faultProxy, redisFixture } from '@rq/testkit'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { RedisStorage } from '../src/index.ts'

const QUEUES = Array.from({ length: 30 }, (_, n) => `q${n}`)
/** Each of the first queues has a connection that blocks; two reads of each other queue start the watch. */
const BLOCKED = 8
const READS = 2 * (QUEUES.length - BLOCKED)
/** Longer than a worker polls queues that it cannot watch. */
const POLL_MS = 1500

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'], shouldAdvanceTime: true })
})

afterEach(() => {
  vi.useRealTimers()
})

async function site() {
  const redis = await redisFixture({ tolerate: /queue|id/ })
  const proxy = await faultProxy(redis.url)
  const storage = new RedisStorage({ connection: proxy.url, prefix: redis.prefix, role: 'worker' })
  let reads = 0
  const blocked = new Set<string>()
  proxy.onCommand = ({ args, name }) => {
    if (name === 'blmove') blocked.add(String(args[0]))
    return name === 'exists' ? { kind: 'after', hook: () => reads++ } : undefined
  }
  return {
    redis,
    proxy,
    storage,
    /** Wait for work in all queues. */
    wait() {
      let isOver = false
      const over = storage.workers.waitForWork(QUEUES, 600_000, new AbortController().signal).then(() => {
        isOver = true
      })
      return { over, isOver: () => isOver }
    },
    /** Lets more time pass than a poll takes, once Redis watches the queues of the first wait. */
    async passPoll() {
      await eventually(() => reads >= READS && blocked.size === BLOCKED)
      await vi.advanceTimersByTimeAsync(POLL_MS)
    },
    push: (queue: string) => redis.client.rpush(`${redis.prefix}queue:${queue}`, 'id'),
    async [Symbol.asyncDispose]() {
      await storage.close()
      await proxy[Symbol.asyncDispose]()
      await redis[Symbol.asyncDispose]()
    },
  }
}

describe('a wait for work in many queues', () => {
  it.each(['q0', 'q8', 'q29'])('lasts until another program pushes a job, here to %s', async (queue) => {
    await using at = await site()
    const wait = at.wait()
    await at.passPoll()
    expect(wait.isOver()).toBe(false)
    await at.push(queue)
    await wait.over
    expect(await at.redis.client.llen(`${at.redis.prefix}queue:${queue}`)).toBe(1)
    // A job that is there already ends the next one.
    await at.wait().over
  })

  it('does not end for a paused queue before it is resumed', async () => {
    await using at = await site()
    await at.redis.client.set(`${at.redis.prefix}paused:q20`, '1')
    await at.push('q20')
    const wait = at.wait()
    await at.passPoll()
    expect(wait.isOver()).toBe(false)
    await at.redis.client.del(`${at.redis.prefix}paused:q20`)
    await wait.over
  })

  it('ends when the connection is lost, and the next one hears again', async () => {
    await using at = await site()
    const wait = at.wait()
    await at.passPoll()
    at.proxy.reset()
    await wait.over
    const next = at.wait()
    await at.push('q29')
    await next.over
  })

  it('polls where changes are not reported', async () => {
    await using at = await site()
    at.proxy.onCommand = ({ name, args }) =>
      name === 'client' && args[0] === 'TRACKING' ? { kind: 'error', message: 'ERR unknown subcommand' } : undefined
    await at.wait().over
    const next = at.wait()
    await vi.advanceTimersByTimeAsync(POLL_MS)
    await next.over
  })
})
