import { type RedisFixture, RUNS_ALL } from '@rq/testkit'
import { newJob } from '@rq/testkit/storage-conformance'
import { describe, expect, it } from 'vitest'
import type { RedisStorage } from '../src/index.ts'
import { withStorage } from './with-storage.ts'

/** More than two pages of everything. */
const MANY = RUNS_ALL ? 30_000 : 2500

const ids = (count: number) => Array.from({ length: count }, (_, n) => `j${n}`)

async function enqueue(storage: RedisStorage, all: readonly string[], fields = {}): Promise<void> {
  for (let at = 0; at < all.length; at += 500) {
    await storage.queues.enqueue(all.slice(at, at + 500).map((id) => newJob({ id, ...fields })))
  }
}

/** Delete the jobs of these ids, as an expiry or an eviction does. */
async function lose({ client, prefix }: RedisFixture, lost: readonly string[]): Promise<void> {
  await client.del(...lost.map((id) => `${prefix}job:${id}`))
}

describe('compact', () => {
  it('drops ids without a job wherever they stand, and keeps the order', () =>
    withStorage(async (storage, redis) => {
      const all = ids(MANY)
      await enqueue(storage, all)
      const lost = new Set(all.filter((_, n) => n % 3 === 0 || n > MANY - 400))
      await lose(redis, [...lost])
      expect(await storage.queues.compact('default')).toBe(lost.size)
      const left = await redis.client.lrange(`${redis.prefix}queue:default`, 0, -1)
      expect(left).toEqual(all.filter((id) => !lost.has(id)))
      expect(await storage.queues.compact('default')).toBe(0)
    }))

  it('removes the marks of a caller that died before it removed them', () =>
    withStorage(async (storage, redis) => {
      await storage.queues.enqueue([newJob({ id: 'alive' })])
      await redis.client.rpush(`${redis.prefix}queue:default`, '')
      expect(await storage.queues.compact('default')).toBe(1)
      expect(await storage.queues.jobIds('default', 0, -1)).toEqual(['alive'])
    }))

  it('drops all that were there at its start, while others take jobs and enqueue', () =>
    withStorage(async (storage, redis) => {
      const list = `${redis.prefix}queue:default`
      await enqueue(storage, ids(MANY))
      await redis.client.rpush(list, 'gone', 'gone')
      await redis.client.lpush(list, 'gone')
      const compacted = storage.queues.compact('default')
      const meanwhile = async () => {
        for (let n = 0; n < 20; n++) {
          await redis.client.lpop(list, 5)
          await storage.queues.enqueue([newJob({ id: `new${n}` })])
        }
      }
      await Promise.all([compacted, meanwhile()])
      const left = await redis.client.lrange(list, 0, -1)
      expect(left.slice(-20)).toEqual(Array.from({ length: 20 }, (_, n) => `new${n}`))
      expect(left.filter((id) => id === '' || id === 'gone')).toEqual([])
    }, /is nowhere/))
})

describe('a group', () => {
  it('is read and tidied in pages', () =>
    withStorage(async (storage, redis) => {
      const all = ids(MANY)
      await enqueue(storage, all, { groupId: 'g' })
      const lost = new Set(all.filter((_, n) => n % 2 === 0))
      await lose(redis, [...lost])
      expect(await storage.groups.jobIds('g')).toEqual(all.filter((id) => !lost.has(id)).sort())
      expect(await redis.client.scard(`${redis.prefix}group:g`)).toBe(MANY - lost.size)
      await lose(redis, all)
      await storage.workers.cleanUp([])
      expect(await storage.groups.names()).toEqual([])
      expect(await redis.client.exists(`${redis.prefix}group:g`, `${redis.prefix}groups`)).toBe(0)
    }, /is in queue|of no job|without a job|nowhere/))
})

describe('fetch', () => {
  it('reads many jobs in order, those that are gone as undefined', () =>
    withStorage(async (storage, redis) => {
      const all = ids(MANY)
      await enqueue(storage, all)
      await lose(redis, ['j1', `j${MANY - 1}`])
      const read = await storage.jobs.fetch(all)
      expect(read.map((record) => record?.id)).toEqual(
        all.map((id) => (['j1', `j${MANY - 1}`].includes(id) ? undefined : id)),
      )
      await storage.queues.compact('default')
    }))
})
