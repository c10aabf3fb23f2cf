import type { Run } from '@rq/testkit'
import type { Order } from './orders.ts'
import type { Trouble } from './troubles.ts'

/** A worker's report of a lost lease. */
interface Loss {
  readonly what: 'lease_lost'
  readonly jobId: string
  readonly ms: number
  /** Process id of the worker that reports it. */
  readonly by: number
}

/** A worker's report of a job that it took over from another one. */
export interface Takeover {
  readonly what: 'job:abandoned' | 'job:poisoned'
  readonly jobId: string
  readonly ms: number
  /** Process id of the worker that reports it. */
  readonly by: number
  /** Process id of the worker that had it last; 0 = unknown. */
  readonly holder: number
  /** How often the job had been lost by then. */
  readonly count: number
}

export type Word = Loss | Takeover

/** All records that were made outside of Redis. */
export interface Evidence {
  readonly orders: readonly Order[]
  readonly runs: readonly Run[]
  readonly troubles: readonly Trouble[]
  readonly words: readonly Word[]
  readonly leaseMs: number
}

/** The record of a run may be a little later or earlier than that in Redis. */
export const SETTLE_MS = 1500
/** The longest wait between two tries to connect, plus the time to send again. */
export const RECONNECT_MS = 5000

/** A span of time. */
export interface Span {
  readonly fromMs: number
  readonly toMs: number
}

/** Whether a worker could not reach Redis for so long that its leases may have ended. */
export function mayLoseLeases(pid: number, span: Span, { leaseMs, troubles }: Evidence): boolean {
  // A lease is renewed three times, so at least two thirds of it are left when a stall begins.
  return stallsOf(pid, span, troubles).longestMs >= (leaseMs * 2) / 3 - SETTLE_MS
}

/**
 * How long a message that a worker sent at the end of a span may have been on its way, and the longest time in which it
 * could send none.
 */
export function stallsOf(
  pid: number,
  { fromMs, toMs }: Span,
  troubles: readonly Trouble[],
): { untilMs: number; longestMs: number } {
  let untilMs = toMs + SETTLE_MS
  let longestMs = 0
  let stalled: { fromMs: number; untilMs: number } | undefined
  for (const stall of troubles) {
    if (stall.kind !== 'stall' || (stall.pid !== 0 && stall.pid !== pid)) continue
    if (stall.fromMs > untilMs || stall.toMs + RECONNECT_MS < fromMs) continue
    // A stall that begins before the connection is back prolongs the one before.
    const sinceMs = stalled !== undefined && stall.fromMs <= stalled.untilMs ? stalled.fromMs : stall.fromMs
    stalled = { fromMs: sinceMs, untilMs: Math.max(stalled?.untilMs ?? 0, stall.toMs + RECONNECT_MS) }
    longestMs = Math.max(longestMs, stall.toMs - sinceMs)
    if (stall.toMs + RECONNECT_MS > untilMs) untilMs = stall.toMs + RECONNECT_MS
  }
  return { untilMs, longestMs }
}
