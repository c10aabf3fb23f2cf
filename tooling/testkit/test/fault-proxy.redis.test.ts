import { deferred } from '@rq/core'
import { claimRequest, newJob } from '@rq/testkit/storage-conformance'
import { Redis } from 'ioredis'
import { expect, test } from 'vitest'
import { RedisStorage } from '../../../packages/redis/src/index.ts'
import { eventually, type Fault, faultProxy, redisFixture } from '../src/index.ts'

/** A client that does not retry. */
function brittle(url: string): Redis {
  const client = new Redis(url, { retryStrategy: () => null, maxRetriesPerRequest: 0 })
  client.on('error', () => {})
  return client
}

/** Injects the fault into the n-th counted command. */
function at(n: number, fault: Fault) {
  return (command: { n: number }) => (command.n === n ? fault : undefined)
}

test('forwards commands and replies of every type, and counts commands over all connections', async () => {
  await using redis = await redisFixture({ tolerate: false })
  await using proxy = await faultProxy(redis.url)
  const [one, two] = [brittle(proxy.url), brittle(proxy.url)]
  const key = `${redis.prefix}key`
  expect(await one.set(key, 'a\r\nb'.repeat(100_000))).toBe('OK')
  expect(await two.get(key)).toBe('a\r\nb'.repeat(100_000))
  expect(await one.hgetall(`${redis.prefix}none`)).toEqual({})
  const both = await Promise.all([one.multi().incr(`${key}:n`).incr(`${key}:n`).exec(), two.llen(`${key}:list`)])
  expect(both).toEqual([
    [
      [null, 1],
      [null, 2],
    ],
    0,
  ])
  await expect(one.incr(key)).rejects.toThrow('not an integer')
  expect(proxy.commands.slice(0, 3)).toEqual(['set', 'get', 'hgetall'])
  expect([...proxy.commands.slice(3)].sort()).toEqual(['exec', 'incr', 'incr', 'incr', 'llen', 'multi'])
  expect(proxy.connections).toBe(2)
  one.disconnect()
  two.disconnect()
  await eventually(() => expect(proxy.connections).toBe(0))
})

test('names scripts, called by their SHA-1 or by their source', async () => {
  await using redis = await redisFixture({ tolerate: false })
  await using proxy = await faultProxy(redis.url)
  await using storage = new RedisStorage({ connection: proxy.url, prefix: redis.prefix })
  await storage.queues.enqueue([newJob()])
  await storage.workers.claim(claimRequest())
  expect(new Set(proxy.commands)).toEqual(new Set(['enqueue', 'claim']))
})

test('forwards published messages to a subscriber', async () => {
  await using redis = await redisFixture({ tolerate: false })
  await using proxy = await faultProxy(redis.url)
  const subscriber = brittle(proxy.url)
  const heard: string[] = []
  subscriber.on('message', (_channel, message: string) => heard.push(message))
  await subscriber.subscribe(`${redis.prefix}a`, `${redis.prefix}b`)
  await redis.client.publish(`${redis.prefix}b`, 'hello')
  await eventually(() => expect(heard).toEqual(['hello']))
  subscriber.disconnect()
})

test('awaits a hook before Redis runs a command, and one after it', async () => {
  await using redis = await redisFixture({ tolerate: false })
  const key = `${redis.prefix}key`
  const seen: (string | null)[] = []
  const hook = async () => {
    seen.push(await redis.client.get(key))
  }
  await using proxy = await faultProxy(redis.url, {
    onCommand: ({ n }) => (n === 2 ? { kind: 'before', hook } : n === 3 ? { kind: 'after', hook } : undefined),
  })
  const client = brittle(proxy.url)
  for (const value of ['1', '2', '3']) await client.set(key, value)
  expect(seen).toEqual(['1', '3'])
  client.disconnect()
})

test('cut: Redis runs the command, and its client sees a reset connection', async () => {
  await using redis = await redisFixture({ tolerate: false })
  const key = `${redis.prefix}key`
  await using proxy = await faultProxy(redis.url, { onCommand: at(2, { kind: 'cut' }) })
  const client = brittle(proxy.url)
  await client.incr(key)
  await expect(client.incr(key)).rejects.toThrow()
  expect(await redis.client.get(key)).toBe('2')
})

test('reset: Redis does not run the command', async () => {
  await using redis = await redisFixture({ tolerate: false })
  const key = `${redis.prefix}key`
  await using proxy = await faultProxy(redis.url, { onCommand: at(1, { kind: 'reset' }) })
  await expect(brittle(proxy.url).incr(key)).rejects.toThrow()
  expect(await redis.client.get(key)).toBeNull()
})

test('error: the client gets it, and Redis does not run the command', async () => {
  await using redis = await redisFixture({ tolerate: false })
  const key = `${redis.prefix}key`
  await using proxy = await faultProxy(redis.url, { onCommand: at(1, { kind: 'error', message: 'LOADING wait' }) })
  const client = brittle(proxy.url)
  await expect(client.incr(key)).rejects.toThrow('LOADING wait')
  expect(await client.incr(key)).toBe(1)
  client.disconnect()
})

test('delays one command, and swallows one', async () => {
  await using redis = await redisFixture({ tolerate: false })
  const key = `${redis.prefix}key`
  await using proxy = await faultProxy(redis.url, { onCommand: at(1, { kind: 'delay', ms: 80 }) })
  const client = brittle(proxy.url)
  const beganMs = performance.now()
  await client.incr(key)
  expect(performance.now() - beganMs).toBeGreaterThan(75)
  proxy.onCommand = at(2, { kind: 'swallow' })
  const swallowed = client.incr(key)
  expect(await Promise.race([swallowed.catch(() => 'never'), redis.client.get(key)])).toBe('1')
  client.disconnect()
  await swallowed.catch(() => {})
  expect(await redis.client.get(key)).toBe('1')
})

test('holds everything back while it is frozen, and forwards it when it is thawed', async () => {
  await using redis = await redisFixture({ tolerate: false })
  const key = `${redis.prefix}key`
  await using proxy = await faultProxy(redis.url)
  const client = brittle(proxy.url)
  await client.incr(key)
  // Redis has run the command before the proxy has its reply.
  const frozen = deferred()
  const hook = () => {
    proxy.freeze()
    frozen.resolve()
  }
  proxy.onCommand = at(2, { kind: 'after', hook })
  const second = client.incr(key)
  const third = client.incr(key)
  await frozen.promise
  expect(await Promise.race([second, third, redis.client.get(key)])).toBe('2')
  proxy.thaw()
  expect(await Promise.all([second, third])).toEqual([2, 3])
  client.disconnect()
})

test('resets every connection, and accepts new ones', async () => {
  await using redis = await redisFixture({ tolerate: false })
  await using proxy = await faultProxy(redis.url)
  const client = brittle(proxy.url)
  await client.ping()
  proxy.reset()
  await expect(client.ping()).rejects.toThrow()
  const next = brittle(proxy.url)
  expect(await next.ping()).toBe('PONG')
  next.disconnect()
})
