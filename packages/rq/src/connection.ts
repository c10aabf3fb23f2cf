import { type Connection, RedisStorage } from '@rq/redis'

/** How anything of rq finds its Redis. */
export interface ConnectionOptions {
  /** A URL, ioredis options, or an ioredis client that stays yours. Default: `RQ_REDIS_URL`, `REDIS_URL`, then localhost:6379. */
  readonly connection?: Connection
  /** What every key begins with. Default `'rq:'`, which Python RQ always uses. */
  readonly prefix?: string
}

/** Options of a piece of rq, with a connection in the place of a storage. */
export type Connected<T> = Omit<T, 'storage' | 'ownsStorage'> & ConnectionOptions

/** Split what says where Redis is from everything else. */
export function splitConnection<T extends ConnectionOptions>(
  options: T,
): [ConnectionOptions, Omit<T, 'connection' | 'prefix'>] {
  const { connection, prefix, ...rest } = options
  return [{ ...(connection !== undefined && { connection }), ...(prefix !== undefined && { prefix }) }, rest]
}

const byUrl = new Map<string, RedisStorage>()
const byClient = new WeakMap<object, Map<string, RedisStorage>>()

/**
 * The storage for calls that have nothing to close (`Job.fetch`, `Queue.all`): one for each address and prefix, for the
 * life of the process. Idle, it does not keep the process alive.
 */
export function sharedStorage(options: ConnectionOptions): RedisStorage {
  const { connection, prefix = 'rq:' } = options
  const storages = typeof connection === 'object' ? storagesOf(connection) : byUrl
  const key = typeof connection === 'object' ? prefix : `${prefix} ${connection ?? ''}`
  const known = storages.get(key)
  if (known !== undefined) return known
  const storage = new RedisStorage(options)
  storages.set(key, storage)
  return storage
}

function storagesOf(connection: object): Map<string, RedisStorage> {
  const known = byClient.get(connection) ?? new Map<string, RedisStorage>()
  byClient.set(connection, known)
  return known
}
