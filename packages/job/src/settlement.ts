import { SECOND_MS, show } from '@rq/core'
import { DEFAULT_FAILURE_TTL_S, DEFAULT_RESULT_TTL_S, UNLIMITED } from './defaults.ts'
import type { JobRecord, Payload, ResultDialect } from './record.ts'
import type { ResultType } from './result.ts'
import { intervalAt, type ReturnedRetry } from './retry.ts'
import { forgettingReturns, mayBeReturned, returnPauseMs } from './unknown-function.ts'

/** When an attempt ran, by the clock of the process that ran it. */
export interface AttemptTimes {
  readonly startedAtMs: number
  readonly endedAtMs: number
}

/** What the error of an attempt, or the function that its `Retry` names, says about another attempt. */
export interface RetryVerdict {
  /** No other attempt, whatever retries are left. */
  readonly isFinal?: boolean | undefined
  /** How long to wait for the next attempt, in milliseconds. Absent: as the `Retry` says. */
  readonly retryDelayMs?: number | undefined
}

/** How an attempt ended. */
export type Outcome = AttemptTimes &
  /**
   * `unwritten`: why the value could not be written; a placeholder is stored instead. `remote`: the error as data, in
   * JSON.
   */
  (
    | { readonly kind: 'returned'; readonly value?: Payload; readonly unwritten?: string }
    | { readonly kind: 'returned_retry'; readonly retry: ReturnedRetry; readonly value?: Payload }
    | ({ readonly kind: 'raised'; readonly error: string; readonly remote?: string | undefined } & RetryVerdict)
    | { readonly kind: 'stopped'; readonly error: string }
    /** The build of the worker has no such function, and another one may: nothing of the job was run. */
    | { readonly kind: 'unknown_function'; readonly error: string; readonly remote?: string | undefined }
    /** The worker died with the lease. `requeue`: run again even without retries; `poisoned`: never run again. */
    | { readonly kind: 'abandoned'; readonly error: string; readonly requeue?: boolean; readonly poisoned?: boolean }
  )

/**
 * What to do with a job whose attempt has ended, as plain data. One script applies it, and only if the execution still
 * owns the job.
 */
export interface Settlement extends AttemptTimes {
  readonly jobId: string
  readonly executionId: string
  readonly queue: string
  readonly to: 'finished' | 'failed' | 'stopped' | 'queued' | 'scheduled'
  /** Seconds that an ended job is kept: -1 without limit, 0 not at all. */
  readonly keepS: number
  /** For `queued`: put it at the head of its queue. */
  readonly front: boolean
  /** For `scheduled`: when it is due, in milliseconds from now, by the store's clock. */
  readonly delayMs: number
  /** For `failed`: add it to no registry, as RQ does when its default exception handler is disabled. */
  readonly unlisted?: boolean
  /** The counters that change with the move. Each retry of a failed attempt takes one from `retriesLeft`. */
  readonly changes: Readonly<Pick<JobRecord, CounterField>>
  /** The result of this attempt; undefined when it leaves none. */
  readonly result?:
    | {
        readonly type: ResultType
        readonly returnValue?: Payload | undefined
        readonly excString?: string
        /** The error as data, in JSON. */
        readonly remote?: string | undefined
      }
    | undefined
  readonly dialect: ResultDialect
  /** Which dependents are released: all, only those that allow failure, or none. */
  readonly releases: 'all' | 'allow_failure' | 'none'
  /** The counter of the worker that goes up. */
  readonly counts: 'successful' | 'failed' | 'none'
  /** Whether the job has dependencies. This and the next fields spare the script a look at the job. */
  readonly hasDependencies: boolean
  readonly rateLimitKey?: string | undefined
  /** For `queued` and `scheduled`: the time limit in the queue in seconds, which starts again. */
  readonly ttlS?: number | undefined
  readonly groupId?: string | undefined
  /** The unique key that the job does not hold any longer. */
  readonly freesKey?: string | undefined
  /** True when the worker sent a heartbeat for this execution, which therefore has a record. */
  readonly executionRecorded: boolean
  /** That of the claim, see `Claimed`. */
  readonly hint?: number | undefined
}

type CounterField =
  | 'retriesLeft'
  | 'retryMax'
  | 'numberOfRetries'
  | 'repeatsLeft'
  | 'repeatsDone'
  | 'abandonedCount'
  | 'returnedMs'
  | 'returnForMs'

