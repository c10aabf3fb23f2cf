import {
  booleanOption,
  checkId,
  type DurationLike,
  invalidOption,
  type OptionRule,
  secondsOption,
  stringOption,
  unknownOption,
  valueOption,
} from '@rq/core'
import type { Callback } from './callback.ts'
import { DEFAULT_FAILURE_TTL_S, DEFAULT_RESULT_TTL_S, DEFAULT_TIMEOUT_S } from './defaults.ts'
import { checkCount, type JobLike, jobIdsOf } from './dependency.ts'
import { MOST_WEBHOOKS } from './limits.ts'
import {
  type CallbackLike,
  callbackOf,
  type DependencyLike,
  dependencyOf,
  type RateLimitLike,
  type RepeatLike,
  type RetryLike,
  rateLimitOf,
  repeatOf,
  retryOf,
} from './plain-values.ts'
import type { RateLimit } from './rate-limit.ts'
import type { Repeat } from './repeat.ts'
import type { Retry } from './retry.ts'
import { type CheckedUnique, checkUnique, type Unique } from './unique.ts'
import { Webhook } from './webhook.ts'

/** The options of one job, besides its function and arguments. {@link ENQUEUE_OPTIONS} checks them. */
export interface EnqueueOptions {
  /** Timeout of a run. Default: the queue's `defaultTimeout`, else 180 s. -1 = no limit. */
  jobTimeout?: DurationLike
  /** How long to keep a successful job and its result. Default 500 s; 0 = drop them at once; -1 = keep them. */
  resultTtl?: DurationLike
  /** Time limit in the queue; a job that waits longer is discarded. Default: no limit. */
  ttl?: DurationLike
  /** How long to keep a failed job. Default 1 year; -1 = without limit. */
  failureTtl?: DurationLike
  /** Jobs that must succeed first. Default: none. */
  dependsOn?: DependencyLike | readonly DependencyLike[]
  /** Letters, digits, `_` and `-`. Default: a random id. */
  jobId?: string
  /** Put the job at the head of the queue. Default false. */
  atFront?: boolean
  /** Shown in lists and logs. Default: the call as a string. */
  description?: string
  /** Metadata that travels with the job and may change while it runs. Default: empty. */
  meta?: Readonly<Record<string, unknown>>
  /** Called after a successful run. */
  onSuccess?: CallbackLike
  /** Called after a failed run. */
  onFailure?: CallbackLike
  /** Called after the job was stopped. */
  onStopped?: CallbackLike
  /** Run the job again when it fails: `3`, `{ max: 3, interval: 10 }` or a Retry. Default: never. */
  retry?: RetryLike
  /** Run the job again when it succeeds: `2`, `{ times: 2, interval: 10 }` or a Repeat. Default: never. */
  repeat?: RepeatLike
  /**
   * True: throw a DuplicateJobError if a job with this `jobId` exists in any state. Or only one job at a time of the
   * same key: see {@link Unique}. Default false.
   */
  unique?: boolean | Unique
  /** Limit how many jobs with the same key run at once. Default: no limit. */
  rateLimit?: RateLimitLike
  /** URLs to call when the job has finished or failed, at most 32. Default: none. */
  webhooks?: readonly Webhook[]
  /** Python's keyword arguments. A JavaScript function gets them as its last argument, unless they are empty. */
  kwargs?: Readonly<Record<string, unknown>>
  /** A pipeline of the store's client (of Redis: ioredis) to append to. Nothing is visible before its `exec()`. */
  pipeline?: unknown
}

/** The options of one job, checked, in stored units. An absent field was not given. */
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
  readonly unique: boolean | CheckedUnique
  readonly rateLimit?: RateLimit
  readonly webhooks?: readonly Webhook[]
  readonly kwargs: Readonly<Record<string, unknown>>
}

export interface CheckedDependency {
  readonly jobIds: readonly string[]
  readonly allowFailure: boolean
  readonly enqueueAtFront: boolean
}

interface EnqueueOptionRule extends OptionRule {
  /** Where the checked value goes. Without one, the value is not part of the job. */
  readonly field?: keyof CheckedOptions
  /** The option belongs to one job: `job()`, which takes options for every call of a function, refuses it. */
  readonly isOfOneJob?: true
}

