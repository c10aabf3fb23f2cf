import { type Server, type ServerOptions, startServer } from '../../../scripts/redis/server.mjs'
import { acquireRedis } from '../../../scripts/redis.mjs'

export type OwnRedisOptions = ServerOptions
export type OwnRedis = Server & AsyncDisposable

/**
 * Start a Redis server for one test, which can restart, kill, fill or freeze it. Takes some 20 ms. Most tests need only
 * `redisFixture()`.
 */
export async function startRedis(options: OwnRedisOptions = {}): Promise<OwnRedis> {
  return startServer(await acquireRedis(), options)
}
