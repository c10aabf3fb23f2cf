/** The most settlements in one call: while its script runs, Redis answers no other client. */
export const MOST_SETTLED_AT_ONCE = 200
/** The most settling calls under way at once. */
const MOST_CALLS = 3
/** A further call must carry this many settlements to be worth its cost. */
const WORTH_ANOTHER_CALL = 64

/** What the store loop knows when it decides what to do next. */
export interface LoopState {
  /** The loop must end. */
  closing: boolean
  /** Claimed jobs that wait to be returned to their queues. */
  returns: number
  /** Settlements that wait to be sent. */
  settlements: number
  /** Settling calls under way. */
  calls: number
  /** The time to gather settlements is over. */
  gathered: boolean
  /** The horses have work for some milliseconds. */
  hasBacklog: boolean
  /** How many jobs may be claimed now. */
  claimable: number
  /** The last claim found fewer jobs than it asked for. */
  queuesEmpty: boolean
  /**
   * The record of the worker shows that it is busy, and it has no jobs: the last ones ended in two calls, neither of
   * which knew that it was the last. A claim corrects the record.
   */
  showsGoneJobs: boolean
}

/**
 * - `end`: leave the loop;
 * - `return`: return jobs to their queues;
 * - `wait`: for a call under way;
 * - `gather`: wait for more settlements, since with short jobs a call for each costs more than the jobs;
 * - `settle`: send settlements, and claim along with them;
 * - `claim`: claim alone;
 * - `idle`: there is nothing to send.
 */
export type Step = 'end' | 'return' | 'wait' | 'gather' | 'settle' | 'claim' | 'idle'

/** Decide what the store loop does next. Pure. */
export function nextStep(state: LoopState): Step {
  if (state.closing) return 'end'
  if (state.returns > 0) return 'return'
  if (state.calls >= MOST_CALLS) return 'wait'
  if (state.calls > 0 && state.settlements < WORTH_ANOTHER_CALL) return 'wait'
  if (state.hasBacklog && !state.gathered && state.settlements < MOST_SETTLED_AT_ONCE) return 'gather'
  if (state.settlements > 0) return 'settle'
  if (state.claimable > 0 && (!state.queuesEmpty || state.showsGoneJobs)) return 'claim'
  return 'idle'
}