export interface SettleDefaults {
  /** Seconds to keep finished jobs that have no `resultTtlS`. Default 500. */
  readonly resultTtlS?: number
  /** That of the claim. */
  readonly hint?: number | undefined
  /** How long jobs may wait whose function is unknown, in milliseconds. Absent: they fail. */
  readonly returnUnknownForMs?: number | undefined
  /** Chooses the length of a pause within its range. Default `Math.random`. */
  readonly random?: (() => number) | undefined
}

/** The part of a settlement that depends on the outcome. */
type Decision = Pick<
  Settlement,
  'to' | 'keepS' | 'front' | 'delayMs' | 'changes' | 'result' | 'dialect' | 'releases' | 'counts'
>

/**
 * Decide what becomes of a job after an attempt. Pure: same input, same answer.
 * @throws TypeError for an outcome of another kind.
 */
export function settle(
  job: JobRecord,
  executionId: string,
  outcome: Outcome,
  defaults: SettleDefaults = {},
): Settlement {
  const { to, keepS, front, delayMs, changes, result, dialect, releases, counts } = decide(job, outcome, defaults)
  // One literal: a spread of all these fields costs a worker more than the decision.
  return {
    jobId: job.id,
    executionId,
    queue: job.origin,
    to,
    keepS,
    front,
    delayMs,
    changes: (job.returnedMs ?? 0) > 0 ? forgettingReturns(changes) : changes,
    result,
    dialect,
    releases,
    counts,
    startedAtMs: outcome.startedAtMs,
    endedAtMs: outcome.endedAtMs,
    hasDependencies: job.dependencyIds !== undefined,
    rateLimitKey: job.rateLimit?.key,
    groupId: job.groupId,
    freesKey: to === 'queued' || to === 'scheduled' || job.unique?.until === 'deleted' ? undefined : job.unique?.key,
    ttlS: job.ttlS,
    executionRecorded: false,
    hint: defaults.hint,
  }
}

function decide(job: JobRecord, outcome: Outcome, defaults: SettleDefaults): Decision {
  const { numberOfRetries = 0, repeatsLeft = 0, retriesLeft = 0 } = job
  switch (outcome.kind) {
    case 'returned':
      return repeatsLeft > 0 ? repeated(job, outcome.value) : finished(job, outcome.value, defaults)
    case 'returned_retry': {
      const { retry, value } = outcome
      return numberOfRetries < retry.max ? retriedAsReturned(job, retry, value) : retriedTooOften(job, value)
    }
    case 'raised':
      return retriesLeft > 0 && outcome.isFinal !== true
        ? retried(job, outcome.error, outcome.remote, outcome.retryDelayMs)
        : failed(job, outcome.error, outcome.remote)
    case 'stopped':
      return stopped(job, outcome.error)
    case 'abandoned':
      if (outcome.poisoned === true) return failed(job, outcome.error)
      if (retriesLeft > 0) return retried(job, outcome.error)
      return outcome.requeue === true ? requeued(job) : failed(job, outcome.error)
    case 'unknown_function': {
      const { random, returnUnknownForMs: mostMs } = defaults
      return mostMs === undefined || !mayBeReturned(job, mostMs)
        ? failed(job, outcome.error, outcome.remote)
        : returned(job, mostMs, random)
    }
    default:
      outcome satisfies never
      throw new TypeError(`Not an outcome: its kind is ${show((outcome as Outcome).kind)}.`)
  }
}

// Each of these is one literal with the same fields in the same order, since it is made for every job.

const NO_CHANGES: Settlement['changes'] = Object.freeze({})

function finished(job: JobRecord, returnValue: Payload | undefined, defaults: SettleDefaults): Decision {
  return {
    to: 'finished',
    keepS: job.resultTtlS ?? defaults.resultTtlS ?? DEFAULT_RESULT_TTL_S,
    front: false,
    delayMs: 0,
    changes: NO_CHANGES,
    result: { type: 'successful', returnValue },
    dialect: job.results,
    releases: 'all',
    counts: 'successful',
  }
}

