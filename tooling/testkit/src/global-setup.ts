import { startRedis } from './start-redis.ts'

/**
 * One Redis for the whole run: its URL is in `RQ_TEST_REDIS_URL`, and in `RQ_REDIS_URL`, so that code which falls back
 * to its default connection never meets a Redis that is not ours.
 */
export async function setup(): Promise<() => Promise<void>> {
  const redis = await startRedis()
  process.env.RQ_TEST_REDIS_URL = redis.url
  process.env.RQ_REDIS_URL = redis.url
  process.env.REDIS_URL = redis.url
  return () => redis.stop()
}
