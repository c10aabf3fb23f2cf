import type { RedisOptions } from 'ioredis'
import { isSingle } from './connection/client-shape.ts'
import { type Connection, connectionSource } from './connection/connection-source.ts'
import { urlFromEnvironment } from './connection/connection-url.ts'
import { databaseOf } from './connection/database.ts'
import { RedisStorage, type RedisStorageOptions } from './storage.ts'

/** The options that say where and how to connect. Those that `roleOptions` sets are not among them. */
const WHERE_OPTIONS = [
  'host',
  'port',
  'family',
  'path',
  'db',
  'username',
  'password',
  'tls',
  'name',
  'sentinels',
  'role',
  'sentinelUsername',
  'sentinelPassword',
  'sentinelTLS',
  'enableTLSForSentinelMode',
  'sentinelCommandTimeout',
  'sentinelMaxConnections',
  'updateSentinels',
  'failoverDetector',
  'preferredSlaves',
  'natMap',
  'Connector',
  'connectionName',
  'keepAlive',
  'noDelay',
] as const

/**
 * How another process makes a storage: it imports a module and calls its export with the options. Can be sent as JSON.
 */
export interface RedisStorageSource {
  /** The module's URL. */
  readonly module: string
  readonly export: string
  readonly options: RedisStorageOptions
}

/** The name of this package, for files that have it in them. */
export const REDIS_MODULE = '@rq/redis'

/** Other processes have no loader for TypeScript, so a run from source refers them to the built module. */
function ownModule(): string {
  try {
    const here = import.meta.url
    return new URL(here.endsWith('.ts') ? '../dist/index.js' : './index.js', here).href
  } catch {
    // Some bundlers leave no trace of where a module was.
    return REDIS_MODULE
  }
}

/**
 * How another process makes a storage with these options. Undefined where the connection cannot be written as JSON: a
 * Cluster client, or options with functions. Holds the password: send it over a pipe, never as an argument.
 * @param module - where that process has this package; by default its own file.
 */
export function storageSource(options: RedisStorageOptions, module?: string): RedisStorageSource | undefined {
  const connection = portableConnection(options.connection)
  if (connection === undefined) return undefined
  return { module: module ?? ownModule(), export: 'horseStorage', options: { ...options, connection } }
}

/** The connection as JSON; undefined for a Cluster client, and for options with functions. */
function portableConnection(connection: Connection | undefined): string | RedisOptions | undefined {
  if (connection === undefined) return urlFromEnvironment()
  if (typeof connection === 'string') return connection
  const { given, options: own } = connectionSource(connection)
  if (given !== undefined && !isSingle(given)) return undefined
  const options = given === undefined ? own : { ...given.options, db: databaseOf(given) }
  const plain: Record<string, unknown> = {}
  for (const key of WHERE_OPTIONS) if (options[key] !== undefined && options[key] !== null) plain[key] = options[key]
  if (hasFunction(plain)) return undefined
  return JSON.parse(JSON.stringify(plain, keyMaterialAsText)) as RedisOptions
}

/** Whether there is a function in a value, or an instance of a class other than bytes. */
function hasFunction(value: unknown): boolean {
  if (typeof value === 'function') return true
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return false
  const prototype = Object.getPrototypeOf(value)
  if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null) return true
  return Object.values(value).some(hasFunction)
}

/** Keys and certificates may be bytes, which JSON cannot carry. In PEM format they are text. */
function keyMaterialAsText(this: unknown, key: string, value: unknown): unknown {
  // Buffer.toJSON has already run on `value`, so read it from its holder.
  const original = (this as Record<string, unknown>)[key]
  return original instanceof Uint8Array ? Buffer.from(original).toString('utf8') : value
}

/**
 * Make the storage of a work horse from the options that its worker sent. Connects only if a job or a callback uses it.
 */
export function horseStorage(options: RedisStorageOptions): RedisStorage {
  return new RedisStorage(options)
}
