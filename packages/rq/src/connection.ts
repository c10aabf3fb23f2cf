import { checkOptionNames, type OptionNames } from '@rq/core'
import { CONNECTION_HINTS } from '@rq/queue'
import { type Connection, connectionKey, DEFAULT_PREFIX, RedisStorage } from '@rq/redis'

/** Options that say where Redis is. */
export interface ConnectionOptions {
  /**
   * A URL, ioredis options, or a client of ioredis or iovalkey, which rq never closes. Default: `RQ_REDIS_URL`,
   * `REDIS_URL`, then localhost:6379.
   */
  readonly connection?: Connection
  /** Prefix of all keys. Default `'rq:'`, the only one of Python RQ. */
  readonly prefix?: string
}

/** Options of a class of the pieces, with a connection in the place of a storage. */
export type Connected<T> = Omit<T, 'storage' | 'ownsStorage'> & ConnectionOptions

/** The names of {@link Connected} options. */
export function connectedNames<Names extends object>(
  names: Names,
): Omit<Names, 'storage' | 'ownsStorage'> & OptionNames<ConnectionOptions> {
  const { storage: _, ownsStorage: __, ...rest } = names as Names & { storage?: true; ownsStorage?: true }
  return { ...rest, connection: true, prefix: true }
}

/** Check the names of options that say where Redis is, and maybe more. Returns them. @throws RqError. */
export function checkNames<Options>(options: Options, names: Readonly<Record<string, true>>, call: string): Options {
  return checkOptionNames(options, names, call, CONNECTION_HINTS)
}

/** Separate the options that say where Redis is from the others. */
export function splitConnection<T extends ConnectionOptions>(
  options: T,
): [ConnectionOptions, Omit<T, 'connection' | 'prefix'>] {
  const { connection, prefix, ...rest } = options
  return [{ ...(connection !== undefined && { connection }), ...(prefix !== undefined && { prefix }) }, rest]
}

const byAddress = new Map<string, RedisStorage>()
const byClient = new WeakMap<object, Map<string, RedisStorage>>()

/**
 * The storage of functions that have nothing to close (`Job.fetch`, `Queue.all`): one for each address and prefix,
 * until the process ends. While it is idle, it does not keep the process alive.
 */
export function sharedStorage(options: ConnectionOptions): RedisStorage {
  const { connection, prefix = DEFAULT_PREFIX } = options
  const place = typeof connection === 'object' ? connectionKey(connection) : (connection ?? '')
  const storages = typeof place === 'object' ? storagesOf(place) : byAddress
  const key = typeof place === 'object' ? prefix : `${prefix} ${place}`
  const known = storages.get(key)
  if (known !== undefined) return known
  const storage = new RedisStorage({ ...(connection !== undefined && { connection }), prefix })
  storages.set(key, storage)
  return storage
}

function storagesOf(client: object): Map<string, RedisStorage> {
  const known = byClient.get(client) ?? new Map<string, RedisStorage>()
  byClient.set(client, known)
  return known
}
