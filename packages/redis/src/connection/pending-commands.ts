import { RqError, SECOND_MS } from '@rq/core'
import type { Redis } from 'ioredis'

/** How often a producer's command is sent, or waits for a connection: ioredis's maxRetriesPerRequest, plus one. */
const TRIES = 3
/** How often a worker sends a large command whose connection breaks each time. */
const LARGE_TRIES = 5
/** A command of this size may itself be the reason that its connection breaks. */
const LARGE = 1024 * 1024
/** After this time the next loss of its connection is a producer's last one. */
const LONG_MS = 20 * SECOND_MS

interface PendingCommand {
  readonly args?: readonly unknown[]
  reject(error: Error): void
}

interface CommandQueue {
  readonly length: number
  shift(): { readonly command: PendingCommand } | undefined
  push(item: { readonly command: PendingCommand }): unknown
}

/** The connections on which a command had no reply. */
interface Losses {
  readonly firstMs: number
  count: number
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
  filter(client, 'offlineQueue', () => error)
  filter(client, 'prevCommandQueue', () => error)
}

/**
 * Fail commands that had no reply when their connection broke. ioredis sends them again over the next one, without end:
 * each connection that is ready resets its count, and while none is, only the closing of the client would fail them.
 * - A producer's command fails after three connections, or with the second one if that took long.
 * - A worker's is sent again without end, for Redis may be away; but a large one fails after five connections that were
 *   ready and broke before its reply. It may be too large for what lies between.
 * - The closing of the client fails all.
 *
 * @param why the reason that the connection cannot be used.
 */
export function failAfterLostConnections(
  client: Redis,
  role: 'producer' | 'worker',
  why: () => Error | undefined,
): void {
  const losses = new WeakMap<PendingCommand, Losses>()
  let wasReady = false
  const lossesOf = (command: PendingCommand): Losses => {
    const known = losses.get(command) ?? { firstMs: performance.now(), count: 0 }
    if (role === 'producer' || wasReady) known.count += 1
    losses.set(command, known)
    return known
  }
  const errorOf = (command: PendingCommand): Error | undefined => {
    const { count, firstMs } = lossesOf(command)
    if (role === 'worker') {
      const size = count < LARGE_TRIES ? 0 : sizeOf(command)
      return size < LARGE ? undefined : brokenEachTime(size, count, why())
    }
    const isLast = count >= TRIES || (count > 1 && performance.now() - firstMs > LONG_MS)
    return isLast ? (why() ?? closed()) : undefined
  }
  client.on('ready', () => {
    wasReady = true
  })
  client.on('close', () => {
    filter(client, 'prevCommandQueue', errorOf)
    wasReady = false
  })
  client.on('end', () => filter(client, 'prevCommandQueue', () => why() ?? closed()))
}

function closed(): Error {
  return new Error('Connection is closed.')
}

function brokenEachTime(size: number, count: number, cause: Error | undefined): RqError {
  const megabytes = (size / 1024 / 1024).toFixed(1)
  return new RqError(
    'RQ_REDIS',
    `A call with ${megabytes} MB was sent over ${count} connections to Redis, and each of them broke before the reply${cause === undefined ? '' : ` (${cause.message})`}. Does something between here and Redis limit the size or the time of a request?`,
    { cause, details: { bytes: size } },
  )
}

function sizeOf({ args = [] }: PendingCommand): number {
  return args.reduce((sum: number, one) => {
    if (typeof one === 'string' || one instanceof Uint8Array) return sum + one.length
    return Array.isArray(one) ? sum + sizeOf({ args: one, reject: () => {} }) : sum
  }, 0)
}

/** Take the commands out of a queue for which there is an error, and fail them with it. */
function filter(client: Redis, name: string, errorOf: (command: PendingCommand) => Error | undefined): void {
  const queue: unknown = Reflect.get(client, name)
  if (!isCommandQueue(queue)) return
  for (let left = queue.length; left > 0; left--) {
    const item = queue.shift()
    if (item === undefined) break
    const error = errorOf(item.command)
    if (error === undefined) queue.push(item)
    else item.command.reject(error)
  }
}

function isCommandQueue(value: unknown): value is CommandQueue {
  return typeof value === 'object' && value !== null && 'shift' in value
}