/** Succeeded, and to be run again. A success clears the count of lost leases: the job does not kill its workers. */
function repeated(job: JobRecord, returnValue: Payload | undefined): Decision {
  const { abandonedCount = 0, repeatsDone = 0, repeatsLeft = 0 } = job
  const counters = { repeatsLeft: repeatsLeft - 1, repeatsDone: repeatsDone + 1 }
  const delayMs = waitMs(intervalAt(job.repeatIntervalsS, repeatsDone))
  return {
    to: delayMs > 0 ? 'scheduled' : 'queued',
    keepS: UNLIMITED,
    front: job.enqueueAtFront ?? false,
    delayMs,
    changes: abandonedCount > 0 ? { ...counters, abandonedCount: 0 } : counters,
    result: { type: 'successful', returnValue },
    dialect: 'stream',
    releases: 'all',
    counts: 'successful',
  }
}

/** Failed, or lost with its worker, with retries left. */
function retried(job: JobRecord, error: string, remote?: string, retryDelayMs?: number): Decision {
  const { retriesLeft = 0, retryIntervalsS: intervals = [], retryMax } = job
  const delayMs = retryDelayMs ?? waitMs(intervalAt(intervals, intervals.length - retriesLeft))
  return {
    to: delayMs > 0 ? 'scheduled' : 'queued',
    keepS: UNLIMITED,
    front: job.enqueueAtFrontOnRetry ?? false,
    delayMs,
    // A job of another program does not say how many retries it had.
    changes:
      retryMax === undefined
        ? { retriesLeft: retriesLeft - 1, retryMax: retriesLeft }
        : { retriesLeft: retriesLeft - 1 },
    result: { type: 'retried', excString: error, remote },
    dialect: 'stream',
    releases: 'none',
    counts: 'failed',
  }
}

/** The function returned a Retry, and has not done so too often. */
function retriedAsReturned(job: JobRecord, retry: ReturnedRetry, returnValue: Payload | undefined): Decision {
  const { numberOfRetries = 0 } = job
  const delayMs = waitMs(intervalAt(retry.intervalsS, numberOfRetries))
  return {
    to: delayMs > 0 ? 'scheduled' : 'queued',
    keepS: UNLIMITED,
    front: retry.enqueueAtFront ?? false,
    delayMs,
    changes: { numberOfRetries: numberOfRetries + 1 },
    result: { type: 'retried', returnValue },
    dialect: 'stream',
    releases: 'none',
    counts: 'failed',
  }
}

/** The function returned a Retry more often than that Retry allows. */
function retriedTooOften(job: JobRecord, returnValue: Payload | undefined): Decision {
  return {
    to: 'failed',
    keepS: job.failureTtlS ?? DEFAULT_FAILURE_TTL_S,
    front: false,
    delayMs: 0,
    changes: NO_CHANGES,
    result: { type: 'max_retries_exceeded', returnValue },
    dialect: 'stream',
    releases: 'allow_failure',
    counts: 'failed',
  }
}

function failed(job: JobRecord, error: string, remote?: string): Decision {
  return {
    to: 'failed',
    keepS: job.failureTtlS ?? DEFAULT_FAILURE_TTL_S,
    front: false,
    delayMs: 0,
    changes: NO_CHANGES,
    result: { type: 'failed', excString: error, remote },
    dialect: job.results,
    releases: 'allow_failure',
    counts: 'failed',
  }
}

function stopped(job: JobRecord, error: string): Decision {
  return {
    to: 'stopped',
    keepS: job.failureTtlS ?? DEFAULT_FAILURE_TTL_S,
    front: false,
    delayMs: 0,
    changes: NO_CHANGES,
    result: { type: 'stopped', excString: error },
    dialect: job.results,
    releases: 'none',
    counts: 'failed',
  }
}

/** Lost with its worker, and to be run again without a retry. */
function requeued(job: JobRecord): Decision {
  return {
    to: 'queued',
    keepS: UNLIMITED,
    front: true,
    delayMs: 0,
    changes: NO_CHANGES,
    result: undefined,
    dialect: job.results,
    releases: 'none',
    counts: 'none',
  }
}

/** The build of this worker has no such function. The job waits for a worker that has it, and no attempt is counted. */
function returned(job: JobRecord, returnForMs: number, random?: () => number): Decision {
  const delayMs = returnPauseMs(job, returnForMs, random)
  return {
    to: 'scheduled',
    keepS: UNLIMITED,
    front: job.enqueueAtFront ?? false,
    delayMs,
    changes: { returnedMs: (job.returnedMs ?? 0) + delayMs, returnForMs },
    result: undefined,
    dialect: job.results,
    releases: 'none',
    counts: 'none',
  }
}

function waitMs(intervalS: number): number {
  return intervalS > 0 ? intervalS * SECOND_MS : 0
}
