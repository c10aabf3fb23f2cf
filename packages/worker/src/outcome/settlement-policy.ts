import {
  type AttemptTimes,
  type Claimed,
  type JobRecord,
  type Outcome,
  type Settlement,
  settle,
  UNLIMITED,
} from '@rq/job'

export interface SettlementPolicyOptions {
  /** How long to keep results of jobs that do not say, in seconds. */
  readonly defaultResultTtlS: number
  /** What becomes of an abandoned job without retries left. */
  readonly onAbandoned: 'requeue' | 'fail'
  /** Whether a failed job gets no more than its status, and a failed attempt leaves nothing. */
  readonly disableDefaultExceptionHandler: boolean
  /** How long a job goes back whose function its worker does not know, in milliseconds. Absent: it fails. */
  readonly returnUnknownForMs?: number | undefined
}

/** Decides what becomes of a job, by the options of its worker. Pure, but for the length of a pause. */
export class SettlementPolicy {
  readonly #options: SettlementPolicyOptions

  constructor(options: SettlementPolicyOptions) {
    this.#options = options
  }

  settle({ executionId, hint, job }: Claimed, outcome: Outcome): Settlement {
    const { defaultResultTtlS: resultTtlS, disableDefaultExceptionHandler, returnUnknownForMs } = this.#options
    const settlement = settle(job, executionId, outcome, { resultTtlS, hint, returnUnknownForMs })
    if (!disableDefaultExceptionHandler || settlement.result?.excString === undefined) return settlement
    const { result: _, ...rest } = settlement
    return settlement.to === 'failed' ? { ...rest, keepS: UNLIMITED, unlisted: true } : rest
  }

  /**
   * What becomes of a job whose end the store refuses: it fails, whatever it says of retries and times, with as little
   * as can be stored.
   * @param error - undefined when that cannot be stored either.
   */
  refused({ executionId, job }: Claimed, error: string | undefined, nowMs: number): Settlement {
    const { createdAtMs, groupId, id, origin, rateLimit } = job
    const bare: JobRecord = { id, origin, status: 'started', data: '', createdAtMs, results: 'hash' }
    if (groupId !== undefined) bare.groupId = groupId
    if (rateLimit !== undefined) bare.rateLimit = rateLimit
    if (job.dependencyIds !== undefined) bare.dependencyIds = job.dependencyIds
    const times = { startedAtMs: nowMs, endedAtMs: nowMs }
    const settlement = this.settle({ executionId, job: bare }, { kind: 'raised', error: error ?? '', ...times })
    if (error !== undefined) return settlement
    const { result: _, ...rest } = settlement
    return rest
  }

  /** What becomes of a job that its worker abandoned. */
  abandoned(claimed: Claimed, error: string, { poisoned, ...times }: AttemptTimes & { poisoned: boolean }): Settlement {
    const requeue = this.#options.onAbandoned === 'requeue'
    return this.settle(claimed, { kind: 'abandoned', error, requeue, poisoned: poisoned, ...times })
  }
}
