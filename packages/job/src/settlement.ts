import { SECOND_MS } from '@rq/core'
import { DEFAULT_FAILURE_TTL_S, DEFAULT_RESULT_TTL_S } from './defaults.ts'
import type { JobRecord, Payload, ResultDialect } from './record.ts'
import type { ResultType } from './result.ts'
import { intervalAt } from './retry.ts'

/** When an attempt ran, by the clock of the process that ran it. */
export interface AttemptTimes {
  readonly startedAtMs: number
  readonly endedAtMs: number
}

/** A Retry that a job function returned, as data. */
export interface ReturnedRetry {
  readonly max: number
  readonly intervalsS: readonly number[]
  readonly enqueueAtFront?: boolean
}

/** How an attempt ended. */
export type Outcome = AttemptTimes &
  (
    | { readonly kind: 'returned'; readonly value?: Payload }
    | { readonly kind: 'returned_retry'; readonly retry: ReturnedRetry; readonly value?: Payload }
    | { readonly kind: 'raised'; readonly error: string }
    | { readonly kind: 'stopped'; readonly error: string }
    /** The lease was lost with its worker; `requeue` asks for another run whatever the retries. */
    | { readonly kind: 'abandoned'; readonly error: string; readonly requeue?: boolean; readonly poisoned?: boolean }
  )

/**
 * What to do with a job whose attempt has ended: the whole decision as plain data, applied by one script
 * only if the execution still owns the job.
 */
export interface Settlement extends AttemptTimes {
  readonly jobId: string
  readonly executionId: string
  readonly queue: string
  readonly to: 'finished' | 'failed' | 'stopped' | 'queued' | 'scheduled'
  /** Seconds that an ended job is kept: -1 for ever, 0 not at all. */
  readonly keepS: number
  /** For `queued`: at the head. */
  readonly front: boolean
  /** For `scheduled`: how long from now (Redis time). */
  readonly delayMs: number
  /** For `failed`: put it into no registry, as RQ does when its default exception handler is disabled. */
  readonly unlisted?: boolean
  /** The counters that change with the move. */
  readonly changes: Readonly<Pick<JobRecord, CounterField>>
  /** The history entry of this attempt, if it leaves one. */
  readonly result?:
    | { readonly type: ResultType; readonly returnValue?: Payload | undefined; readonly excString?: string }
    | undefined
  readonly dialect: ResultDialect
  /** Which waiting dependents may go on: all, only those that allow failure, or none. */
  readonly releases: 'all' | 'allow_failure' | 'none'
  readonly counts: 'successful' | 'failed' | 'none'
  /** What the job has besides its hash, so that the script need not look: dependencies, a rate limit, a group. */
  readonly hasDependencies: boolean
  readonly rateLimitKey?: string | undefined
  /** For `queued` and `scheduled`: most seconds in the queue, counted anew. */
  readonly ttlS?: number | undefined
  readonly groupId?: string | undefined
  /** Set by the worker when it sent a heartbeat for this execution, which then has a record of its own. */
  readonly executionRecorded: boolean
}

type CounterField = 'retriesLeft' | 'numberOfRetries' | 'repeatsLeft' | 'repeatsDone' | 'abandonedCount'

export interface SettleDefaults {
  /** Seconds to keep results of jobs that do not say. Default 500. */
  readonly resultTtlS?: number
}

/** What becomes of the job, without what follows from the job and its attempt alone. */
type Verdict = Pick<
  Settlement,
  'to' | 'keepS' | 'front' | 'delayMs' | 'changes' | 'result' | 'dialect' | 'releases' | 'counts'
>

const NOTHING = { front: false, delayMs: 0, changes: {}, result: undefined } as const

