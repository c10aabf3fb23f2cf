import { SECOND_MS } from '@rq/core'
import type { Redis } from 'ioredis'

export interface SilenceLimits {
  /** How long a connection that owes a reply may move no byte. */
  readonly silenceMs: number
  /**
   * The system takes bytes out of the process before it has sent them. For those without a reply so far this much is
   * allowed beside: as long as they take at this rate, in bytes a second.
   */
  readonly slowestRate: number
  /** The most bytes that count for that: more than systems take ahead. */
  readonly mostAhead: number
}

/**
 * Leaves time to renew a lease of the default length over another connection. With megabytes under way it is 23 s at
 * most.
 */
const SILENCE: SilenceLimits = {
  silenceMs: 7 * SECOND_MS,
  slowestRate: 1024 * 1024,
  mostAhead: 16 * 1024 * 1024,
}

/** How often a connection is looked at within the limit. */
const LOOKS = 7

/** What a look at a connection saw. */
interface Look {
  readonly stream: unknown
  readonly received: number
  /** Bytes that the system has taken. */
  readonly sent: number
  /** Bytes that wait for the system. */
  readonly waiting: number
}

/**
 * Break a connection that owes a reply and moves no byte in either direction. How long an upload takes does not matter:
 * ioredis's `socketTimeout` ends also those that go on.
 */
export function breakSilentConnections(client: Redis, limits: SilenceLimits = SILENCE): void {
  let last: Look | undefined
  let movedMs = 0
  let lookedMs = performance.now()
  const intervalMs = limits.silenceMs / LOOKS
  let answered = 0
  const look = () => {
    const { stream } = client
    if (stream === undefined || stream.destroyed) return
    const now = lookAt(client)
    const nowMs = performance.now()
    const before = last?.stream === stream ? last : { ...now, sent: 0, received: -1 }
    last = now
    const hasReceived = now.received !== before.received
    if (hasReceived) answered = before.sent
    // Small writes that the system takes at once say nothing about the other side.
    if (hasReceived || (before.waiting > 0 && now.sent > before.sent)) movedMs = nowMs
    const owes = owesReply(client)
    if (!owes) answered = now.sent
    // A process that was busy has not read yet what came meanwhile.
    if (!owes || nowMs - lookedMs > 2 * intervalMs) movedMs = nowMs
    lookedMs = nowMs
    const ahead = Math.min(now.sent - answered, limits.mostAhead)
    const limitMs = limits.silenceMs + (ahead / limits.slowestRate) * SECOND_MS
    if (nowMs - movedMs <= limitMs) return
    stream.destroy(new Error(`no reply for ${Math.round(limitMs / SECOND_MS)} s`))
  }
  const timer = setInterval(look, intervalMs).unref()
  client.once('end', () => clearInterval(timer))
}

function owesReply(client: Redis): boolean {
  const queue: unknown = Reflect.get(client, 'commandQueue')
  return typeof queue === 'object' && queue !== null && 'length' in queue && queue.length !== 0
}

function lookAt({ stream }: Redis): Look {
  const handle: unknown = Reflect.get(stream, '_handle')
  const dispatched = numberIn(handle, 'bytesWritten')
  const waiting = numberIn(handle, 'writeQueueSize')
  return { stream, received: numberIn(stream, 'bytesRead'), sent: dispatched - waiting, waiting }
}

function numberIn(value: unknown, name: string): number {
  const number: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
  return typeof number === 'number' ? number : 0
}
