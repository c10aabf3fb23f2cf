import type { JobStatus } from '../status.ts'

/** What one dependency means for the job that waits for it. */
type Hold =
  /** It succeeded, or it no longer exists, which counts as success, as in RQ. */
  | 'none'
  /** It has not ended yet. */
  | 'waiting'
  /** It ended without success, and never releases the job. */
  | 'blocked'

/** A dependency and its status; undefined when the job no longer exists. */
export interface DependencyState {
  readonly id: string
  readonly status: JobStatus | undefined
}

/**
 * Whether a dependency holds its dependent back. A failed one does unless failure is allowed; a canceled or stopped one
 * always does, as in RQ.
 */
function holdOf(status: JobStatus | undefined, allowFailure: boolean): Hold {
  if (status === undefined || status === 'finished') return 'none'
  if (status === 'failed') return allowFailure ? 'none' : 'blocked'
  return status === 'canceled' || status === 'stopped' ? 'blocked' : 'waiting'
}

export interface Readiness {
  readonly ready: boolean
  /** Dependencies that have not ended, in order. */
  readonly waitingFor: readonly string[]
  /**
   * Dependencies that ended without success. They hold the job until they are requeued, deleted, or canceled with
   * dependents.
   */
  readonly blockedBy: readonly string[]
}

/** Whether a job may run, and which dependencies hold it back. */
export function readiness(dependencies: readonly DependencyState[], allowFailure: boolean): Readiness {
  const held = (hold: Hold) =>
    dependencies.filter(({ status }) => holdOf(status, allowFailure) === hold).map(({ id }) => id)
  const waitingFor = held('waiting')
  const blockedBy = held('blocked')
  return { ready: waitingFor.length + blockedBy.length === 0, waitingFor, blockedBy }
}
