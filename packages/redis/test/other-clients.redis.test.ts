import { createRequire } from 'node:module'
import { createClient } from '@redis/client'
import { redisFixture } from '@rq/testkit'
import { newJob, RETURNED, workOff } from '@rq/testkit/storage-conformance'
import * as six from 'ioredis'
import * as five from 'ioredis-5'
import * as iovalkey from 'iovalkey'
import { describe, expect, it } from 'vitest'
import { type Connection, RedisStorage, storageSource } from '../src/index.ts'

const require = createRequire(import.meta.url)
for (const path of Object.keys(require.cache)) if (path.includes('/ioredis/')) delete require.cache[path]
const otherCopy: typeof six = require('ioredis')

describe.each([
  // Of one type for the compiler; the last test checks the types.
  ['ioredis 5', five as unknown as typeof six],
  ['another copy of ioredis 6', otherCopy],
  ['iovalkey', iovalkey as unknown as typeof six],
])('a client of %s', (_library, { Redis, Cluster }) => {
  it('is another class', () => {
    expect(Redis).not.toBe(six.Redis)
  })

  it('serves as a client of the ioredis that rq uses, and stays open', async () => {
    await using redis = await redisFixture()
    const client = new Redis(redis.url)
    try {
      await using storage = new RedisStorage({ connection: client, prefix: redis.prefix })
      const url = new URL(redis.url)
      expect(storage.where).toBe(`redis://${url.host}/0`)
      expect(storage.client()).toBe(client)
      expect(storageSource({ connection: client })?.options.connection).toMatchObject({
        port: Number(url.port),
        password: url.password,
      })
      const pipeline = client.pipeline()
      storage.queues.enqueueInto(pipeline, [newJob({ id: 'a', results: 'stream' })])
      await pipeline.exec()
      const awaited = storage.jobs.awaitResult('a', 60_000)
      expect(await workOff(storage, RETURNED)).toEqual(['applied'])
      expect(await awaited).toMatchObject({ status: 'finished' })
      await storage.close()
      expect(await client.ping()).toBe('PONG')
    } finally {
      client.disconnect()
    }
  })

  it('is known as one of a Cluster', () => {
    const cluster = new Cluster([{}], { lazyConnect: true })
    expect(() => new RedisStorage({ connection: cluster })).toThrow(/The connection is a Cluster/)
    expect(storageSource({ connection: cluster, prefix: '{rq}:' })).toBeUndefined()
  })
})

it.each([
  ['node-redis', createClient(), /is a client of node-redis \(the package redis\)/],
  [
    'ioredis-mock',
    new (class _RedisMock {
      get() {}
    })(),
    /is a client of ioredis-mock/,
  ],
  [
    'another library',
    new (class GlideClient {
      customCommand() {}
    })(),
    /of another library \(GlideClient\)/,
  ],
  ['a plain object with methods', { sendCommand() {}, options: { host: 'h' } }, /is a client of another library,/],
])('a client of %s is refused by name', (_library, connection, message) => {
  expect(() => new RedisStorage({ connection: connection as Connection })).toThrow(
    expect.objectContaining({ code: 'RQ_CONFIG', message: expect.stringMatching(message) }),
  )
})

it('the compiler takes what works, and no other client', () => {
  const typed = () => {
    const connections: Connection[] = [new five.Redis(), new iovalkey.Redis(), new five.Cluster([]), new six.Redis()]
    // @ts-expect-error rq cannot use node-redis
    connections.push(createClient())
    // @ts-expect-error no option of ioredis
    connections.push({ hots: 'h' })
    return connections
  }
  expect(typed).toBeTypeOf('function')
})
