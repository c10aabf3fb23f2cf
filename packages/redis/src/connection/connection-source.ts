import type { Cluster, Redis, RedisOptions } from 'ioredis'
import { addressOf, clientOptions, refuseClient } from './client-options.ts'
import { type ClientLike, isClient, isSingle } from './client-shape.ts'
import { urlFromEnvironment } from './connection-url.ts'
import { databaseOf } from './database.ts'
import { isUnprotected } from './protection.ts'
import type { Client } from './script.ts'

/**
 * A URL, ioredis options, or a client that stays the caller's: of any copy of ioredis 5 or 6, or of iovalkey. Default:
 * `RQ_REDIS_URL`, `REDIS_URL`, then localhost.
 */
export type Connection = string | RedisOptions | Redis | Cluster | ClientLike

/** Where clients connect to. */
export interface ConnectionSource {
  /** The caller's client. */
  readonly given: Client | undefined
  /** Options of the clients to open; empty when there is a given one. */
  readonly options: RedisOptions
  /** The address without secrets. */
  readonly where: string
  /** Whether any program on the network may use the server, as far as the options show; false for a Cluster given. */
  readonly isUnprotected: boolean
  /** The same for sources that lead to the same place in the same way. It may hold the password. */
  readonly key: string | Client
}

/** Check a connection. Connects to nothing. @throws RqError `RQ_CONFIG`, `RQ_INVALID_OPTION`. */
export function connectionSource(connection: Connection = urlFromEnvironment()): ConnectionSource {
  if (isClient(connection)) {
    refuseClient(connection)
    const where = isSingle(connection)
      ? addressOf({ ...connection.options, db: databaseOf(connection) })
      : 'the cluster given'
    const isOpen = isSingle(connection) && isUnprotected(connection.options)
    return { given: connection, options: {}, where, isUnprotected: isOpen, key: connection }
  }
  const options = clientOptions(connection as string | RedisOptions)
  const where = addressOf(options)
  return { given: undefined, options, where, isUnprotected: isUnprotected(options), key: textOf(options) }
}

/**
 * What two connections that lead to the same place in the same way have in common: a text, which may hold the password,
 * or the client itself.
 * @throws as {@link connectionSource}.
 */
export function connectionKey(connection?: Connection): string | object {
  return connectionSource(connection).key
}

/** A value as text, whatever the order of its properties. Functions and instances of classes differ by identity. */
function textOf(value: unknown): string {
  if (value instanceof Uint8Array) return `<${Buffer.from(value).toString('base64')}>`
  if (Array.isArray(value)) return `[${value.map(textOf).join()}]`
  if (typeof value === 'function' || (typeof value === 'object' && value !== null && !isPlain(value))) {
    return `#${numberOf(value)}`
  }
  if (typeof value !== 'object' || value === null) return typeof value === 'string' ? JSON.stringify(value) : `${value}`
  const known = Object.entries(value).filter(([, one]) => one !== undefined)
  return `{${known.sort(byName).map(([name, one]) => `${JSON.stringify(name)}:${textOf(one)}`)}}`
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function byName([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : 1
}

const numbers = new WeakMap<object, number>()
let lastNumber = 0

function numberOf(value: object): number {
  const known = numbers.get(value)
  if (known !== undefined) return known
  lastNumber += 1
  numbers.set(value, lastNumber)
  return lastNumber
}
