import { Redis } from 'ioredis'
import { describe, expect, test } from 'vitest'
import { redisFixture } from '../src/redis-fixture.ts'
import { startRedis } from '../src/start-redis.ts'

describe('redisFixture', () => {
  test('dumps every type with the prefix read as rq:', async () => {
    await using redis = await redisFixture({ tolerate: false })
    const { client, prefix } = redis
    await client.set(`${prefix}text`, `${prefix}job:1`, 'PX', 89_500)
    await client.set(`${prefix}bytes`, Buffer.from([0x78, 0x9c]))
    await client.rpush(`${prefix}queue:default`, 'b', 'a')
    await client.sadd(`${prefix}queues`, `${prefix}queue:z`, `${prefix}queue:a`)
    await client.zadd(`${prefix}wip:default`, 1.5, 'x', -1, 'y')
    await client.hset(`${prefix}job:1`, { status: 'queued', last_heartbeat: '' })
    await client.xadd(`${prefix}results:1`, '1-1', 'type', '1')
    const dump = await redis.dump()
    const leftMs = await client.pttl(`${prefix}text`)
    expect(dump).toEqual({
      'rq:bytes': { type: 'string', ttl: -1, value: Buffer.from([0x78, 0x9c]) },
      'rq:job:1': { type: 'hash', ttl: -1, value: { status: 'queued', last_heartbeat: '' } },
      'rq:queue:default': { type: 'list', ttl: -1, value: ['b', 'a'] },
      'rq:queues': { type: 'set', ttl: -1, value: ['rq:queue:a', 'rq:queue:z'] },
      'rq:results:1': { type: 'stream', ttl: -1, value: [{ id: '1-1', fields: { type: '1' } }] },
      'rq:text': { type: 'string', ttl: expect.any(Number), value: 'rq:job:1' },
      'rq:wip:default': { type: 'zset', ttl: -1, value: { x: 1.5, y: -1 } },
    })
    // Between the times before and after it, rounded up: 90, unless the machine was busy for half a second.
    expect(dump['rq:text']?.ttl).toBeLessThanOrEqual(90)
    expect(dump['rq:text']?.ttl).toBeGreaterThanOrEqual(Math.ceil(leftMs / 1000))
    expect(await redis.keys()).toContain(`${prefix}queue:default`)
  })

  test('refuses keys and channels of other tests, and commands that would affect them', async () => {
    await using redis = await redisFixture({ tolerate: false })
    await using other = await redisFixture({ tolerate: false })
    await expect(redis.client.set(`${other.prefix}a`, '1')).rejects.toThrow('NOPERM')
    await expect(redis.client.eval("return redis.call('set', 'rq:a', 1)", 0)).rejects.toThrow(
      /can't access|permission/i,
    )
    await expect(redis.client.publish('rq:pubsub', 'x')).rejects.toThrow('NOPERM')
    await expect(redis.client.flushall()).rejects.toThrow('NOPERM')
    await expect(redis.client.config('SET', 'maxmemory', '1')).rejects.toThrow('NOPERM')
  })

  test('deletes its keys when disposed, and only those', async () => {
    await using other = await redisFixture({ tolerate: false })
    await other.client.set(`${other.prefix}a`, '1')
    const redis = await redisFixture({ tolerate: false })
    await redis.client.set(`${redis.prefix}a`, '1')
    await redis[Symbol.asyncDispose]()
    const admin = new Redis(String(process.env.RQ_TEST_REDIS_URL))
    expect(await admin.exists(`${redis.prefix}a`, `${other.prefix}a`)).toBe(1)
    expect(await other.keys()).toEqual([`${other.prefix}a`])
    admin.disconnect()
  })

  test('fails on a connection that was left open', async () => {
    const redis = await redisFixture({ tolerate: false })
    const forgotten = redis.connect()
    await forgotten.client('SETNAME', 'forgotten')
    await expect(redis[Symbol.asyncDispose]()).rejects.toThrow(/^1 Redis connection.* left open:\n.*name=forgotten/s)
    forgotten.disconnect()
  })

  test('fails on an invalid state, unless that is tolerated', async () => {
    const leave = async (tolerate?: RegExp) => {
      const redis = await redisFixture(tolerate === undefined ? {} : { tolerate })
      await redis.client.set(`${redis.prefix}odd`, '1')
      await redis[Symbol.asyncDispose]()
    }
    await expect(leave()).rejects.toThrow('an invalid state:\nkey odd (string) is not documented')
    await leave(/^key odd /)
  })

  test('sees connections of any user on a server of its own', async () => {
    await using server = await startRedis()
    const redis = await redisFixture({ url: server.url, tolerate: false })
    const forgotten = redis.connect()
    await forgotten.ping()
    await expect(redis[Symbol.asyncDispose]()).rejects.toThrow('1 Redis connection(s) left open')
    forgotten.disconnect()
  })
})
