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
  readonly result?: { readonly type: ResultType; readonly returnValue?: Payload; readonly excString?: string }
  readonly dialect: ResultDialect
  /** Which waiting dependents may go on: all, only those that allow failure, or none. */
  readonly releases: 'all' | 'allow_failure' | 'none'
  readonly counts: 'successful' | 'failed' | 'none'
  /** What the job has besides its hash, so that the script need not look: dependencies, a rate limit, a group. */
  readonly hasDependencies: boolean
  readonly rateLimitKey?: string
  /** For `queued` and `scheduled`: most seconds in the queue, counted anew. */
  readonly ttlS?: number
  readonly groupId?: string
  /** Set by the worker when it sent a heartbeat for this execution, which then has a record of its own. */
  readonly executionRecorded: boolean
}

type CounterField = 'retriesLeft' | 'numberOfRetries' | 'repeatsLeft' | 'repeatsDone'

export interface SettleDefaults {
  /** Seconds to keep results of jobs that do not say. Default 500. */
  readonly resultTtlS?: number
}

/** Decide what becomes of a job after an attempt. Pure: same input, same answer. */
export function settle(
  job: JobRecord,
  executionId: string,
  outcome: Outcome,
  defaults: SettleDefaults = {},
): Settlement {
  const base = {
    jobId: job.id,
    executionId,
    queue: job.origin,
    startedAtMs: outcome.startedAtMs,
    endedAtMs: outcome.endedAtMs,
    front: false,
    delayMs: 0,
    changes: {},
    dialect: job.results,
    hasDependencies: job.dependencyIds !== undefined,
    executionRecorded: false,
    ...(job.rateLimit === undefined ? {} : { rateLimitKey: job.rateLimit.key }),
    ...(job.groupId === undefined ? {} : { groupId: job.groupId }),
    ...(job.ttlS === undefined ? {} : { ttlS: job.ttlS }),
  } as const
  const failureTtlS = job.failureTtlS ?? DEFAULT_FAILURE_TTL_S

  switch (outcome.kind) {
    case 'returned': {
      const result = { type: 'successful', ...value(outcome.value) } as const
      const done = { ...base, result, releases: 'all', counts: 'successful' } as const
      const repeatsLeft = job.repeatsLeft ?? 0
      if (repeatsLeft > 0) {
        const repeatsDone = job.repeatsDone ?? 0
        const waitS = intervalAt(job.repeatIntervalsS, repeatsDone)
        return {
          ...done,
          ...again(waitS, job.enqueueAtFront ?? false),
          changes: { repeatsLeft: repeatsLeft - 1, repeatsDone: repeatsDone + 1 },
          dialect: 'stream',
        }
      }
      return { ...done, to: 'finished', keepS: job.resultTtlS ?? defaults.resultTtlS ?? DEFAULT_RESULT_TTL_S }
    }
    case 'returned_retry': {
      const count = job.numberOfRetries ?? 0
      if (count >= outcome.retry.max) {
        const result = { type: 'max_retries_exceeded', ...value(outcome.value) } as const
        const failed = { to: 'failed', keepS: failureTtlS, releases: 'allow_failure', counts: 'failed' } as const
        return { ...base, ...failed, result, dialect: 'stream' }
      }
      return {
        ...base,
        ...again(intervalAt(outcome.retry.intervalsS, count), false),
        changes: { numberOfRetries: count + 1 },
        result: { type: 'retried', ...value(outcome.value) },
        dialect: 'stream',
        releases: 'none',
        counts: 'failed',
      }
    }
    case 'stopped': {
      const result = { type: 'stopped', excString: outcome.error } as const
      return { ...base, to: 'stopped', keepS: failureTtlS, result, releases: 'none', counts: 'failed' }
    }
    case 'raised':
    case 'abandoned': {
      const retriesLeft = job.retriesLeft ?? 0
      const poisoned = outcome.kind === 'abandoned' && outcome.poisoned === true
      if (retriesLeft > 0 && !poisoned) {
        const intervals = job.retryIntervalsS ?? []
        const waitS = intervalAt(intervals, intervals.length - retriesLeft)
        return {
          ...base,
          ...again(waitS, job.enqueueAtFrontOnRetry ?? false),
          changes: { retriesLeft: retriesLeft - 1 },
          releases: 'none',
          counts: 'failed',
        }
      }
      if (outcome.kind === 'abandoned' && outcome.requeue === true && !poisoned) {
        return { ...base, ...again(0, true), releases: 'none', counts: 'none' }
      }
      const result = { type: 'failed', excString: outcome.error } as const
      return { ...base, to: 'failed', keepS: failureTtlS, result, releases: 'allow_failure', counts: 'failed' }
    }
  }
}

function again(waitS: number, front: boolean) {
  return waitS > 0
    ? ({ to: 'scheduled', keepS: -1, front, delayMs: waitS * SECOND_MS } as const)
    : ({ to: 'queued', keepS: -1, front, delayMs: 0 } as const)
}

function value(payload: Payload | undefined): { returnValue?: Payload } {
  return payload === undefined ? {} : { returnValue: payload }
}
