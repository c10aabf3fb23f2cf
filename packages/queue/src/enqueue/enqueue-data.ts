import { invalidOption, newId } from '@rq/core'
import { type AnyFunction, type CheckedOptions, checkOptions, type EnqueueOptions, type FunctionRef } from '@rq/job'
import type { Job } from '../job/job.ts'
import type { Callable, CallRest, ResultOf } from './call-types.ts'
import { checkRest } from './new-record.ts'

/**
 * A job for `enqueueMany`. It has an id already, so that other jobs of the same batch can depend on it:
 * `dependsOn: parent` accepts the data of the parent.
 */
export class EnqueueData<R = unknown> {
  readonly id: string
  readonly func: FunctionRef
  readonly args: readonly unknown[]
  readonly options: CheckedOptions
  /** As the caller gave them. */
  readonly given: EnqueueOptions | undefined
  /** For the type checker only. */
  declare readonly '~result'?: R
  #isIdTaken = false

  /** @throws RqError `RQ_INVALID_OPTION`. */
  constructor(func: FunctionRef, rest: readonly unknown[]) {
    const options = rest[1] as EnqueueOptions | undefined
    if (typeof func !== 'function' && typeof func !== 'string') {
      throw invalidOption('func', func, 'a function or a reference to one')
    }
    if (options?.pipeline !== undefined) {
      throw invalidOption('pipeline', options.pipeline, 'none here: pass it to enqueueMany, for all jobs together')
    }
    this.func = func
    this.args = checkRest(rest)
    this.options = checkOptions(options)
    this.given = options
    this.id = this.options.id ?? newId()
  }

  /** For `enqueueMany`. Returns whether the id was made for this job, and is used for the first time. */
  takeId(): boolean {
    const isNew = this.options.id === undefined && !this.#isIdTaken
    this.#isIdTaken = true
    return isNew
  }
}

/** Make a job for `enqueueMany`, with the types and checks of `queue.enqueue`. Writes nothing. */
export function prepareData<F extends AnyFunction>(func: Callable<F>, ...rest: CallRest<F>): EnqueueData<ResultOf<F>> {
  return new EnqueueData(func, rest)
}

/** Check the jobs of `enqueueMany`. @throws RqError `RQ_INVALID_OPTION`. */
export function checkDatas(datas: unknown): void {
  const expected = 'an array of results of Queue.prepareData'
  if (!Array.isArray(datas)) throw invalidOption('datas', datas, expected)
  for (const data of datas) if (!(data instanceof EnqueueData)) throw invalidOption('datas', data, expected)
}

/** The handles of a list of datas, each of its own type. */
export type JobsOf<D extends readonly EnqueueData[]> = {
  -readonly [K in keyof D]: D[K] extends EnqueueData<infer R> ? Job<R> : never
}
