import { type Connection, RedisStorage } from '@rq/redis'

/** Options that say where Redis is. */
export interface ConnectionOptions {
  /**
   * A URL, ioredis options, or an ioredis client, which rq never closes. Default: `RQ_REDIS_URL`, `REDIS_URL`, then
   * localhost:6379.
   */
  readonly connection?: Connection
  /** Prefix of all keys. Default `'rq:'`, the only one of Python RQ. */
  readonly prefix?: string
}

/** Options of a class of the pieces, with a connection in the place of a storage. */
export type Connected<T> = Omit<T, 'storage' | 'ownsStorage'> & ConnectionOptions

/** Separate the options that say where Redis is from the others. */
export function splitConnection<T extends ConnectionOptions>(
  options: T,
): [ConnectionOptions, Omit<T, 'connection' | 'prefix'>] {
  const { connection, prefix, ...rest } = options
  return [{ ...(connection !== undefined && { connection }), ...(prefix !== undefined && { prefix }) }, rest]
}

const byUrl = new Map<string, RedisStorage>()
const byClient = new WeakMap<object, Map<string, RedisStorage>>()

/**
 * The storage of functions that have nothing to close (`Job.fetch`, `Queue.all`): one for each address and prefix,
 * until the process ends. While it is idle, it does not keep the process alive.
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
