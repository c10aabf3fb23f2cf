import { checkOptionNames, type DurationLike, invalidOption } from '@rq/core'
import { nameFunction, wrapFunction } from '@rq/functions'
import { type AnyFunction, checkOptions, ENQUEUE_OPTIONS, type EnqueueOptions, type OptionOfOneJob } from '@rq/job'
import type { Job } from '../job/job.ts'
import { Queue } from '../queue/queue.ts'
import { QUEUE_OPTION_NAMES, type QueueOptions } from '../queue/queue-options.ts'
import type { CallRest, ResultOf } from './call-types.ts'

/** A function with methods that enqueue calls of it. */
export type JobFunction<F extends AnyFunction> = F & {
  /** Enqueue a call with these arguments. */
  delay(...args: Parameters<F>): Promise<Job<ResultOf<F>>>
  /** As `delay`, with options that override those of `job()`. */
  delayWith(options: EnqueueOptions): (...args: Parameters<F>) => Promise<Job<ResultOf<F>>>
  /** As `queue.enqueue`, with options that override those of `job()`. */
  enqueue(...rest: CallRest<F>): Promise<Job<ResultOf<F>>>
}

/** The options of `job()` for every call of the function. It takes the options of its queue too. */
export interface JobFunctionOptions extends Omit<EnqueueOptions, OptionOfOneJob | 'jobTimeout'> {
  /** Timeout of a run. Default: the queue's `defaultTimeout`, else 180 s. -1 = no limit. */
  timeout?: DurationLike
  /** The name under which workers register the function, for programs without module files. Default: none. */
  name?: string
}

/** Binds functions to a queue: `export const add = job('low', { timeout: 5 })((x: number, y: number) => x + y)`. */
export type JobDecorator<O extends object> = (
  queue: string | Queue,
  ...rest: Partial<O> extends O ? [options?: O & JobFunctionOptions] : [options: O & JobFunctionOptions]
) => <F extends AnyFunction>(fn: F) => JobFunction<F>

/** The options of every call. `jobTimeout` is called `timeout` here, as RQ's decorator calls it. */
const OWN_OPTIONS: readonly string[] = Object.entries(ENQUEUE_OPTIONS)
  .filter(([name, rule]) => !('isOfOneJob' in rule) && name !== 'jobTimeout')
  .map(([name]) => name)

const OWN_NAMES = { timeout: true, name: true, ...Object.fromEntries(OWN_OPTIONS.map((name) => [name, true])) }

/**
 * Makes a `job()` that gets queues given by name from `makeQueue`. It calls `makeQueue` at the first enqueue only, so
 * that a worker that imports the function opens no connection.
 */
export function jobDecorator<O extends object>(
  makeQueue: (name: string, options: O) => Queue,
  queueOptionNames: Readonly<Record<keyof O, true>>,
): JobDecorator<O> {
  return (queue, ...rest) => {
    checkOptionNames(rest[0], queue instanceof Queue ? OWN_NAMES : { ...OWN_NAMES, ...queueOptionNames }, 'job()')
    const { timeout, name, defaults, queueOptions } = split<O>(rest[0])
    if (timeout !== undefined) defaults.jobTimeout = timeout
    checkOptions(defaults)
    if (typeof queue !== 'string' && !(queue instanceof Queue))
      throw invalidOption('queue', queue, 'a queue or its name')
    let target = typeof queue === 'string' ? undefined : queue
    const queueOf = (): Queue => {
      target ??= makeQueue(queue as string, queueOptions)
      return target
    }
    return (fn) => jobFunction(fn, queueOf, defaults, name)
  }
}

/**
 * RQ's `@job` decorator: adds `delay(...)`, which enqueues a call, to a function that can still be called.
 * A queue given by name needs `storage`, and takes the other options of a queue too.
 * @throws RqError `RQ_INVALID_OPTION` at once for options that an enqueue would refuse.
 */
export const job: JobDecorator<Partial<QueueOptions>> = jobDecorator<Partial<QueueOptions>>(
  (name, options) => new Queue(name, options as QueueOptions),
  QUEUE_OPTION_NAMES,
)

function jobFunction<F extends AnyFunction>(
  fn: F,
  queueOf: () => Queue,
  defaults: EnqueueOptions,
  name: string | undefined,
): JobFunction<F> {
  if (typeof fn !== 'function') throw invalidOption('the decorated value', fn, 'a function')
  function wrapper(this: unknown, ...args: unknown[]): unknown {
    return fn.apply(this, args)
  }
  const enqueue = async (args?: readonly unknown[], options?: EnqueueOptions, ...more: readonly unknown[]) =>
    queueOf().enqueue<AnyFunction>(wrapper, args ?? [], { ...defaults, ...options }, ...(more as []))
  const {
    prototype: _p,
    arguments: _a,
    caller: _c,
    ...own
  } = Object.getOwnPropertyDescriptors(fn) as PropertyDescriptorMap
  Object.defineProperties(wrapper, own)
  Object.assign(wrapper, {
    delay: (...args: unknown[]) => enqueue(args),
    delayWith:
      (options: EnqueueOptions) =>
      (...args: unknown[]) =>
        enqueue(args, options),
    enqueue,
  })
  wrapFunction(wrapper, fn)
  if (name !== undefined) nameFunction(wrapper, name)
  return wrapper as unknown as JobFunction<F>
}

function split<O extends object>(options: (O & JobFunctionOptions) | undefined) {
  const { timeout, name, ...queueOptions }: JobFunctionOptions & Record<string, unknown> = { ...options }
  const defaults: Record<string, unknown> = {}
  for (const key of OWN_OPTIONS) {
    if (queueOptions[key] !== undefined) defaults[key] = queueOptions[key]
    delete queueOptions[key]
  }
  return { timeout, name, defaults: defaults as EnqueueOptions, queueOptions: queueOptions as O }
}
