import { ownClient, redisFixture, startRedis } from '@rq/testkit'
import { newWorker } from '@rq/testkit/storage-conformance'
import { expect, test } from 'vitest'
import { RedisStorage } from '../src/index.ts'

const WORKER = newWorker({ name: 'w', ttlS: 60 })

test('the record of a worker has the address of its connection, as Redis sees it', async () => {
  await using redis = await redisFixture()
  await using storage = new RedisStorage({ connection: redis.url, prefix: redis.prefix })
  await storage.workers.register(WORKER, 60_000)
  const address = await redis.client.hget(`${redis.prefix}worker:w`, 'ip_address')
  expect(address).toMatch(/^127\.0\.0\.1:\d+$/)
  expect(await redis.client.call('CLIENT', 'LIST')).toContain(` addr=${address} `)
})

test('it is unknown when Redis does not say it', async () => {
  await using redis = await startRedis()
  using client = ownClient(redis.url)
  await client.acl('SETUSER', 'mute', 'on', 'nopass', '~*', '&*', '+@all', '-client|info')
  const url = new URL(redis.url)
  url.username = 'mute'
  url.password = 'any'
  await using storage = new RedisStorage({ connection: url.href })
  await storage.workers.register(WORKER, 60_000)
  expect(await client.hget('rq:worker:w', 'ip_address')).toBe('unknown')
})
