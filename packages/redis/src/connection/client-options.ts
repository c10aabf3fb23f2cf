import { backoffMs, checkOptionNames, invalidOption, type OptionNames, RqError } from '@rq/core'
import type { Cluster, Redis, RedisOptions } from 'ioredis'
import { refuseOtherClient } from './client-shape.ts'
import { optionsOfUrl, urlFromEnvironment } from './connection-url.ts'

/**
 * What a connection is for:
 * - `producer` fails within seconds when Redis is away, so that a request never hangs;
 * - `worker` waits and reconnects forever;
 * - `blocking` is a worker's connection for blocking reads;
 * - `subscriber` is a worker's connection that listens to channels.
 */
export type Role = 'producer' | 'worker' | 'blocking' | 'subscriber'

const CONNECT_TIMEOUT_MS = 5_000
/** At least 50 ms: the scripts rely on it that a call whose reply was lost is not sent again sooner (lua/lib/time). */
const RECONNECT = { firstMs: 100, mostMs: 4_500 }
/**
 * The ioredis options of a URL, or those that were given, with a place.
 * @throws RqError `RQ_CONFIG`, `RQ_INVALID_OPTION`.
 */
export function clientOptions(connection: string | RedisOptions): RedisOptions {
  if (typeof connection === 'string') return optionsOfUrl(connection)
  if (typeof connection !== 'object' || connection === null) {
    throw invalidOption('connection', connection, 'a URL, ioredis options, or an ioredis client')
  }
  refuseOtherClient(connection)
  refuseKeyPrefix(connection)
  for (const [name, instead] of Object.entries(MISNAMED)) {
    if (!(name in connection)) continue
    throw new RqError('RQ_CONFIG', `ioredis has no option ${name}, and would ignore it. Give ${instead} instead.`)
  }
  return placed(checkOptionNames(connection, NAMES, 'the connection'))
}

/**
 * Options that say where Redis is. ioredis would take localhost for a host that is missing; here the place of options
 * without one is the default.
 */
function placed(options: RedisOptions): RedisOptions {
  const { host, path, port, sentinels, Connector } = options
  if (path || sentinels || Connector) return options
  if ('host' in options && !host) {
    throw new RqError(
      'RQ_CONFIG',
      `The option host of the connection is ${host === '' ? 'empty' : host}. Is a variable of the environment not set? Give a host, or leave the option out.`,
    )
  }
  return host || port ? options : { ...optionsOfUrl(urlFromEnvironment()), ...options }
}

/** The options of ioredis. It ignores others. */
const NAMES: OptionNames<RedisOptions> = {
  host: true,
  port: true,
  family: true,
  path: true,
  db: true,
  username: true,
  password: true,
  tls: true,
  sentinels: true,
  name: true,
  role: true,
  sentinelUsername: true,
  sentinelPassword: true,
  sentinelTLS: true,
  enableTLSForSentinelMode: true,
  natMap: true,
  preferredSlaves: true,
  sentinelCommandTimeout: true,
  sentinelMaxConnections: true,
  sentinelReconnectStrategy: true,
  sentinelRetryStrategy: true,
  updateSentinels: true,
  failoverDetector: true,
  Connector: true,
  autoPipeliningIgnoredCommands: true,
  autoResendUnfulfilledCommands: true,
  autoResubscribe: true,
  blockingTimeout: true,
  blockingTimeoutGrace: true,
  clientInfoTag: true,
  commandQueue: true,
  commandTimeout: true,
  connectTimeout: true,
  connectionName: true,
  disableClientInfo: true,
  disconnectTimeout: true,
  enableAutoPipelining: true,
  enableOfflineQueue: true,
  enableReadyCheck: true,
  himportFieldsets: true,
  keepAlive: true,
  keyPrefix: true,
  lazyConnect: true,
  maxLoadingRetryTime: true,
  maxRetriesPerRequest: true,
  monitor: true,
  noDelay: true,
  offlineQueue: true,
  protocol: true,
  readOnly: true,
  reconnectOnError: true,
  replyMapping: true,
  retryStrategy: true,
  scripts: true,
  showFriendlyErrorStack: true,
  socketTimeout: true,
  stringNumbers: true,
}

/** Names of other clients for where Redis is. With one of them ioredis would connect to localhost. */
const MISNAMED = {
  url: 'the URL itself as connection',
  uri: 'the URL itself as connection',
  socket: 'host and port',
  hostname: 'host',
  database: 'db',
  user: 'username',
}

/**
 * Refuse ioredis's `keyPrefix`. The scripts build most keys themselves, and ioredis would put the prefix before the
 * others only.
 * @throws RqError `RQ_CONFIG`.
 */
function refuseKeyPrefix({ keyPrefix }: { readonly keyPrefix?: string | undefined }): void {
  if (keyPrefix === undefined || keyPrefix === '') return
  throw new RqError(
    'RQ_CONFIG',
    "rq cannot use a connection with ioredis's option keyPrefix. Remove it, and set the option prefix of rq instead.",
  )
}

/** ioredis's options for the form and the order of replies, with the values that rq needs. */
const NEEDED = {
  enableAutoPipelining: false,
  enableOfflineQueue: true,
  stringNumbers: false,
  replyMapping: 'legacy',
} as const satisfies RedisOptions

/**
 * Refuse a caller's client with options that rq cannot work with.
 * @throws RqError `RQ_CONFIG`, naming the option.
 */
export function refuseClient({ options }: Redis | Cluster): void {
  refuseKeyPrefix(options)
  const given: readonly RedisOptions[] = 'redisOptions' in options ? [options, { ...options.redisOptions }] : [options]
  for (const [name, needed] of Object.entries(NEEDED)) {
    for (const one of given) {
      const value = one[name as keyof typeof NEEDED]
      if (value === undefined || value === needed) continue
      throw new RqError(
        'RQ_CONFIG',
        `rq cannot use a client with ioredis's option ${name}: ${value}. Give rq the options or the URL instead, or a client with ${name}: ${needed}.`,
      )
    }
  }
}

/** The ioredis options that a role adds to those of the connection. */
export function roleOptions(role: Role): RedisOptions {
  return {
    ...NEEDED,
    // Subscriptions do that: ioredis ends the process when the connection is closed meanwhile.
    autoResubscribe: role !== 'subscriber',
    autoResendUnfulfilledCommands: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    // It ends long uploads; breakSilentConnections takes its place.
    socketTimeout: undefined,
    protocol: 2,
    enableReadyCheck: true,
    // A server with too many clients replies so and closes. ioredis reads that reply only if it sent one command alone.
    disableClientInfo: true,
    retryStrategy: (attempt) => backoffMs(attempt - 1, RECONNECT),
    maxRetriesPerRequest: role === 'producer' ? 2 : null,
  }
}

/** The address of the server, without secrets. */
export function addressOf(options: RedisOptions): string {
  if (typeof options.path === 'string') return options.path
  // An ioredis client has null for no sentinels.
  if (Array.isArray(options.sentinels))
    return `the master "${options.name ?? ''}" of ${options.sentinels.length} sentinels`
  const scheme = options.tls === undefined ? 'redis' : 'rediss'
  return `${scheme}://${options.host ?? 'localhost'}:${options.port ?? 6379}/${options.db ?? 0}`
}
