import { checkId, type DurationLike, durationOrUnlimitedS, durationS, invalidOption } from '@rq/core'
import { Callback } from './callback.ts'
import { Dependency, type JobLike, jobIdsOf } from './dependency.ts'
import { flag } from './flag.ts'
import type { FunctionRef } from './function-ref.ts'
import { RateLimit } from './rate-limit.ts'
import { Repeat } from './repeat.ts'
import { Retry } from './retry.ts'
import { Webhook } from './webhook.ts'

/** Everything that can be said about one job when it is enqueued, beside the function and its arguments. */
export interface EnqueueOptions {
  /** Longest run. Default: the queue's `defaultTimeout`, else 180 s. -1 = no limit. */
  jobTimeout?: DurationLike
  /** How long a successful job and its result are kept. Default 500 s; 0 = dropped at once; -1 = for ever. */
  resultTtl?: DurationLike
  /** Longest wait in the queue, then the job is discarded. Default: no limit. */
  ttl?: DurationLike
  /** How long a failed job is kept. Default 1 year; -1 = for ever. */
  failureTtl?: DurationLike
  /** Jobs that must succeed first. */
  dependsOn?: JobLike | Dependency | readonly (JobLike | Dependency)[]
  /** Default: a random UUID. Letters, digits, `_` and `-`. */
  jobId?: string
  /** Put it at the head of the queue. Default false. */
  atFront?: boolean
  /** Default: the call as text. */
  description?: string
  /** Free data that travels with the job and may be changed while it runs. */
  meta?: Readonly<Record<string, unknown>>
  onSuccess?: FunctionRef | Callback
  onFailure?: FunctionRef | Callback
  onStopped?: FunctionRef | Callback
  retry?: Retry
  repeat?: Repeat
  /** Refuse (DuplicateJobError) when a job with this `jobId` exists in any state. Default false. */
  unique?: boolean
  rateLimit?: RateLimit
  webhooks?: readonly Webhook[]
  /** What Python calls keyword arguments: arrives as the last argument of a JavaScript function, only when not empty. */
  kwargs?: Readonly<Record<string, unknown>>
  /** An ioredis pipeline or multi: nothing is visible before its `exec()`. */
  pipeline?: unknown
}

/** The options of one job, checked, in stored units. What is absent was not said. */
export interface CheckedOptions {
  readonly id?: string
  readonly timeoutS?: number
  readonly resultTtlS?: number
  readonly ttlS?: number
  readonly failureTtlS?: number
  readonly dependency?: CheckedDependency
  readonly atFront: boolean
  readonly description?: string
  readonly meta?: Readonly<Record<string, unknown>>
  readonly onSuccess?: Callback
  readonly onFailure?: Callback
  readonly onStopped?: Callback
  readonly retry?: Retry
  readonly repeat?: Repeat
  readonly unique: boolean
  readonly rateLimit?: RateLimit
  readonly webhooks?: readonly Webhook[]
  readonly kwargs: Readonly<Record<string, unknown>>
}

export interface CheckedDependency {
  readonly jobIds: readonly string[]
  readonly allowFailure: boolean
  readonly enqueueAtFront: boolean
}

const KNOWN: ReadonlySet<string> = new Set<keyof EnqueueOptions>([
  'jobTimeout',
  'resultTtl',
  'ttl',
  'failureTtl',
  'dependsOn',
  'jobId',
  'atFront',
  'description',
  'meta',
  'onSuccess',
  'onFailure',
  'onStopped',
  'retry',
  'repeat',
  'unique',
  'rateLimit',
  'webhooks',
  'kwargs',
  'pipeline',
])

const NOTHING: Readonly<Record<string, unknown>> = Object.freeze({})
const PLAIN: CheckedOptions = Object.freeze({ atFront: false, unique: false, kwargs: NOTHING })

/**
 * Check the options of one job, once, before anything is written.
 * @throws RqError `RQ_INVALID_OPTION` naming the option.
 */
