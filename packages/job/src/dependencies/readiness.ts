import type { JobStatus } from '../status.ts'

/** What one dependency means for the job that waits for it. */
type Hold =
  /** Nothing: it is done, or gone (a missing job counts as done, as in RQ). */
  | 'none'
  /** It has not ended yet. */
  | 'waiting'
  /** It ended in a way that never lets this job go on. */
  | 'blocked'

/** A dependency as it is now; `status` undefined: there is no such job any more. */
export interface DependencyState {
  readonly id: string
  readonly status: JobStatus | undefined
}

/**
 * Whether a dependency holds its dependent back. A failed one blocks unless failure is allowed;
 * a canceled or stopped one blocks always (RQ).
 */
function holdOf(status: JobStatus | undefined, allowFailure: boolean): Hold {
  if (status === undefined || status === 'finished') return 'none'
  if (status === 'failed') return allowFailure ? 'none' : 'blocked'
  return status === 'canceled' || status === 'stopped' ? 'blocked' : 'waiting'
}

export interface Readiness {
  readonly ready: boolean
  /** Still to end, in order. */
  readonly waitingFor: readonly string[]
  /** Will never let it go on unless somebody acts (requeue, cancel with dependents, delete). */
  readonly blockedBy: readonly string[]
}

/** Whether a job may run, and if not, what holds it back. */
export function readiness(dependencies: readonly DependencyState[], allowFailure: boolean): Readiness {
  const held = (hold: Hold) =>
    dependencies.filter(({ status }) => holdOf(status, allowFailure) === hold).map(({ id }) => id)
  const waitingFor = held('waiting')
  const blockedBy = held('blocked')
  return { ready: waitingFor.length + blockedBy.length === 0, waitingFor, blockedBy }
}
