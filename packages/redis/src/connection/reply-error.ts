import { RqError } from '@rq/core'

type Options = ConstructorParameters<typeof RqError>[2]

/** What rq needs of a Cluster, for the end of a sentence. */
export const ONE_SLOT =
  "where all keys of rq must be in one hash slot. Set the option prefix to one with a hash tag, such as '{rq}:', in all programs that use these queues."

/**
 * Whether the server sent this error. Only then its first word says of what kind it is. The rest may hold the name of a
 * queue, or what else a caller sent.
 */
export function isReply(error: unknown): boolean {
  return error instanceof Error && (error.name === 'ReplyError' || wordOf(error.message) !== '')
}

/** The error for a reply. Only the beginning of the reply decides. */
export function replyError(reply: string, where: string, options: Options): RqError {
  const word = wordOf(reply)
  if (word === 'OOM') {
    return new RqError(
      'RQ_REDIS_OUT_OF_MEMORY',
      `Redis at ${where} has reached its maxmemory and refused the call, which stored nothing. Raise maxmemory or let workers empty the queues, then try again.`,
      { ...options, retryable: true },
    )
  }
  if (word === 'NOPERM' || NO_RIGHT.test(reply)) {
    return new RqError(
      'RQ_REDIS_AUTH',
      `The user lacks a right on Redis at ${where} (${reply}). ACL LOG has more; docs/acl.md has the rights of each role.`,
      options,
    )
  }
  if (word === 'NOAUTH' || word === 'WRONGPASS' || WRONG_PASSWORD.test(reply)) {
    return new RqError(
      'RQ_REDIS_AUTH',
      `Redis at ${where} refused the credentials (${word}). Check user and password.`,
      options,
    )
  }
  if (OLD_SERVER.test(reply)) {
    return new RqError(
      'RQ_REDIS_VERSION',
      `Redis at ${where} is too old: rq needs Redis 7.0 or Valkey 7.2, or newer, for its scripts.`,
      options,
    )
  }
  if (word === 'CROSSSLOT' || OTHER_SLOT.test(reply)) {
    return new RqError('RQ_CONFIG', `Redis at ${where} is a Cluster, ${ONE_SLOT}`, options)
  }
  if (word === 'MOVED' || word === 'ASK') {
    return new RqError(
      'RQ_CONFIG',
      `Redis at ${where} is a node of a Cluster, and another node has the keys. Give a Cluster client of ioredis as connection.`,
      options,
    )
  }
  if (isFull(reply)) return serverFull(where, options)
  return new RqError('RQ_REDIS', `Redis at ${where} answered with an error: ${reply}`, {
    ...options,
    retryable: PASSING.has(word),
  })
}

/** Whether a server with too many clients has sent this, before it closes the connection. */
export function isFull(reply: string): boolean {
  return reply.startsWith('ERR max number of clients')
}

export function serverFull(where: string, options: Options): RqError {
  return new RqError(
    'RQ_REDIS_UNREACHABLE',
    `Redis at ${where} accepts no more connections: its maxclients is reached. Raise maxclients or close connections, then try again.`,
    { ...options, retryable: true },
  )
}

/** Kinds of replies that a later attempt, or one over another connection, may not get. */
const PASSING: ReadonlySet<string> = new Set([
  'LOADING',
  'BUSY',
  'TRYAGAIN',
  'CLUSTERDOWN',
  'MASTERDOWN',
  'NOREPLICAS',
  'READONLY',
  'MISCONF',
])

// What Redis replies without a word of its own for it, so that it begins with ERR, or in a script with nothing.

/** To a script that would send a command that its user may not send. */
const NO_RIGHT = /^(?:ERR )?(?:ACL failure in script|The user executing the script can't (?:run|access|publish))/
const WRONG_PASSWORD = /^ERR invalid password/i
/** To the first line of a script, which older servers cannot read. */
const OLD_SERVER = /^ERR (?:Error compiling script .*user_script:1:|Unexpected engine)/
/** To a script with keys of several slots. */
const OTHER_SLOT = /^(?:ERR )?Script attempted to access (?:a non local key|keys that do not hash to the same slot)/

function wordOf(message: string): string {
  return /^[A-Z]+(?= |$)/.exec(message)?.[0] ?? ''
}