export function checkOptions(options: EnqueueOptions | undefined): CheckedOptions {
  if (options === undefined) return PLAIN
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw invalidOption('options', options, 'an object; the arguments of the function go into one array before it')
  }
  for (const key in options) {
    if (!KNOWN.has(key)) throw unknownOption(key)
  }
  const { jobId, unique = false, rateLimit, dependsOn } = options
  const dependency = dependsOn === undefined ? undefined : checkDependency(dependsOn)
  if (unique && jobId === undefined) throw invalidOption('unique', true, 'a jobId beside it, the identity to be unique')
  if (unique && dependency !== undefined) throw invalidOption('unique', true, 'no dependsOn beside it')
  if (unique && rateLimit !== undefined) throw invalidOption('unique', true, 'no rateLimit beside it')
  if (jobId !== undefined && dependency?.jobIds.includes(jobId)) {
    throw invalidOption('dependsOn', jobId, 'other jobs than the job itself')
  }
  return compact({
    id: jobId === undefined ? undefined : checkId(jobId, 'jobId'),
    timeoutS: positive(options.jobTimeout, 'jobTimeout', durationOrUnlimitedS),
    resultTtlS: optional(options.resultTtl, 'resultTtl', durationOrUnlimitedS),
    ttlS: positive(options.ttl, 'ttl', durationS),
    failureTtlS: optional(options.failureTtl, 'failureTtl', durationOrUnlimitedS),
    dependency,
    atFront: flag(options.atFront, 'atFront'),
    description: text(options.description, 'description'),
    meta: record(options.meta, 'meta'),
    onSuccess: callback(options.onSuccess, 'onSuccess'),
    onFailure: callback(options.onFailure, 'onFailure'),
    onStopped: callback(options.onStopped, 'onStopped'),
    retry: instance(options.retry, Retry, 'retry', 'a Retry'),
    repeat: instance(options.repeat, Repeat, 'repeat', 'a Repeat'),
    unique: flag(unique, 'unique'),
    rateLimit: instance(rateLimit, RateLimit, 'rateLimit', 'a RateLimit'),
    webhooks: webhookList(options.webhooks),
    kwargs: record(options.kwargs, 'kwargs') ?? NOTHING,
  }) as CheckedOptions
}

function unknownOption(key: string): Error {
  const near = [...KNOWN].find((known) => known.toLowerCase() === key.toLowerCase().replaceAll('_', ''))
  const hint = near === undefined ? `one of ${[...KNOWN].join(', ')}` : `'${near}'`
  return invalidOption('option name', key, `${hint} (the function's own arguments go into args or kwargs)`)
}

function checkDependency(value: NonNullable<EnqueueOptions['dependsOn']>): CheckedDependency | undefined {
  const entries = Array.isArray(value) ? (value as readonly (JobLike | Dependency)[]) : [value as JobLike | Dependency]
  if (entries.length === 0) return undefined
  const dependencies = entries.map((entry) =>
    entry instanceof Dependency
      ? entry
      : { jobIds: jobIdsOf(entry, 'dependsOn'), allowFailure: false, enqueueAtFront: false },
  )
  return {
    jobIds: [...new Set(dependencies.flatMap((dependency) => dependency.jobIds))],
    // One flag per job is what RQ's record holds: a failure is allowed only where every entry allows it.
    allowFailure: dependencies.every((dependency) => dependency.allowFailure),
    enqueueAtFront: dependencies.some((dependency) => dependency.enqueueAtFront),
  }
}

type Reader = (value: DurationLike, option: string) => number

function optional(value: DurationLike | undefined, option: string, read: Reader): number | undefined {
  return value === undefined ? undefined : read(value, option)
}

function positive(value: DurationLike | undefined, option: string, read: Reader): number | undefined {
  const seconds = optional(value, option, read)
  if (seconds === 0) throw invalidOption(option, value, 'more than 0 seconds')
  return seconds
}

function text(value: string | undefined, option: string): string | undefined {
  if (value === undefined || typeof value === 'string') return value
  throw invalidOption(option, value, 'a text')
}

function record<T extends object>(value: T | undefined, option: string): T | undefined {
  if (value === undefined || isPlainObject(value)) return value
  throw invalidOption(option, value, 'a plain object')
}

/** A Map or a class of its own would lose what it holds, since only its properties travel. */
function isPlainObject(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  // That of another realm has none above it either.
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function webhookList(value: readonly Webhook[] | undefined): Webhook[] | undefined {
  if (value === undefined) return undefined
  const expected = 'an array of Webhook'
  if (!Array.isArray(value)) throw invalidOption('webhooks', value, expected)
  return value.map((webhook) => {
    if (webhook instanceof Webhook) return webhook
    throw invalidOption('webhooks', webhook, expected)
  })
}

function callback(value: FunctionRef | Callback | undefined, option: string): Callback | undefined {
  if (value === undefined || value instanceof Callback) return value
  if (typeof value === 'function' || typeof value === 'string') return new Callback(value)
  throw invalidOption(option, value, 'a function, a reference to one, or a Callback')
}

function instance<T>(value: T | undefined, type: new (...args: never[]) => T, option: string, expected: string) {
  if (value === undefined || value instanceof type) return value
  throw invalidOption(option, value, expected)
}

function compact<T extends object>(object: T): Partial<T> {
  const kept: Partial<T> = {}
  for (const key in object) if (object[key] !== undefined) kept[key] = object[key]
  return kept
}
