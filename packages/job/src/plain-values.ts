import { type DurationLike, invalidOption } from '@rq/core'
import { Callback } from './callback.ts'
import { Dependency, type DependencyOptions, type JobLike } from './dependency.ts'
import type { FunctionRef } from './function-ref.ts'
import { RateLimit, type RateLimitOptions } from './rate-limit.ts'
import { Repeat, type RepeatOptions } from './repeat.ts'
import { Retry, type RetryOptions } from './retry.ts'

/** A Retry, its options, or just the maximum number of retries; 0 for none. */
export type RetryLike = number | RetryOptions | Retry
/** A Repeat, its options, or just the number of further runs; 0 for none. */
export type RepeatLike = number | RepeatOptions | Repeat
/** A RateLimit, or its options. */
export type RateLimitLike = RateLimitOptions | RateLimit
/** A Callback, a function, a reference to one, or either with a timeout. */
export type CallbackLike = FunctionRef | Callback | CallbackObject
/** A Dependency, its options, a job, or the id of one. */
export type DependencyLike = JobLike | Dependency | DependencyOptions

/** A function to call when a job ends, as a plain object. */
interface CallbackObject {
  readonly func: FunctionRef
  /** Default 60 s. */
  readonly timeout?: DurationLike
  /** Default `each`. */
  readonly when?: 'each' | 'last'
}

/** The values of another copy of this package are no instances of our classes, and have their fields. */
function fieldsOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  return value as Record<string, unknown>
}

/** @throws RqError `RQ_INVALID_OPTION`. */
export function retryOf(value: unknown, option: string): Retry | undefined {
  if (value instanceof Retry) return value
  if (value === 0) return undefined
  if (typeof value === 'number') return new Retry({ max: value })
  const fields = fieldsOf(value)
  if (fields === undefined) throw invalidOption(option, value, 'a number of retries, { max, interval } or a Retry')
  const { intervalsS, ...options } = fields
  return new Retry({ ...options, ...(intervalsS !== undefined && { interval: intervalsS }) } as RetryOptions)
}

/** @throws RqError `RQ_INVALID_OPTION`. */
export function repeatOf(value: unknown, option: string): Repeat | undefined {
  if (value instanceof Repeat) return value
  if (value === 0) return undefined
  if (typeof value === 'number') return new Repeat({ times: value })
  const fields = fieldsOf(value)
  if (fields === undefined) throw invalidOption(option, value, 'a number of runs, { times, interval } or a Repeat')
  const { intervalsS, ...options } = fields
  return new Repeat({ ...options, ...(intervalsS !== undefined && { interval: intervalsS }) } as RepeatOptions)
}

/** @throws RqError `RQ_INVALID_OPTION`. */
export function rateLimitOf(value: unknown, option: string): RateLimit {
  if (value instanceof RateLimit) return value
  if (fieldsOf(value) === undefined) throw invalidOption(option, value, '{ key, concurrency } or a RateLimit')
  return new RateLimit({ ...(value as RateLimitOptions) })
}

/** @throws RqError `RQ_INVALID_OPTION`. */
export function callbackOf(value: unknown, option: string): Callback {
  if (value instanceof Callback) return value
  if (typeof value === 'function' || typeof value === 'string') return new Callback(value as FunctionRef)
  const fields = fieldsOf(value)
  if (fields === undefined || !('func' in fields)) {
    throw invalidOption(option, value, 'a function, a reference to one, { func, timeout }, or a Callback')
  }
  const { func, timeoutS, ...options } = fields
  return new Callback(func as FunctionRef, {
    ...(timeoutS !== undefined && { timeout: timeoutS as number }),
    ...options,
  })
}

/** The Dependency that a value stands for; undefined for a job or its id. @throws RqError `RQ_INVALID_OPTION`. */
export function dependencyOf(value: unknown): Dependency | undefined {
  if (value instanceof Dependency) return value
  const fields = fieldsOf(value)
  if (fields === undefined || (!('jobs' in fields) && !('jobIds' in fields))) return undefined
  const { jobIds, ...options } = fields
  return new Dependency({ ...(jobIds !== undefined && { jobs: jobIds }), ...options } as DependencyOptions)
}