/** Decide what becomes of a job after an attempt. Pure: same input, same answer. */
export function settle(
  job: JobRecord,
  executionId: string,
  outcome: Outcome,
  defaults: SettleDefaults = {},
): Settlement {
  const { to, keepS, front, delayMs, changes, result, dialect, releases, counts } = decide(job, outcome, defaults)
  // One literal: a spread of so many fields costs a worker more than the decision.
  return {
    jobId: job.id,
    executionId,
    queue: job.origin,
    to,
    keepS,
    front,
    delayMs,
    changes,
    result,
    dialect,
    releases,
    counts,
    startedAtMs: outcome.startedAtMs,
    endedAtMs: outcome.endedAtMs,
    hasDependencies: job.dependencyIds !== undefined,
    rateLimitKey: job.rateLimit?.key,
    groupId: job.groupId,
    ttlS: job.ttlS,
    executionRecorded: false,
  }
}

function decide(job: JobRecord, outcome: Outcome, defaults: SettleDefaults): Verdict {
  const { results: dialect, failureTtlS = DEFAULT_FAILURE_TTL_S } = job
  switch (outcome.kind) {
    case 'returned': {
      const result = { type: 'successful', returnValue: outcome.value } as const
      const { abandonedCount = 0, repeatsDone = 0, repeatsLeft = 0 } = job
      const done = { result, releases: 'all', counts: 'successful' } as const
      if (repeatsLeft <= 0) {
        const keepS = job.resultTtlS ?? defaults.resultTtlS ?? DEFAULT_RESULT_TTL_S
        return { to: 'finished', keepS, dialect, ...NOTHING, ...done }
      }
      // What has come to its end is no poison.
      const innocence = abandonedCount > 0 ? { abandonedCount: 0 } : {}
      const changes = { repeatsLeft: repeatsLeft - 1, repeatsDone: repeatsDone + 1, ...innocence }
      const waitS = intervalAt(job.repeatIntervalsS, repeatsDone)
      return { ...again(waitS, job.enqueueAtFront ?? false), ...done, changes, dialect: 'stream' }
    }
    case 'returned_retry': {
      const { numberOfRetries: count = 0 } = job
      const returnValue = outcome.value
      if (count >= outcome.retry.max) {
        const result = { type: 'max_retries_exceeded', returnValue } as const
        return { ...failed(failureTtlS), result, dialect: 'stream' }
      }
      const result = { type: 'retried', returnValue } as const
      const waitS = intervalAt(outcome.retry.intervalsS, count)
      const changes = { numberOfRetries: count + 1 }
      const front = outcome.retry.enqueueAtFront ?? false
      return { ...again(waitS, front), changes, result, dialect: 'stream', releases: 'none', counts: 'failed' }
    }
    case 'stopped': {
      const result = { type: 'stopped', excString: outcome.error } as const
      return { ...failed(failureTtlS), to: 'stopped', result, dialect, releases: 'none' }
    }
    case 'raised':
    case 'abandoned': {
      const { retriesLeft = 0, retryIntervalsS: intervals = [] } = job
      const isAbandoned = outcome.kind === 'abandoned'
      const isPoisoned = isAbandoned && outcome.poisoned === true
      if (retriesLeft > 0 && !isPoisoned) {
        const waitS = intervalAt(intervals, intervals.length - retriesLeft)
        const changes = { retriesLeft: retriesLeft - 1 }
        return {
          ...again(waitS, job.enqueueAtFrontOnRetry ?? false),
          changes,
          dialect,
          releases: 'none',
          counts: 'failed',
        }
      }
      if (isAbandoned && outcome.requeue === true && !isPoisoned) {
        return { ...again(0, true), dialect, releases: 'none', counts: 'none' }
      }
      return { ...failed(failureTtlS), result: { type: 'failed', excString: outcome.error }, dialect }
    }
  }
}

function failed(keepS: number) {
  return { ...NOTHING, to: 'failed', keepS, releases: 'allow_failure', counts: 'failed' } as const
}

function again(waitS: number, front: boolean) {
  return waitS > 0
    ? ({ ...NOTHING, to: 'scheduled', keepS: -1, front, delayMs: waitS * SECOND_MS } as const)
    : ({ ...NOTHING, to: 'queued', keepS: -1, front } as const)
}
