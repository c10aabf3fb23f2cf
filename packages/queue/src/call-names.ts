import { cachedReference, type LocateOptions, referenceOf } from '@rq/functions'
import { type Callback, type CallbackRecord, type CheckedOptions, type FunctionRef, parseFunctionRef } from '@rq/job'

/** The functions of a job by name: what it calls, and its callbacks. */
export interface CallNames {
  readonly func: string
  readonly onSuccess?: CallbackRecord
  readonly onFailure?: CallbackRecord
  readonly onStopped?: CallbackRecord
}

/**
 * The names, if no function has to be located first. Synchronous: the usual case.
 * @throws RqError `RQ_INVALID_REFERENCE` for text that is not a reference.
 */
export function cachedNames(func: FunctionRef, options: CheckedOptions, locate: LocateOptions): CallNames | undefined {
  if (options.onSuccess !== undefined || options.onFailure !== undefined || options.onStopped !== undefined) {
    return undefined
  }
  if (typeof func === 'string') {
    parseFunctionRef(func)
    return { func }
  }
  const name = typeof func === 'function' ? cachedReference(func, locate) : undefined
  return name === undefined ? undefined : { func: name }
}

/** @throws RqError `RQ_INVALID_REFERENCE` for a function that no worker could import. */
export async function findNames(func: FunctionRef, options: CheckedOptions, locate: LocateOptions): Promise<CallNames> {
  const [name, onSuccess, onFailure, onStopped] = await Promise.all([
    referenceOf(func, locate),
    callbackRecord(options.onSuccess, locate),
    callbackRecord(options.onFailure, locate),
    callbackRecord(options.onStopped, locate),
  ])
  return {
    func: name,
    ...(onSuccess && { onSuccess }),
    ...(onFailure && { onFailure }),
    ...(onStopped && { onStopped }),
  }
}

async function callbackRecord(
  callback: Callback | undefined,
  locate: LocateOptions,
): Promise<CallbackRecord | undefined> {
  if (callback === undefined) return undefined
  return { name: await referenceOf(callback.func, locate), timeoutS: callback.timeoutS }
}
