import { Cluster, Redis, type RedisOptions } from 'ioredis'
import type { Connection } from './connection/connection-source.ts'
import { urlFromEnvironment } from './connection/connection-url.ts'
import { RedisStorage, type RedisStorageOptions } from './storage.ts'

/** The options of a connection that JSON can carry to another process. */
const PLAIN_OPTIONS = [
  'host',
  'port',
  'family',
  'path',
  'db',
  'username',
  'password',
  'name',
  'sentinels',
  'sentinelUsername',
  'sentinelPassword',
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

/** Other processes have no loader for TypeScript, so a run from source refers them to the built module. */
const MODULE = new URL(import.meta.url.endsWith('.ts') ? '../dist/index.js' : './index.js', import.meta.url).href

/**
 * How another process makes a storage with these options. Undefined where the connection cannot be written as JSON: a
 * Cluster client. Holds the password: send it over a pipe, never as an argument.
 */
export function storageSource(options: RedisStorageOptions): RedisStorageSource | undefined {
  const connection = portableConnection(options.connection)
  if (connection === undefined) return undefined
  return { module: MODULE, export: 'horseStorage', options: { ...options, connection } }
}

/** The connection as JSON; undefined for a Cluster client. */
function portableConnection(connection: Connection | undefined): string | RedisOptions | undefined {
  if (connection === undefined) return urlFromEnvironment()
  if (typeof connection === 'string') return connection
  if (connection instanceof Cluster) return undefined
  const options: RedisOptions = connection instanceof Redis ? connection.options : connection
  const plain: Record<string, unknown> = {}
  for (const key of PLAIN_OPTIONS) if (options[key] !== undefined && options[key] !== null) plain[key] = options[key]
  if (options.tls !== undefined) plain.tls = JSON.parse(JSON.stringify(options.tls, keyMaterialAsText))
  return plain as RedisOptions
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
