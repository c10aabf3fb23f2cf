import { settle } from '@rq/job'
import { faultProxy, narrowProxy, redisFixture, startRedis } from '@rq/testkit'
import { claimRequest, newJob, newWorker, RETURNED } from '@rq/testkit/storage-conformance'
import { Redis } from 'ioredis'
import { describe, expect, it, test } from 'vitest'
import { failAfterLostConnections } from '../src/connection/pending-commands.ts'
import { breakSilentConnections, type SilenceLimits } from '../src/connection/silence.ts'
import { RedisStorage } from '../src/index.ts'

const MB = 1024 * 1024

describe('a connection that owes a reply', () => {
  async function sent(megabytes: number, bytesPerSecond: number, limits: SilenceLimits, before = (_: Redis) => {}) {
    await using redis = await redisFixture({ tolerate: false })
    await using proxy = await narrowProxy(redis.url)
    const client = new Redis(proxy.url, { disableClientInfo: true, maxRetriesPerRequest: null })
    client.on('error', () => {})
    try {
      await client.ping()
      breakSilentConnections(client, limits)
      proxy.bytesPerSecond = bytesPerSecond
      failAfterLostConnections(client, 'producer', () => undefined)
      before(client)
      const key = `${redis.prefix}big`
      const reply = await client.set(key, 'x'.repeat(megabytes * MB)).catch((error: Error) => error)
      // Now, since the client connects once more soon.
      const { accepted } = proxy
      return { reply, length: await redis.client.strlen(key), accepted }
    } finally {
      client.disconnect()
    }
  }
  const NOTHING_AHEAD = { slowestRate: Number.POSITIVE_INFINITY, mostAhead: 0 }

  it('is kept while its bytes go out, however long that takes', async () => {
    // Eight seconds.
    const got = await sent(24, 3 * MB, { silenceMs: 5000, ...NOTHING_AHEAD })
    expect(got).toEqual({ reply: 'OK', length: 24 * MB, accepted: 1 })
  })

  it('is kept while the system may still send what it has taken', async () => {
    const got = await sent(1, MB / 3, { silenceMs: 500, slowestRate: MB / 20, mostAhead: 2 * MB })
    expect(got).toEqual({ reply: 'OK', length: MB, accepted: 1 })
  })

  it('is kept when this process was too busy to read the reply', async () => {
    await using redis = await redisFixture({ tolerate: false })
    const client = redis.connect()
    await client.ping()
    breakSilentConnections(client, { silenceMs: 2000, ...NOTHING_AHEAD })
    const replies: unknown[] = []
    for (let n = 0; n < 3; n++) {
      const reply = client.get('x'.repeat(n + 1)).catch((error: Error) => error.message)
      const { stream } = client
      await new Promise<void>((resolve) => {
        setTimeout(() => {
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2500)
          resolve()
        })
      })
      replies.push([String(await reply).startsWith('NOPERM'), client.stream === stream])
    }
    expect(replies).toEqual(Array.from({ length: 3 }, () => [true, true]))
    client.disconnect()
  })

  it('is broken when nothing moves, and the command fails after a few of them', async () => {
    const got = await sent(24, 0, { silenceMs: 300, ...NOTHING_AHEAD })
    expect(got).toEqual({ reply: expect.any(Error), length: 0, accepted: 3 })
  })

  it('is broken also while small commands go out', async () => {
    const stop = new AbortController()
    const got = await sent(0, 0, { silenceMs: 300, ...NOTHING_AHEAD }, (client) => {
      const timer = setInterval(() => client.ping().catch(() => {}), 50)
      stop.signal.addEventListener('abort', () => clearInterval(timer))
    })
    stop.abort()
    expect(got).toMatchObject({ reply: expect.any(Error), accepted: 3 })
  })
})

