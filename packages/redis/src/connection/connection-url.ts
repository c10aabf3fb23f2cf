import { RqError } from '@rq/core'

export const DEFAULT_URL = 'redis://localhost:6379'

/** The environment variables that hold the URL of Redis; the first one that is set and not empty counts. */
export const URL_VARIABLES = ['RQ_REDIS_URL', 'REDIS_URL'] as const

/** The URL in the first of the {@link URL_VARIABLES} that is set, else {@link DEFAULT_URL}. */
export function urlFromEnvironment(env: NodeJS.ProcessEnv = process.env): string {
  return URL_VARIABLES.map((name) => env[name]).find((url) => url) ?? DEFAULT_URL
}

/**
 * A URL to show: user, password, and secrets in the query are replaced by stars. What is not a URL is not shown at all,
 * because it may be a secret in the wrong place.
 */
export function maskUrl(url: string): string {
  if (url.startsWith('/')) return url
  if (!URL.canParse(url)) return '<not a URL>'
  const masked = new URL(url)
  if (masked.username !== '') masked.username = '***'
  if (masked.password !== '') masked.password = '***'
  for (const key of [...masked.searchParams.keys()]) {
    if (/pass|secret|token|key|auth/i.test(key)) masked.searchParams.set(key, '***')
  }
  return masked.toString()
}

/**
 * Check a URL. Returns it; for a unix:// URL the path of the socket.
 * @throws RqError `RQ_CONFIG` unless it is a redis://, rediss:// or unix:// URL, or the path of a socket.
 */
export function checkUrl(url: string): string {
  if (url.startsWith('/')) return url
  if (URL.canParse(url)) {
    const { protocol, pathname } = new URL(url)
    if (protocol === 'unix:') return pathname
    if (protocol === 'redis:' || protocol === 'rediss:') return url
  }
  throw new RqError(
    'RQ_CONFIG',
    `Not a Redis URL: ${maskUrl(url)}. Expected redis://[user:password@]host[:port][/database], rediss://... for TLS, or unix:///path/to/socket.`,
  )
}
