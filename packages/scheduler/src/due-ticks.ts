import { SECOND_MS } from '@rq/core'
import type { Recurrence } from './recurrence.ts'

/**
 * What to do about ticks that no scheduler was running for: `skip` them, enqueue the last one `once`, or `all` (the
 * last 100). A tick that is at most 30 s late is not missed: it is still enqueued, also with `skip`.
 */
export const CATCH_UP = ['skip', 'once', 'all'] as const

export type CatchUp = (typeof CATCH_UP)[number]

/** Long enough for a restart or a failover. */
export const LATE_MS = 30 * SECOND_MS
export const MOST_CAUGHT_UP = 100

/** Where a recurrence stands. Times are epoch milliseconds. */
export interface Position {
  /** Ticks up to this time are done. */
  readonly afterMs: number
  /** The time from which an interval counts. */
  readonly anchorMs: number
}

/** The ticks to enqueue now, in order. */
export function dueTicks(
  recurrence: Recurrence,
  { afterMs, anchorMs }: Position,
  nowMs: number,
  catchUp: CatchUp,
): readonly number[] {
  const ticks = recurrence.last(catchUp === 'all' ? MOST_CAUGHT_UP : 1, afterMs, nowMs, anchorMs)
  return catchUp === 'skip' ? ticks.filter((tick) => nowMs - tick <= LATE_MS) : ticks
}
