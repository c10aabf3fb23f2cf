import { type RedisFixture, redisFixture } from '@rq/testkit'
import { RedisStorage } from '../src/index.ts'

/**
 * Run a test on a storage with a key prefix of its own.
 * @param tolerate - what the test, or another program in it, leaves undone on purpose: see `redisFixture`.
 */
export async function withStorage(
  run: (storage: RedisStorage, redis: RedisFixture) => Promise<void>,
  tolerate?: RegExp,
): Promise<void> {
  await using redis = await redisFixture(tolerate === undefined ? {} : { tolerate })
  await using storage = new RedisStorage({ connection: redis.url, prefix: redis.prefix })
  await run(storage, redis)
}

/** As {@link withStorage}, beside keys that no program of ours could have written; deletes what is left of them. */
export async function withBrokenKeys(
  run: (storage: RedisStorage, redis: RedisFixture) => Promise<void>,
): Promise<void> {
  await withStorage(async (storage, redis) => {
    try {
      await run(storage, redis)
    } finally {
      await redis.client.unlink(await redis.client.keys(`${redis.prefix}*`))
    }
  })
}
