import { eventually, faultProxy, redisFixture } from '@rq/testkit'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { RedisStorage } from '../src/index.ts'

const QUEUES = Array.from({ length: 30 }, (_, n) => `q${n}`)
/** Each of the first queues has a connection that blocks, unless waits are shared. */
const BLOCKED = 8
/** How often the lists are read without a notice. */
const LOOK_MS = 10_000
/** Longer than a worker polls queues that it cannot watch. */
const POLL_MS = 1500

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'], shouldAdvanceTime: true })
})

afterEach(() => {
  vi.useRealTimers()
})

async function site({ isShared = false } = {}) {
  const redis = await redisFixture({ tolerate: /queue|id/ })
  const proxy = await faultProxy(redis.url)
  const storage = new RedisStorage({ connection: proxy.url, prefix: redis.prefix, role: 'worker' })
  if (isShared) storage.workers.shareWaits()
  let reads = 0
  let readsBefore = 0
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
    wait(queues = QUEUES) {
      let isOver = false
      readsBefore = reads
      const over = storage.workers.waitForWork(queues, 600_000, new AbortController().signal).then(() => {
        isOver = true
      })
      return { over, isOver: () => isOver }
    },
    /** Lets more time pass than a poll takes, once Redis watches the queues of the first wait. */
    async passPoll() {
      await eventually(() => reads > readsBefore && blocked.size === (isShared ? 0 : BLOCKED))
      await vi.advanceTimersByTimeAsync(POLL_MS)
    },
    reads: () => reads,
    connections: () => proxy.connections,
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

  it('reads the lists once more where Redis says nothing, so that a lost notice delays a job and does not lose it', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    await using at = await site({ isShared: true })
    const wait = at.wait()
    await eventually(() => at.reads() === 1)
    vi.advanceTimersByTime(LOOK_MS)
    await eventually(() => at.reads() === 2)
    expect(wait.isOver()).toBe(false)
  })
})

describe('shared waits', () => {
  it('end for their own queues only', async () => {
    await using at = await site({ isShared: true })
    const [mail, ingest] = [at.wait(['mail']), at.wait(['ingest'])]
    await at.passPoll()
    await at.push('ingest')
    await ingest.over
    // A notice about the other queue would have come before the answer to this.
    const again = at.wait(['ingest'])
    await again.over
    expect(mail.isOver()).toBe(false)
    await at.push('mail')
    await mail.over
  })

  it('of any number of queues take two connections, and one read for those that begin together', async () => {
    await using at = await site({ isShared: true })
    await at.storage.workers.onCommand('w', () => {})
    const waits = QUEUES.map((queue) => at.wait([queue]))
    await at.passPoll()
    expect([at.connections(), at.reads()]).toEqual([2, 1])
    expect(waits.some((wait) => wait.isOver())).toBe(false)
  })

  it('end when workers are suspended, also if they were when the wait began', async () => {
    await using at = await site({ isShared: true })
    const waits = [at.wait(['mail']), at.wait(['ingest'])]
    await at.passPoll()
    await at.storage.admin.suspend()
    await Promise.all(waits.map(({ over }) => over))
    await at.wait(['mail']).over
    await at.storage.admin.resume()
  })

  it('end when the connection is lost, and the next ones hear again, also commands', async () => {
    await using at = await site({ isShared: true })
    const heard: unknown[] = []
    await at.storage.workers.onCommand('w', (command) => heard.push(command))
    const wait = at.wait(['mail'])
    await at.passPoll()
    at.proxy.reset()
    await wait.over
    const next = at.wait(['mail'])
    await at.push('mail')
    await next.over
    await eventually(async () => {
      await at.storage.admin.sendCommand('w', { command: 'shutdown' })
      expect(heard).not.toEqual([])
    })
  })

  it('poll where changes are not reported', async () => {
    await using at = await site({ isShared: true })
    at.proxy.onCommand = ({ name, args }) =>
      name === 'client' && args[0] === 'CACHING' ? { kind: 'error', message: 'ERR unknown subcommand' } : undefined
    const waits = [at.wait(['mail']), at.wait(['ingest'])]
    await Promise.all(waits.map(({ over }) => over))
  })
})
