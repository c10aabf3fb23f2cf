import {
  checkOptionNames,
  DAY_MS,
  type DurationLike,
  durationMs,
  durationS,
  invalidOption,
  type OptionNames,
  SECOND_MS,
} from '@rq/core'
import { flag } from './flag.ts'
import type { FunctionRef } from './function-ref.ts'
import { MOST_INTERVALS } from './limits.ts'

export interface RetryOptions {
  /** Maximum number of retries after the first attempt. At least 1. */
  max: number
  /**
   * Wait before each retry. A list is used in order. If it is shorter than `max`, a failed job repeats its first entry
   * (`[5, 10]` with `max: 4`: 5, 5, 5, 10), and a returned Retry its last one (5, 10, 10, 10), both as in RQ.
   * Default 0: retry at once.
   */
  interval?: DurationLike | readonly DurationLike[]
  /** Put the retried job at the head of its queue. Default false. */
  enqueueAtFront?: boolean
  /**
   * Decides whether an error is worth a retry: `(error) => boolean | DurationLike`, or a promise. It is called where
   * the job ran, after each failed attempt that is not the last. False: the job fails at once. True: it is tried again
   * after its interval. A duration: after that. Default: every error is worth it.
   */
  on?: FunctionRef
}

export interface ExponentialRetryOptions {
  /** Maximum number of retries after the first attempt. At least 1. */
  max: number
  /** The first wait. */
  base: DurationLike
  /** Factor by which each wait is longer than the one before. At least 1. Default 2. */
  factor?: number
  /** The longest wait. Default: one year. */
  cap?: DurationLike
  /** The part of each wait that is random, 0 to 1. Drawn once, when the Retry is made. Default 0. */
  jitter?: number
  /** Put the retried job at the head of its queue. Default false. */
  enqueueAtFront?: boolean
  /** As in {@link RetryOptions}. */
  on?: FunctionRef
}

const RETRY_NAMES: OptionNames<RetryOptions> = { max: true, interval: true, enqueueAtFront: true, on: true }
const EXPONENTIAL_NAMES: OptionNames<ExponentialRetryOptions> = {
  max: true,
  base: true,
  factor: true,
  cap: true,
  jitter: true,
  enqueueAtFront: true,
  on: true,
}

/** Maximum number of intervals that are made: more would make the record large for no benefit. */
const MOST_MADE = 100
const LONGEST_WAIT_MS = 365 * DAY_MS
/** A thousand years, as for any duration. */
const LONGEST_INTERVAL_S = (1000 * 365 * DAY_MS) / SECOND_MS

/** A Retry that a job function returned, as data. */
export interface ReturnedRetry {
  readonly max: number
  readonly intervalsS: readonly number[]
  readonly enqueueAtFront?: boolean
}

/** Whether a value can be followed as a {@link ReturnedRetry}. Throws what its getters throw. */
export function isReturnedRetry(value: object): value is ReturnedRetry {
  const { enqueueAtFront, intervalsS, max } = value as Partial<ReturnedRetry>
  if (!Number.isSafeInteger(max) || !Array.isArray(intervalsS)) return false
  if (enqueueAtFront !== undefined && typeof enqueueAtFront !== 'boolean') return false
  return intervalsS.every((interval) => Number.isInteger(interval) && interval >= 0 && interval <= LONGEST_INTERVAL_S)
}

/**
 * Runs a failed job again, up to `max` times. A job function can also return a Retry, to be run again later (RQ 2.1).
 * @throws RqError `RQ_INVALID_OPTION` for `max` below 1, an interval that is not a duration, `on` that is no function.
 */
export class Retry {
  readonly max: number
  /** Whole seconds, at least one entry. */
  readonly intervalsS: readonly number[]
  readonly enqueueAtFront: boolean
  readonly on?: FunctionRef

  constructor(options: RetryOptions) {
    checkOptionNames(options, RETRY_NAMES, 'Retry')
    if (!Number.isSafeInteger(options.max) || options.max < 1) {
      throw invalidOption('retry.max', options.max, 'a whole number of at least 1')
    }
    this.max = options.max
    this.intervalsS = intervalList(options.interval ?? 0, 'retry.interval')
    this.enqueueAtFront = flag(options.enqueueAtFront, 'retry.enqueueAtFront')
    if (options.on === undefined) return
    if (typeof options.on !== 'function' && typeof options.on !== 'string') {
      throw invalidOption('retry.on', options.on, 'a function or a reference to one')
    }
    this.on = options.on
  }

  toString(): string {
    return `Retry(max=${this.max}, interval=[${this.intervalsS.join(', ')}], enqueueAtFront=${this.enqueueAtFront})`
  }

  /**
   * Make a Retry that waits base, base*factor, base*factor^2, ... up to `cap`, each reduced by a random part of
   * `jitter`.
   * @throws RqError `RQ_INVALID_OPTION`.
   */
  static exponential(options: ExponentialRetryOptions): Retry {
    checkOptionNames(options, EXPONENTIAL_NAMES, 'Retry.exponential')
    const { max, factor = 2, jitter = 0 } = options
    if (!(factor >= 1)) throw invalidOption('retry.factor', factor, 'a number of at least 1')
    if (!(jitter >= 0 && jitter <= 1)) throw invalidOption('retry.jitter', jitter, 'a number from 0 to 1')
    const baseMs = durationMs(options.base, 'retry.base')
    const capMs = options.cap === undefined ? LONGEST_WAIT_MS : durationMs(options.cap, 'retry.cap')
    const interval = Array.from({ length: Math.min(max, MOST_MADE) }, (_, attempt) => {
      const waitMs = Math.min(baseMs * factor ** attempt, capMs)
      return Math.round((waitMs * (1 - jitter * Math.random())) / SECOND_MS)
    })
    const { enqueueAtFront = false, on } = options
    return new Retry({ max, interval, enqueueAtFront, ...(on !== undefined && { on }) })
  }
}

/**
 * One or several intervals in whole seconds.
 * @throws RqError `RQ_INVALID_OPTION` when there are none, or more than 1000, or one is no duration.
 */
export function intervalList(interval: DurationLike | readonly DurationLike[], option: string): readonly number[] {
  const list = Array.isArray(interval) ? (interval as readonly DurationLike[]) : [interval as DurationLike]
  if (list.length === 0) throw invalidOption(option, interval, 'at least one interval')
  if (list.length > MOST_INTERVALS) throw invalidOption(option, interval, `at most ${MOST_INTERVALS} intervals`)
  return list.map((value) => durationS(value, option))
}

/**
 * The interval of an index, in seconds: the list in order, with its first and last entries reused beyond its ends. 0
 * without a list.
 */
export function intervalAt(intervalsS: readonly number[] | undefined, index: number): number {
  if (intervalsS === undefined || intervalsS.length === 0) return 0
  return intervalsS[Math.min(Math.max(index, 0), intervalsS.length - 1)] ?? 0
}
