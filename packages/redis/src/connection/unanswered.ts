import type { Redis } from 'ioredis'

/** As many tries as a command has that waits for a connection: ioredis's maxRetriesPerRequest, and the first one. */
const TRIES = 3

interface Waiting {
  readonly length: number
  shift(): { readonly command: { reject(error: Error): void } } | undefined
}

/**
 * See to it that no command of a producer waits longer than for one connection that comes to nothing: where nobody answers,
 * the next tries would take as long again. What is sent later waits for a later try.
 */
export function giveUpUnconnected(client: Redis): void {
  client.on('error', (error: Error & { code?: string; syscall?: string }) => {
    if (error.code !== 'ETIMEDOUT' || error.syscall !== 'connect') return
    rejectAll(client, 'offlineQueue', error)
    rejectAll(client, 'prevCommandQueue', error)
  })
}

/**
 * See to it that commands which were under way when the connection broke are given up as those that came later are.
 *
 * ioredis keeps them for the next connection, in a queue that only a connection that is ready empties: while the server opens
 * connections and lets none in (credentials revoked, a proxy without a server behind it) they would wait for ever, and at the
 * end of the client, too. An `isPatient` client gives them up at its end only. `why` is what the connection suffers from.
 */
export function giveUpUnanswered(client: Redis, isPatient: boolean, why: () => Error | undefined): void {
  let losses = 0
  const giveUp = () => {
    rejectAll(client, 'prevCommandQueue', why() ?? new Error('Connection is closed.'))
  }
  client.on('ready', () => {
    losses = 0
  })
  client.on('close', () => {
    losses += 1
    if (!isPatient && losses >= TRIES) giveUp()
  })
  client.on('end', giveUp)
}

function rejectAll(client: Redis, queue: 'offlineQueue' | 'prevCommandQueue', error: Error): void {
  const waiting: unknown = Reflect.get(client, queue)
  if (!isWaiting(waiting)) return
  while (waiting.length > 0) waiting.shift()?.command.reject(error)
}

function isWaiting(value: unknown): value is Waiting {
  return typeof value === 'object' && value !== null && 'shift' in value
}
