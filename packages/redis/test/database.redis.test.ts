import { redisFixture, startRedis } from '@rq/testkit'
import { newJob, RETURNED, workOff } from '@rq/testkit/storage-conformance'
import { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { RedisStorage, type RedisStorageOptions, storageSource } from '../src/index.ts'

/** The error of an enqueue. */
async function refusal(options: RedisStorageOptions): Promise<unknown> {
  await using storage = new RedisStorage(options)
  return await storage.queues.enqueue([newJob()]).then(
    () => 'no error',
    (error: unknown) => error,
  )
}

describe('a database that Redis refuses', () => {
  it.each(['producer', 'worker'] as const)('fails each call of a %s, and nothing is written', async (role) => {
    await using server = await startRedis()
    await using redis = await redisFixture({ url: server.url })
    const error = { code: 'RQ_CONFIG', message: expect.stringMatching(/refused database 99 .*nothing was sent/) }
    expect(await refusal({ connection: `${server.url}/99`, role })).toMatchObject(error)
    expect(await refusal({ connection: `${server.url}?db=99`, role })).toMatchObject(error)
    await using storage = new RedisStorage({ connection: { port: server.port, db: 99 }, role })
    for (const _ of ['first', 'second']) {
      await expect(storage.queues.enqueue([newJob()])).rejects.toMatchObject(error)
    }
    expect(await redis.client.dbsize()).toBe(0)
  })

  it('fails the calls of a user who may not run SELECT', async () => {
    await using server = await startRedis()
    await using redis = await redisFixture({ url: server.url })
    await redis.client.acl('SETUSER', 'ada', 'on', '>secret', '~*', '&*', '+@all', '-select')
    const address = server.url.replace('redis://', 'redis://ada:secret@')
    expect(await refusal({ connection: `${address}/3` })).toMatchObject({
      code: 'RQ_REDIS_AUTH',
      message: expect.stringMatching(/refused database 3 .*Let the user run SELECT/),
    })
    expect(await redis.client.dbsize()).toBe(0)
    expect(await refusal({ connection: address })).toBe('no error')
  })

  it('fails the calls over a client that is given, before and after it has connected', async () => {
    await using server = await startRedis()
    await using redis = await redisFixture({ url: server.url })
    const client = new Redis({ port: server.port, db: 99 })
    client.on('error', () => {})
    try {
      const error = { code: 'RQ_CONFIG', message: expect.stringContaining('in database 0') }
      expect(await refusal({ connection: client })).toMatchObject(error)
      expect(await refusal({ connection: client })).toMatchObject(error)
      expect(await redis.client.dbsize()).toBe(0)
    } finally {
      client.disconnect()
    }
  })
})

it('the database of a query is the one that is used, also by a client that is given', async () => {
  await using server = await startRedis()
  await using redis = await redisFixture({ url: server.url })
  expect(await refusal({ connection: `${server.url}?db=2` })).toBe('no error')
  const client = new Redis({ port: server.port, db: 3 })
  try {
    expect(await refusal({ connection: client })).toBe('no error')
  } finally {
    client.disconnect()
  }
  expect(await redis.client.info('keyspace')).toMatch(/^# Keyspace\s+db2:.*\s+db3:.*\s*$/)
})

describe('a client that is given after its own select()', () => {
  const keyspace = async (client: Redis) =>
    [...String(await client.info('keyspace')).matchAll(/^db(\d+):/gm)].map(([, db]) => Number(db))

  it('is used in the database it is in, and so is what is opened beside it', async () => {
    await using server = await startRedis()
    await using redis = await redisFixture({ url: server.url })
    const client = new Redis({ port: server.port })
    try {
      await client.select(3)
      await using storage = new RedisStorage({ connection: client })
      expect(storage.where).toMatch(/\/3$/)
      expect(storageSource({ connection: client })?.options.connection).toMatchObject({ db: 3, port: server.port })
      const ended = new AbortController()
      const waiting = storage.workers.waitForWork(['default'], 60_000, ended.signal)
      await storage.queues.enqueue([newJob({ id: 'a', results: 'stream' })])
      await waiting
      ended.abort()
      const awaited = storage.jobs.awaitResult('a', 60_000)
      expect(await workOff(storage, RETURNED)).toEqual(['applied'])
      expect(await awaited).toMatchObject({ status: 'finished' })
      expect(await keyspace(redis.client)).toEqual([3])
      // A reconnection does not change it.
      await redis.client.call('CLIENT', 'KILL', 'TYPE', 'normal')
      expect(await storage.jobs.status('a')).toBe('finished')
    } finally {
      client.disconnect()
    }
  })

  it('is refused when it moves to another database later', async () => {
    await using server = await startRedis()
    await using redis = await redisFixture({ url: server.url })
    const client = new Redis({ port: server.port })
    try {
      await using storage = new RedisStorage({ connection: client })
      await storage.queues.enqueue([newJob({ id: 'a' })])
      await client.select(4)
      await expect(storage.queues.enqueue([newJob({ id: 'b' })])).rejects.toMatchObject({
        code: 'RQ_CONFIG',
        message: expect.stringMatching(/was in database 0 .* is in 4 now; nothing was sent/),
      })
      expect(await keyspace(redis.client)).toEqual([0])
      await client.select(0)
      expect(await storage.queues.enqueue([newJob({ id: 'c' })])).toEqual(['queued'])
    } finally {
      client.disconnect()
    }
  })
})