/** Every option of a job: its name, check, default, and its flag on the command line. */
export const ENQUEUE_OPTIONS = {
  jobTimeout: {
    field: 'timeoutS',
    ...secondsOption({
      isPositive: true,
      isUnlimited: true,
      default: DEFAULT_TIMEOUT_S,
      flag: 'timeout',
      help: 'Timeout of a run; -1 for no limit',
    }),
  },
  resultTtl: {
    field: 'resultTtlS',
    ...secondsOption({
      isUnlimited: true,
      default: DEFAULT_RESULT_TTL_S,
      flag: 'result-ttl',
      help: 'How long to keep a successful job and its result; -1 for no limit',
    }),
  },
  ttl: {
    field: 'ttlS',
    ...secondsOption({
      isPositive: true,
      defaultText: 'no limit',
      flag: 'ttl',
      help: 'Time limit in the queue; a job that waits longer is discarded',
    }),
  },
  failureTtl: {
    field: 'failureTtlS',
    ...secondsOption({
      isUnlimited: true,
      default: DEFAULT_FAILURE_TTL_S,
      defaultText: '1 year',
      flag: 'failure-ttl',
      help: 'How long to keep a failed job; -1 for no limit',
    }),
  },
  description: {
    field: 'description',
    ...stringOption({ flag: 'description', help: 'Description shown instead of the call' }),
  },
  dependsOn: {
    field: 'dependency',
    ...valueOption(checkDependency),
    kind: 'strings',
    flag: 'depends-on',
    valueName: 'id',
    help: 'Job that must succeed first',
  },
  jobId: {
    field: 'id',
    isOfOneJob: true,
    ...stringOption({ check: checkId, defaultText: 'random', flag: 'job-id', valueName: 'id', help: 'Id of the job' }),
  },
  atFront: {
    field: 'atFront',
    ...booleanOption({ default: false, flag: 'at-front', help: 'Put the job at the head of the queue' }),
  },
  meta: {
    field: 'meta',
    ...valueOption(checkRecord),
    kind: 'strings',
    flag: 'meta',
    valueName: 'data',
    help: 'Metadata: a JSON object, key=value or key:=json',
  },
  unique: {
    field: 'unique',
    ...booleanOption({ default: false, flag: 'unique', help: 'Fail if a job with this --job-id exists' }),
    check: checkUnique,
  },
  onSuccess: { field: 'onSuccess', ...valueOption(callbackOf) },
  onFailure: { field: 'onFailure', ...valueOption(callbackOf) },
  onStopped: { field: 'onStopped', ...valueOption(callbackOf) },
  retry: { field: 'retry', ...valueOption(retryOf) },
  repeat: { field: 'repeat', ...valueOption(repeatOf) },
  rateLimit: { field: 'rateLimit', ...valueOption(rateLimitOf) },
  webhooks: { field: 'webhooks', ...valueOption(checkWebhooks) },
  kwargs: { field: 'kwargs', isOfOneJob: true, ...valueOption(checkRecord) },
  pipeline: { isOfOneJob: true, ...valueOption((pipeline) => pipeline) },
} satisfies Readonly<Record<keyof EnqueueOptions, EnqueueOptionRule>>

/** The options that `job()` refuses, since they belong to one job. */
export type OptionOfOneJob = {
  [Name in keyof EnqueueOptions]-?: (typeof ENQUEUE_OPTIONS)[Name] extends { isOfOneJob: true } ? Name : never
}[keyof EnqueueOptions]

/** A Map, so that `constructor` is no option. */
const RULES: ReadonlyMap<string, EnqueueOptionRule> = new Map(Object.entries(ENQUEUE_OPTIONS))

const NOTE = " (the function's own arguments go into args or kwargs)"
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
  const checked: { -readonly [Field in keyof CheckedOptions]: unknown } = { ...PLAIN }
  for (const name in options) {
    const rule = RULES.get(name)
    if (rule === undefined) throw unknownOption(name, [...RULES.keys()], 'option name', NOTE)
    const value = options[name as keyof EnqueueOptions]
    if (value === undefined || rule.field === undefined) continue
    const result = rule.check(value, name)
    if (result !== undefined) checked[rule.field] = result
  }
  checkTogether(checked as CheckedOptions)
  return checked as CheckedOptions
}

function checkTogether({ dependency, id, onStopped, onSuccess, rateLimit, unique }: CheckedOptions): void {
  if (onSuccess?.when === 'last' || onStopped?.when === 'last') {
    throw invalidOption('callback.when', 'last', "'each': only onFailure can wait for the last attempt")
  }
  if (unique === true) {
    if (id === undefined) throw invalidOption('unique', true, 'a jobId too: the id that must be unique')
    if (dependency !== undefined) throw invalidOption('unique', true, 'no dependsOn')
    if (rateLimit !== undefined) throw invalidOption('unique', true, 'no rateLimit')
  }
  if (id !== undefined && dependency?.jobIds.includes(id)) {
    throw invalidOption('dependsOn', id, 'other jobs than the job itself')
  }
}

function checkDependency(value: unknown): CheckedDependency | undefined {
  const entries = (Array.isArray(value) ? value : [value]) as readonly DependencyLike[]
  if (entries.length === 0) return undefined
  const dependencies = entries.map(
    (entry) =>
      dependencyOf(entry) ?? {
        jobIds: jobIdsOf(entry as JobLike, 'dependsOn'),
        allowFailure: false,
        enqueueAtFront: false,
      },
  )
  return {
    jobIds: checkCount([...new Set(dependencies.flatMap((dependency) => dependency.jobIds))], 'dependsOn'),
    // RQ's record holds one flag for all dependencies: a failure is allowed only if every entry allows it.
    allowFailure: dependencies.every((dependency) => dependency.allowFailure),
    enqueueAtFront: dependencies.some((dependency) => dependency.enqueueAtFront),
  }
}

/** A Map, or an instance of a class, would lose its contents, since only own properties are stored. */
function checkRecord(value: unknown, option: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const prototype: unknown = Object.getPrototypeOf(value)
    // The Object.prototype of another realm has no prototype either.
    if (prototype === null || Object.getPrototypeOf(prototype) === null) return value as Record<string, unknown>
  }
  throw invalidOption(option, value, 'a plain object')
}

function checkWebhooks(value: unknown, option: string): readonly Webhook[] {
  const expected = `an array of Webhook, at most ${MOST_WEBHOOKS}`
  if (!Array.isArray(value) || value.length > MOST_WEBHOOKS) throw invalidOption(option, value, expected)
  return value.map((webhook: unknown) => {
    if (webhook instanceof Webhook) return webhook
    throw invalidOption(option, webhook, expected)
  })
}