test('a producer sends what takes longer than the limit on silence', async () => {
  await using redis = await redisFixture()
  await using proxy = await narrowProxy(redis.url, { bytesPerSecond: 1.5 * MB })
  await using storage = new RedisStorage({ connection: proxy.url, prefix: redis.prefix })
  const data = JSON.stringify(['jobs#work', null, ['x'.repeat(12 * MB)], {}])
  expect(await storage.queues.enqueue([newJob({ id: 'big', data })])).toEqual(['queued'])
  expect(await redis.client.hstrlen(`${redis.prefix}job:big`, 'data')).toBeGreaterThan(12 * MB)
  expect(proxy.accepted).toBe(1)
})

test('a worker renews its leases while a large result goes out', async () => {
  await using redis = await redisFixture()
  await using proxy = await narrowProxy(redis.url)
  await using storage = new RedisStorage({ connection: proxy.url, prefix: redis.prefix, role: 'worker' })
  await storage.queues.enqueue([newJob({ id: 'a' }), newJob({ id: 'b' })])
  const { jobs } = await storage.workers.claim(claimRequest())
  const [first, ...others] = jobs.map(({ job, executionId }) => ({ queue: job.origin, jobId: job.id, executionId }))
  const worker = newWorker({ ttlS: 60 })
  proxy.bytesPerSecond = MB
  let isSettled = false
  const outcome = { ...RETURNED, value: 'x'.repeat(20 * MB) }
  const settlements = jobs.slice(0, 1).map(({ job, executionId, hint }) => settle(job, executionId, outcome, { hint }))
  const settling = storage.workers.settle('worker', settlements).then(({ answers }) => {
    isSettled = true
    return answers
  })
  const beat = await storage.workers.heartbeat({ worker, state: 'busy', leases: others, leaseMs: 15_000 })
  expect({ first: first?.jobId, lost: beat.lost, isSettled }).toEqual({ first: 'a', lost: [], isSettled: false })
  proxy.bytesPerSecond = Number.POSITIVE_INFINITY
  expect(await settling).toEqual(['applied'])
})

test('a large call is sent once, also to a server that does not know the script', async () => {
  await using server = await startRedis()
  await using redis = await redisFixture({ url: server.url })
  await using proxy = await faultProxy(server.url)
  await using storage = new RedisStorage({ connection: proxy.url, prefix: redis.prefix })
  await storage.queues.enqueue([newJob({ id: 'large', data: 'x'.repeat(2 * MB) })])
  expect(proxy.commands).toEqual(['enqueue'])
  await storage.jobs.explain('large')
  await storage.jobs.explain('large')
  expect(proxy.commands.slice(1)).toEqual(['explain', 'explain', 'explain'])
})

describe('what breaks every connection', () => {
  it('fails a producer', async () => {
    await using redis = await redisFixture()
    await using proxy = await narrowProxy(redis.url, { mostBytes: 100_000 })
    await using storage = new RedisStorage({ connection: proxy.url, prefix: redis.prefix })
    const job = newJob({ data: 'x'.repeat(200_000) })
    await expect(storage.queues.enqueue([job])).rejects.toMatchObject({ code: 'RQ_REDIS_UNREACHABLE', retryable: true })
    expect(proxy.accepted).toBe(3)
    expect(await storage.queues.count('default')).toBe(0)
  })

  it('is refused to a worker if it is large, and other calls go on', async () => {
    await using redis = await redisFixture()
    await using proxy = await narrowProxy(redis.url, { mostBytes: 2 * MB })
    await using storage = new RedisStorage({ connection: proxy.url, prefix: redis.prefix, role: 'worker' })
    await storage.queues.enqueue([newJob({ id: 'a' })])
    const { jobs } = await storage.workers.claim(claimRequest())
    const settlements = (value: string) =>
      jobs.map(({ job, executionId, hint }) => settle(job, executionId, { ...RETURNED, value }, { hint }))
    const refusal = { code: 'RQ_REDIS', retryable: false, message: expect.stringMatching(/3\.\d MB .* 5 connections/) }
    await expect(storage.workers.settle('worker', settlements('x'.repeat(3 * MB)))).rejects.toMatchObject(refusal)
    expect((await storage.workers.settle('worker', settlements('small'))).answers).toEqual(['applied'])
  })
})
