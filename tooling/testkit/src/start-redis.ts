import { type Server, type ServerOptions, startServer } from '../../../scripts/redis/server.mjs'
import { acquireRedis } from '../../../scripts/redis.mjs'

export type OwnRedisOptions = ServerOptions
export type OwnRedis = Server & AsyncDisposable

/**
 * A Redis server of the test's own, for tests that restart, kill, fill or freeze it. Takes some 20 ms. Most tests want
 * `redisFixture()` instead.
 */
export async function startRedis(options: OwnRedisOptions = {}): Promise<OwnRedis> {
  return startServer(await acquireRedis(), options)
}
