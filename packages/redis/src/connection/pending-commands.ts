import type { Redis } from 'ioredis'

/** How often a command that waits for a connection is tried: ioredis's maxRetriesPerRequest of a producer, plus one. */
const TRIES = 3

interface CommandQueue {
  readonly length: number
  shift(): { readonly command: { reject(error: Error): void } } | undefined
}

/**
 * Fail the commands that wait for a connection when an attempt to connect times out: the next attempts would take as
 * long again. Commands that are sent later wait for a later attempt.
 */
export function failAfterConnectTimeout(client: Redis): void {
  client.on('error', (error: Error & { code?: string; syscall?: string }) => {
    if (error.code !== 'ETIMEDOUT' || error.syscall !== 'connect') return
    failWaiting(client, error)
  })
}

/** Fail the commands that wait for a connection. */
export function failWaiting(client: Redis, error: Error): void {
  failAll(client, 'offlineQueue', error)
  failAll(client, 'prevCommandQueue', error)
}

/**
 * Fail the commands that had no reply when the connection broke, after as many attempts to connect as commands that
 * came later get; when the client is closed, at the latest.
 *
 * ioredis keeps them for the next connection, in a queue that only a connection that is ready empties. While a server
 * opens connections and refuses commands (credentials revoked, a proxy without a server behind it), they would wait
 * forever, even after the client was closed.
 *
 * @param waitsForever whether only the closing of the client fails them.
 * @param why the reason that the connection cannot be used.
 */
export function failAfterLostConnections(client: Redis, waitsForever: boolean, why: () => Error | undefined): void {
  let losses = 0
  const fail = () => {
    failAll(client, 'prevCommandQueue', why() ?? new Error('Connection is closed.'))
  }
  client.on('ready', () => {
    losses = 0
  })
  client.on('close', () => {
    losses += 1
    if (!waitsForever && losses >= TRIES) fail()
  })
  client.on('end', fail)
}

function failAll(client: Redis, name: 'offlineQueue' | 'prevCommandQueue', error: Error): void {
  const queue: unknown = Reflect.get(client, name)
  if (!isCommandQueue(queue)) return
  while (queue.length > 0) queue.shift()?.command.reject(error)
}

function isCommandQueue(value: unknown): value is CommandQueue {
  return typeof value === 'object' && value !== null && 'shift' in value
}
