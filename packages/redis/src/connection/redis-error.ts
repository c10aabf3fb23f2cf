import { RqError } from '@rq/core'
import { isFull, isReply, replyError, serverFull } from './reply-error.ts'

/**
 * Turn an error of ioredis into an RqError, whose code says what went wrong. Errors that are RqErrors already pass
 * through.
 * @param where the masked address.
 * @param connectionError why the connection cannot be used: commands that wait for a connection fail without that
 * reason.
 */
export function redisError(error: unknown, where: string, connectionError?: Error): RqError {
  if (error instanceof RqError) return error
  const message = error instanceof Error ? error.message : String(error)
  const options = { cause: withoutArguments(error), details: { server: where } }
  if (isReply(error)) return replyError(message, where, options)
  if (isFull(connectionError?.message ?? '')) return serverFull(where, options)
  const why = codeOf(error) ?? codeOf(connectionError)
  if (why !== undefined && CERTIFICATE.test(why)) {
    return new RqError(
      'RQ_REDIS_UNREACHABLE',
      `The certificate of Redis at ${where} is not trusted (${why}). Trust its authority with NODE_EXTRA_CA_CERTS or the option tls.ca, and use a host name that the certificate is for.`,
      options,
    )
  }
  if (
    where.startsWith('rediss:') &&
    (NO_TLS.test(why ?? '') || /before secure TLS/.test(connectionError?.message ?? message))
  ) {
    return new RqError(
      'RQ_REDIS_UNREACHABLE',
      `Redis at ${where} cannot be reached (${why}): the server does not speak TLS. Use redis:// instead of rediss://, or check the port.`,
      { ...options, retryable: true },
    )
  }
  if (isConnectionError(message)) {
    return new RqError(
      'RQ_REDIS_UNREACHABLE',
      `Redis at ${where} cannot be reached (${why ?? firstLine(error)}). Is it running, and is the address right?`,
      { ...options, retryable: true },
    )
  }
  return new RqError('RQ_REDIS', `Redis at ${where} answered with an error: ${message}`, {
    ...options,
    retryable: GARBLED.test(message),
  })
}

/** What a connection says that has received something else than replies. A later one may fare better. */
const GARBLED = /^(?:Protocol error|Unknown RESP type)/

/**
 * Remove the command's arguments from the errors of ioredis: they hold the password of AUTH, and the arguments of jobs.
 * The command's name stays.
 */
function withoutArguments(error: unknown): unknown {
  for (let at: unknown = error; at instanceof Error; at = at.cause ?? previous(at)) {
    if (!('command' in at) || typeof at.command !== 'object' || at.command === null) continue
    at.command = { name: 'name' in at.command ? at.command.name : undefined }
  }
  return error
}

/** Errors of a TLS handshake with a server that does not speak TLS: it stays silent, or replies something else. */
const NO_TLS = /^ETIMEDOUT$|WRONG_VERSION|PACKET_LENGTH/

/** Parts of Node's error codes for certificates. */
const CERTIFICATE = /CERT|SIGNATURE|ALTNAME|ISSUER/

function isConnectionError(message: string): boolean {
  return /ECONN|ENOTFOUND|EPIPE|ETIMEDOUT|EAI_AGAIN|EHOSTUNREACH|ENOENT|max retries per request|Connection is closed|Command timed out|Stream isn't writeable|no reply for|connect E/i.test(
    message,
  )
}

/** The code of the socket error behind ioredis's own error. */
function codeOf(error: unknown): string | undefined {
  for (let at: unknown = error; at instanceof Error; at = at.cause ?? previous(at)) {
    if ('code' in at && typeof at.code === 'string') return at.code
  }
  return undefined
}

function firstLine(error: unknown): string {
  return error instanceof Error ? (error.message.split('\n')[0] ?? error.name) : 'no answer'
}

function previous(error: Error): unknown {
  return 'previousErrors' in error && Array.isArray(error.previousErrors) ? error.previousErrors[0] : undefined
}
