import { RqError } from '@rq/core'

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
  if (/^OOM |OOM command not allowed/.test(message)) {
    return new RqError(
      'RQ_REDIS_OUT_OF_MEMORY',
      `Redis at ${where} has reached its maxmemory and refused the call, which stored nothing. Raise maxmemory or let workers empty the queues, then try again.`,
      { ...options, retryable: true },
    )
  }
  if (NO_RIGHT.test(message)) {
    return new RqError(
      'RQ_REDIS_AUTH',
      `The user lacks a right on Redis at ${where} (${message}). ACL LOG has more; docs/acl.md has the rights of each role.`,
      options,
    )
  }
  if (/NOAUTH|WRONGPASS|invalid password/i.test(message)) {
    return new RqError(
      'RQ_REDIS_AUTH',
      `Redis at ${where} refused the credentials (${firstWord(message)}). Check user and password.`,
      options,
    )
  }
  if (/unexpected symbol near '#'|Unexpected engine|user_script:1:/.test(message)) {
    return new RqError(
      'RQ_REDIS_VERSION',
      `Redis at ${where} is too old: rq needs Redis 7.0 or Valkey 7.2, or newer, for its scripts.`,
      options,
    )
  }
  if (OTHER_SLOT.test(message)) {
    return new RqError('RQ_CONFIG', `Redis at ${where} is a Cluster, ${ONE_SLOT}`, options)
  }
  if (/^MOVED /.test(message)) {
    return new RqError(
      'RQ_CONFIG',
      `Redis at ${where} is a node of a Cluster, and another node has the keys. Give a Cluster client of ioredis as connection.`,
      options,
    )
  }
  if (FULL.test(message) || FULL.test(connectionError?.message ?? '')) {
    return new RqError(
      'RQ_REDIS_UNREACHABLE',
      `Redis at ${where} accepts no more connections: its maxclients is reached. Raise maxclients or close connections, then try again.`,
      { ...options, retryable: true },
    )
  }
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
    retryable: RETRYABLE.test(message),
  })
}

/** What Redis replies to a command that the user may not send, or to a script that would send it. */
const NO_RIGHT = /^NOPERM|^ACL failure in script|The user executing the script can't (?:run|access)/

/** What a Cluster replies to a script or a command with keys of several slots. */
const OTHER_SLOT = /^CROSSSLOT|non local key|do not hash to the same slot/

/** What rq needs of a Cluster, for the end of a sentence. */
export const ONE_SLOT =
  "where all keys of rq must be in one hash slot. Set the option prefix to one with a hash tag, such as '{rq}:', in all programs that use these queues."

/** Errors that a later attempt, or one over another connection, may not meet. */
const RETRYABLE =
  /^(LOADING|BUSY|TRYAGAIN|CLUSTERDOWN|MASTERDOWN|NOREPLICAS|READONLY|MISCONF|Protocol error|Unknown RESP type)/

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

/** The reply of a server before it closes a connection that it has no room for. */
const FULL = /^ERR max number of clients/

/** Errors of a TLS handshake with a server that does not speak TLS: it stays silent, or replies something else. */
const NO_TLS = /^ETIMEDOUT$|WRONG_VERSION|PACKET_LENGTH/

/** Parts of Node's error codes for certificates. */
const CERTIFICATE = /CERT|SIGNATURE|ALTNAME|ISSUER/

function isConnectionError(message: string): boolean {
  return /ECONN|ENOTFOUND|EPIPE|ETIMEDOUT|EAI_AGAIN|EHOSTUNREACH|ENOENT|max retries per request|Connection is closed|Command timed out|Stream isn't writeable|no reply for|connect E/i.test(
    message,
  )
}

function firstWord(message: string): string {
  return /^[A-Z]+/.exec(message)?.[0] ?? 'refused'
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
