import { SECOND_MS } from '@rq/core'
import type { JobRecord } from './record.ts'
import type { Settlement } from './settlement.ts'

/**
 * A job whose function no module of a worker's build has may belong to another build: it goes back for a pause, again
 * and again, until it has waited for as long as workers allow. What counts is the sum of its pauses, which the job
 * carries with it: a restart of a worker does not begin anew, the time in a queue without workers is not held against
 * the job, and no two clocks are compared (ADR 58).
 */

/** The range of a pause: as long as all before it, so that a job is looked at often at first. */
const SHORTEST_PAUSE_MS = SECOND_MS
const LONGEST_PAUSE_MS = 30 * SECOND_MS
/** How far chance moves a pause, so that many jobs do not come back at once: by a quarter to either side. */
const SPREAD = 0.5

/** Whether a job whose function is unknown goes back once more. */
export function mayBeReturned({ returnedMs = 0 }: Pick<JobRecord, 'returnedMs'>, returnForMs: number): boolean {
  return returnedMs < returnForMs
}

/** How long it waits for the next worker, in milliseconds. The last pause ends when its time is over. */
export function returnPauseMs(
  { returnedMs = 0 }: Pick<JobRecord, 'returnedMs'>,
  returnForMs: number,
  random: () => number = Math.random,
): number {
  const pauseMs = Math.min(Math.max(returnedMs, SHORTEST_PAUSE_MS), LONGEST_PAUSE_MS)
  const spread = 1 + SPREAD * (random() - 0.5)
  return Math.ceil(Math.min(pauseMs * spread, returnForMs - returnedMs))
}

/** Whether a settlement returns a job whose function is unknown. */
export function isReturn({ changes }: Pick<Settlement, 'changes'>): boolean {
  return (changes.returnedMs ?? 0) > 0
}

/** The changes of a job that was returned before: when its function is unknown again, it may wait as long again. */
export function forgettingReturns(changes: Settlement['changes']): Settlement['changes'] {
  return changes.returnedMs === undefined ? { ...changes, returnedMs: 0 } : changes
}
