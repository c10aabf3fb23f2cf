import { checkOptionNames, type DurationLike, durationS, invalidOption, type OptionNames, oneOf } from '@rq/core'
import { DEFAULT_CALLBACK_TIMEOUT_S } from './defaults.ts'
import type { AnyFunction, FunctionRef } from './function-ref.ts'

export interface CallbackOptions {
  /** Timeout of the callback. Default 60 s. */
  timeout?: DurationLike
  /**
   * For `onFailure`: after which attempts it is called. `each`: after each failed one. `last`: only when the job is not
   * tried again. Default `each`.
   */
  when?: 'each' | 'last'
}

const NAMES: OptionNames<CallbackOptions> = { timeout: true, when: true }

/**
 * A function to call when a job ends, with a timeout of its own.
 * @throws RqError `RQ_INVALID_OPTION` when `func` is neither a function nor a reference, or the timeout is not a
 *   positive duration.
 */
export class Callback {
  readonly func: FunctionRef
  readonly timeoutS: number
  readonly when: 'each' | 'last'

  constructor(func: FunctionRef<AnyFunction>, options: CallbackOptions = {}) {
    checkOptionNames(options, NAMES, 'Callback')
    if (typeof func !== 'function' && typeof func !== 'string') {
      throw invalidOption('callback', func, 'a function or a reference to one')
    }
    this.func = func
    this.timeoutS = durationS(options.timeout ?? DEFAULT_CALLBACK_TIMEOUT_S, 'callback.timeout')
    if (this.timeoutS === 0) throw invalidOption('callback.timeout', options.timeout, 'more than 0 seconds')
    this.when = oneOf('callback.when', options.when ?? 'each', ['each', 'last'])
  }
}
