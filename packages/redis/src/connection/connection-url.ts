import { RqError } from '@rq/core'
import type { RedisOptions } from 'ioredis'

export const DEFAULT_URL = 'redis://localhost:6379'
/** The prefix of all keys; Python RQ has no other. */
export const DEFAULT_PREFIX = 'rq:'

/** The environment variables that hold the URL of Redis; the first one that is set and not empty counts. */
export const URL_VARIABLES = ['RQ_REDIS_URL', 'REDIS_URL'] as const

/** What a query may set: redis-py's names, and ioredis's `family` (of IP addresses: 4, 6, or 0 for either). */
const PARAMETERS: readonly string[] = ['db', 'username', 'password', 'family']

/** The URL in the first of the {@link URL_VARIABLES} that is set, else {@link DEFAULT_URL}. */
export function urlFromEnvironment(env: NodeJS.ProcessEnv = process.env): string {
  return URL_VARIABLES.map((name) => env[name]).find((url) => url) ?? DEFAULT_URL
}

/** What of a query may be shown. */
const SHOWN_PARAMETERS: readonly string[] = ['db', 'family']

/**
 * A URL to show: scheme, host, port, the number of the database, or the path of a socket. All else is replaced by
 * stars. What is not a URL is not shown at all, because it may be a secret in the wrong place.
 */
export function maskUrl(url: string): string {
  if (url.startsWith('/')) return url
  if (!URL.canParse(url) || !/^[a-z+]+:\/\//i.test(url)) return '<not a URL>'
  const masked = new URL(url)
  // A password with a raw `/`, `?` or `#` ends what is read as the host. The rest of it stands before the `@`.
  if (/@/.test(masked.pathname + masked.search + masked.hash)) return '<not a URL>'
  if (masked.username !== '') masked.username = '***'
  if (masked.password !== '') masked.password = '***'
  if (masked.protocol !== 'unix:' && !/^\/?\d*$/.test(masked.pathname)) masked.pathname = '/***'
  if (masked.hash !== '') masked.hash = '***'
  for (const [key, value] of [...masked.searchParams]) {
    if (SHOWN_PARAMETERS.includes(key) && /^\d*$/.test(value)) continue
    masked.searchParams.delete(key)
    masked.searchParams.set(PARAMETERS.includes(key) ? key : '***', '***')
  }
  return masked.toString()
}

/**
 * The ioredis options of a redis://, rediss:// or unix:// URL, or of the path of a socket.
 * @throws RqError `RQ_CONFIG` for another URL, or if a part of it has no meaning.
 */
export function optionsOfUrl(url: string): RedisOptions {
  if (url.startsWith('/')) return { path: url }
  const parts = URL.canParse(url) ? new URL(url) : undefined
  if (parts === undefined || !['redis:', 'rediss:', 'unix:'].includes(parts.protocol)) {
    throw config(
      `Not a Redis URL: ${maskUrl(url)}. Expected redis://[user:password@]host[:port][/database], rediss://... for TLS, or unix:///path/to/socket.`,
    )
  }
  if (parts.hash !== '') throw config('A Redis URL has no part behind a #. Write a # in a password as %23.')
  const query = queryOf(parts)
  const isSocket = parts.protocol === 'unix:'
  if (isSocket && !['', 'localhost'].includes(parts.hostname)) {
    throw config('A unix:// URL names no host. Expected unix:///path/to/socket, with three slashes.')
  }
  const path = isSocket ? '' : parts.pathname.replace(/^\/$/, '').slice(1)
  const db = numberOf('a database number', /^\d+$/, single('database', path, query.get('db')) || '0', url)
  const username = single('user name', decoded(parts.username, 'user name'), query.get('username'))
  const password = single('password', decoded(parts.password, 'password'), query.get('password'))
  const family = query.get('family')
  return {
    ...(isSocket ? { path: decoded(parts.pathname, 'path') } : serverOf(parts)),
    db,
    ...(username !== '' && { username }),
    ...(password !== '' && { password }),
    ...(family !== undefined && { family: numberOf('a family of addresses (0, 4 or 6)', /^[046]$/, family, url) }),
  }
}

function serverOf({ protocol, hostname, port }: URL): RedisOptions {
  const host = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname || 'localhost'
  return { host, port: port === '' ? 6379 : Number(port), ...(protocol === 'rediss:' && { tls: {} }) }
}

/** The query. A name that is no word, or has an `@` behind it, is not shown: it may be a part of a password. */
function queryOf({ search, searchParams }: URL): ReadonlyMap<string, string> {
  for (const name of searchParams.keys()) {
    if (!PARAMETERS.includes(name)) {
      const shown = /^\w{1,40}$/.test(name) && !search.includes('@') ? `the parameter '${name}'` : 'a parameter'
      throw config(
        `The Redis URL has ${shown}, which rq does not know. It knows ${PARAMETERS.join(', ')}; for anything else give ioredis options as connection.`,
      )
    }
    if (searchParams.getAll(name).length > 1) throw config(`The Redis URL has the parameter '${name}' twice.`)
  }
  return new Map(searchParams)
}

/** What is given in one of two places, or in both alike. */
function single(what: string, inPlace: string, inQuery: string | undefined): string {
  if (inPlace === '' || inQuery === undefined || inPlace === inQuery) return inPlace || (inQuery ?? '')
  throw config(`The Redis URL has two values for the ${what}, one of them in its query. Remove one.`)
}

function numberOf(what: string, pattern: RegExp, text: string, url: string): number {
  if (pattern.test(text)) return Number(text)
  throw config(`Not ${what} in ${maskUrl(url)}: expected a URL such as redis://host:port/0.`)
}

function decoded(text: string, what: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw config(`The ${what} in the Redis URL has a % without two hexadecimal digits behind it. Write a % as %25.`)
  }
}

function config(message: string): RqError {
  return new RqError('RQ_CONFIG', message)
}
