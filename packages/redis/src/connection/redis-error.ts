import { RqError } from '@rq/core'

/**
 * What went wrong, as an RqError with a code to branch on. `where` is the masked address, `trouble` what the connection
 * itself suffers from: commands that wait for one fail without saying it. Errors that are ours already pass through.
 */
export function redisError(error: unknown, where: string, trouble?: Error): RqError {
  if (error instanceof RqError) return error
  const message = error instanceof Error ? error.message : String(error)
  const options = { cause: withoutArguments(error), details: { server: where } }
  if (/^OOM |OOM command not allowed/.test(message)) {
    return new RqError(
      'RQ_REDIS_OUT_OF_MEMORY',
      `Redis at ${where} has reached its maxmemory and refused the write; nothing was stored. Raise maxmemory or let workers drain the queues, then try again.`,
      { ...options, retryable: true },
    )
  }
  if (/NOAUTH|WRONGPASS|invalid password|NOPERM/i.test(message)) {
    return new RqError(
      'RQ_REDIS_AUTH',
      `Redis at ${where} refused the credentials or the permission (${firstWord(message)}). Check user, password and ACL.`,
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
  if (FULL.test(message) || FULL.test(trouble?.message ?? '')) {
    return new RqError(
      'RQ_REDIS_UNREACHABLE',
      `Redis at ${where} takes no more connections: it has as many clients as its maxclients allows. Raise maxclients or close connections, then try again.`,
      { ...options, retryable: true },
    )
  }
  const why = codeOf(error) ?? codeOf(trouble)
  if (why !== undefined && CERTIFICATE.test(why)) {
    return new RqError(
      'RQ_REDIS_UNREACHABLE',
      `The certificate of Redis at ${where} was refused (${why}). Trust its authority with NODE_EXTRA_CA_CERTS or the option tls.ca, and use a host name that the certificate is for.`,
      options,
    )
  }
  if (
    where.startsWith('rediss:') &&
    (NO_TLS.test(why ?? '') || /before secure TLS/.test(trouble?.message ?? message))
  ) {
    return new RqError(
      'RQ_REDIS_UNREACHABLE',
      `Redis at ${where} cannot be reached (${why}): nobody there answers in TLS. Is that a port for TLS? Without TLS the address begins with redis:.`,
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
    retryable: PASSING.test(message),
  })
}

/** What goes by itself, or with another connection: a server's bad moment, and an answer that is none. */
const PASSING =
  /^(LOADING|BUSY|TRYAGAIN|CLUSTERDOWN|MASTERDOWN|NOREPLICAS|READONLY|MISCONF|Protocol error|Unknown RESP type)/

/** ioredis hangs the command on its errors, whole: the password of AUTH, the arguments of jobs. Only its name stays. */
function withoutArguments(error: unknown): unknown {
  for (let at: unknown = error; at instanceof Error; at = at.cause ?? previous(at)) {
    if (!('command' in at) || typeof at.command !== 'object' || at.command === null) continue
    at.command = { name: 'name' in at.command ? at.command.name : undefined }
  }
  return error
}

/** Said before the connection is closed. */
const FULL = /^ERR max number of clients/

/** What comes of speaking TLS to those who do not: silence, or an answer that is none. */
const NO_TLS = /^ETIMEDOUT$|WRONG_VERSION|PACKET_LENGTH/

/** What Node calls the ways in which a certificate can be wrong. */
const CERTIFICATE = /CERT|SIGNATURE|ALTNAME|ISSUER/

function isConnectionError(message: string): boolean {
  return /ECONN|ENOTFOUND|EPIPE|ETIMEDOUT|EAI_AGAIN|EHOSTUNREACH|ENOENT|max retries per request|Connection is closed|Command timed out|Stream isn't writeable|connect E/i.test(
    message,
  )
}

function firstWord(message: string): string {
  return /^[A-Z]+/.exec(message)?.[0] ?? 'refused'
}

/** The shortest true reason: the code of the socket error that ioredis hides behind its own. */
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
