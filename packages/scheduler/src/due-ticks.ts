import { SECOND_MS } from '@rq/core'
import type { Recurrence } from './recurrence.ts'

/**
 * What becomes of ticks that no scheduler was there for: nothing, the last one made up for, or all of them (the last 100).
 * A tick that is at most 30 s late is not missed: it is still enqueued, also with `skip`.
 */
export const CATCH_UP = ['skip', 'once', 'all'] as const

export type CatchUp = (typeof CATCH_UP)[number]

/** Long enough for a restart or a failover. */
export const LATE_MS = 30 * SECOND_MS
export const MOST_CAUGHT_UP = 100

/** Where a recurrence stands. Times are epoch milliseconds. */
export interface Position {
  /** Ticks up to this time are over and done with. */
  readonly afterMs: number
  /** What an interval counts from. */
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
