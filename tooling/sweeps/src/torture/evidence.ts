import type { Run } from '@rq/testkit'
import type { Order } from './orders.ts'
import type { Trouble } from './troubles.ts'

/** What a worker told of a job whose lease it had lost. */
interface Loss {
  readonly what: 'lease_lost'
  readonly jobId: string
  readonly ms: number
  /** Process id of who told it. */
  readonly by: number
}

/** What a worker told of a job that it took over from another one. */
export interface Takeover {
  readonly what: 'job:abandoned' | 'job:poisoned'
  readonly jobId: string
  readonly ms: number
  /** Process id of who told it. */
  readonly by: number
  /** Process id of the worker that had it last; 0 = not known. */
  readonly holder: number
  /** How often it had been lost by then. */
  readonly count: number
}

export type Word = Loss | Takeover

/** All that was noted outside of Redis. */
export interface Evidence {
  readonly orders: readonly Order[]
  readonly runs: readonly Run[]
  readonly troubles: readonly Trouble[]
  readonly words: readonly Word[]
  readonly leaseMs: number
}

/** The note of a run is written a little later or earlier than what Redis knows. */
export const SETTLE_MS = 1500
/** The longest wait between two tries to connect, and what it takes to send again. */
export const RECONNECT_MS = 5000

/** A stretch of time. */
export interface Span {
  readonly fromMs: number
  readonly toMs: number
}

/** Whether a worker could not reach Redis for so long at a time that the leases it held may have ended. */
export function mayLoseLeases(pid: number, span: Span, { leaseMs, troubles }: Evidence): boolean {
  // A lease is renewed three times, so two thirds of it are left when a stall begins at the worst time.
  return stallsOf(pid, span, troubles).longestMs >= (leaseMs * 2) / 3 - SETTLE_MS
}

/** How long what a worker sent at the end of a span may have been on its way, and the longest time in which it could send nothing. */
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
    // What begins before the connection is back prolongs the one before.
    const sinceMs = stalled !== undefined && stall.fromMs <= stalled.untilMs ? stalled.fromMs : stall.fromMs
    stalled = { fromMs: sinceMs, untilMs: Math.max(stalled?.untilMs ?? 0, stall.toMs + RECONNECT_MS) }
    longestMs = Math.max(longestMs, stall.toMs - sinceMs)
    if (stall.toMs + RECONNECT_MS > untilMs) untilMs = stall.toMs + RECONNECT_MS
  }
  return { untilMs, longestMs }
}
