import { RqError } from '@rq/core'
import type { Redis } from 'ioredis'
import { failWaiting } from './pending-commands.ts'

/**
 * Use no connection on which Redis refused the database. ioredis would go on in database 0. Calls that wait fail if a
 * later attempt would be refused too.
 */
export function failOnRefusedDatabase(client: Redis, where: string): void {
  client.on('error', (error: Error) => {
    if (!isReplyToSelect(error)) return
    const refusal = databaseRefusal(error, client.options.db ?? 0, where)
    if (refusal !== undefined) failWaiting(client, refusal)
    client.disconnect(true)
  })
}

/** The database of a client: of its last `select`, else of its options. */
export function databaseOf(client: Redis): number {
  // While it connects again, ioredis keeps the last state apart.
  for (const name of ['prevCondition', 'condition']) {
    const state: unknown = Reflect.get(client, name)
    if (typeof state === 'object' && state !== null && 'select' in state && typeof state.select === 'number') {
      return state.select
    }
  }
  return Number(client.options.db ?? 0)
}

/** The error of a caller's client that was in another database at its first use. */
export function databaseMoved(from: number, to: number, where: string): RqError {
  return new RqError(
    'RQ_CONFIG',
    `The client given was in database ${from} of Redis at ${where} when rq used it first, and is in ${to} now; nothing was sent. Give rq a client of its own: the URL, or client.duplicate().`,
    { details: { server: where, database: from } },
  )
}

/**
 * Check that a caller's client is in the database that it should be in: its connection may have been made before, in
 * another one. A user who may not ask is not checked.
 * @throws RqError `RQ_CONFIG`.
 */
export async function checkDatabase(client: Redis, where: string): Promise<void> {
  const expected = databaseOf(client)
  const info = await client.client('INFO').catch((error: Error) => {
    if (error.message.startsWith('NOPERM')) return ''
    throw error
  })
  const actual = /(?:^| )db=(\d+)/.exec(String(info))?.[1]
  if (actual === undefined || Number(actual) === Number(expected)) return
  throw new RqError(
    'RQ_CONFIG',
    `The client given is in database ${actual} of Redis at ${where}, and should be in ${expected}; nothing was sent. Does the database exist, and may the user run SELECT?`,
    { details: { server: where, database: Number(expected) } },
  )
}

/** The error of calls after Redis refused the database. Undefined if a later attempt may be granted. */
function databaseRefusal(error: Error, database: number, where: string): RqError | undefined {
  const options = { cause: error, details: { server: where, database } }
  const refused = `Redis at ${where} refused database ${database} (${error.message}); nothing was sent.`
  if (error.message.startsWith('NOPERM')) {
    return new RqError('RQ_REDIS_AUTH', `${refused} Let the user run SELECT, or use database 0.`, options)
  }
  if (!error.message.startsWith('ERR') || /max number of clients/.test(error.message)) return undefined
  return new RqError('RQ_CONFIG', `${refused} Use a database that the server has; a Cluster has only 0.`, options)
}

function isReplyToSelect(error: Error): boolean {
  if (!('command' in error) || typeof error.command !== 'object' || error.command === null) return false
  return 'name' in error.command && error.command.name === 'select'
}
