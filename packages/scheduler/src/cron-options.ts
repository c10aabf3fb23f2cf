import { checkName, checkQueueName, type DurationLike, durationMs, invalidOption, oneOf, SECOND_MS } from '@rq/core'
import { type AnyFunction, type CheckedOptions, checkOptions, type EnqueueOptions, type FunctionRef } from '@rq/job'
import type { Callable } from '@rq/queue'
import { CATCH_UP, type CatchUp } from './due-ticks.ts'
import { every, onCron, type Recurrence } from './recurrence.ts'

/** Whether a tick enqueues a job while an earlier one of the same cron job has not ended. */
export const OVERLAP = ['allow', 'skip'] as const

export type Overlap = (typeof OVERLAP)[number]

/** When a cron job runs, and how its jobs are enqueued. */
export interface CronRuleOptions extends Omit<EnqueueOptions, 'jobId' | 'unique' | 'pipeline' | 'kwargs'> {
  readonly queueName: string
  /**
   * Time between two jobs: whole seconds, at least 1. The first comes at once, unless a scheduler has run this cron job
   * before.
   */
  readonly interval?: DurationLike
  /** Instead of `interval`: a cron expression of five fields, or six with the second first. See docs/time.md. */
  readonly cron?: string
  /** The zone of `cron`. Default UTC, as in RQ. */
  readonly timezone?: string
  /** Identifies the cron job in all schedulers and over restarts. Default: the reference of its function. */
  readonly name?: string
  /** What to do about ticks while no scheduler ran. Default `skip`, as in RQ. */
  readonly catchUp?: CatchUp
  /** Default `allow`, as in RQ. */
  readonly overlap?: Overlap
}

type Arguments<P extends readonly unknown[]> = [] extends P
  ? { readonly args?: Readonly<P>; readonly kwargs?: Readonly<Record<string, unknown>> }
  : { readonly args: Readonly<P>; readonly kwargs?: Readonly<Record<string, unknown>> }

/** A call whose last parameter, an object, comes from `kwargs`. */
type KwargsArguments<P extends readonly unknown[]> =
  Required<P> extends readonly [...infer Leading, infer Last]
    ? Last extends object
      ? (Leading extends readonly [] ? { readonly args?: readonly [] } : { readonly args: Readonly<Leading> }) & {
          readonly kwargs: Last
        }
      : never
    : never

/** All options of a cron job. */
export type CronOptions<F extends AnyFunction> = CronRuleOptions &
  (Arguments<Parameters<F>> | KwargsArguments<Parameters<F>>)

/** A checked cron job. */
export interface CronDefinition {
  readonly func: FunctionRef
  readonly args: readonly unknown[]
  readonly queueName: string
  readonly recurrence: Recurrence
  readonly intervalS: number | null
  readonly cron: string | null
  readonly timezone: string | undefined
  readonly name: string | undefined
  readonly catchUp: CatchUp
  readonly overlap: Overlap
  /** The options for `queue.createJob`. */
  readonly jobOptions: EnqueueOptions
  /** The same, checked. */
  readonly checked: CheckedOptions
}

const REFUSED: Readonly<Record<string, string>> = {
  jobId: 'none: the id of each job is made of the name and the time of its tick',
  unique: 'none: each tick is enqueued once anyway',
  pipeline: 'none: a cron job is enqueued later',
}

/**
 * Check the arguments of `register`.
 * @throws RqError `RQ_INVALID_OPTION` naming the option, for a cron expression with the position of the mistake.
 */
export function checkCron<F extends AnyFunction>(func: Callable<F>, options: CronOptions<F>): CronDefinition {
  if (typeof func !== 'function' && typeof func !== 'string') {
    throw invalidOption('func', func, 'a function or a reference to one')
  }
  if (typeof options !== 'object' || options === null) throw invalidOption('options', options, 'an object')
  for (const [option, expected] of Object.entries(REFUSED)) {
    const value = (options as object as Readonly<Record<string, unknown>>)[option]
    if (value !== undefined) throw invalidOption(option, value, expected)
  }
  const { args = [], catchUp, cron, interval, name, overlap, queueName, timezone, ...jobOptions } = options
  if (!Array.isArray(args)) throw invalidOption('args', args, 'an array of the arguments of the function')
  if ((interval === undefined) === (cron === undefined)) {
    throw invalidOption('interval', interval, 'either interval or cron, not both')
  }
  if (timezone !== undefined && cron === undefined) {
    throw invalidOption('timezone', timezone, 'none with interval, which knows no time of day')
  }
  const intervalS = interval === undefined ? null : durationMs(interval, 'interval') / SECOND_MS
  if (intervalS !== null && !(Number.isInteger(intervalS) && intervalS > 0)) {
    throw invalidOption('interval', interval, 'whole seconds, at least 1')
  }
  return {
    func,
    args: [...args],
    queueName: checkQueueName(queueName, 'queueName'),
    recurrence: intervalS === null ? onCron(cron, timezone) : every(intervalS),
    intervalS,
    cron: cron ?? null,
    timezone: cron === undefined ? undefined : timezone,
    name: name === undefined ? undefined : checkName(name, 'name'),
    catchUp: oneOf('catchUp', catchUp ?? 'skip', CATCH_UP),
    overlap: oneOf('overlap', overlap ?? 'allow', OVERLAP),
    jobOptions: jobOptions as EnqueueOptions,
    checked: checkOptions(jobOptions as EnqueueOptions),
  }
}
