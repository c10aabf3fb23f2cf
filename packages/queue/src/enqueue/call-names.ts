import { cachedReference, type LocateOptions, referenceOf } from '@rq/functions'
import { type Callback, type CallbackRecord, type CheckedOptions, type FunctionRef, parseFunctionRef } from '@rq/job'

const CALLBACKS = ['onSuccess', 'onFailure', 'onStopped'] as const

/** The references of the functions of a job: the one that it calls, and its callbacks. */
export interface CallNames {
  readonly func: string
  readonly onSuccess?: CallbackRecord
  readonly onFailure?: CallbackRecord
  readonly onStopped?: CallbackRecord
  readonly retryOn?: string
}

/**
 * The references of a job's functions, if none of them has to be located first. Synchronous, since this is the usual
 * case.
 * @throws RqError `RQ_INVALID_REFERENCE` for a string that is not a reference.
 */
export function cachedNames(func: FunctionRef, options: CheckedOptions, locate: LocateOptions): CallNames | undefined {
  const name = cachedName(func, locate)
  if (name === undefined) return undefined
  const { onSuccess, onFailure, onStopped, retry } = options
  const hasNoCallback = onSuccess === undefined && onFailure === undefined && onStopped === undefined
  if (hasNoCallback && retry?.on === undefined) return { func: name }
  const names: { -readonly [K in keyof CallNames]: CallNames[K] } = { func: name }
  for (const kind of CALLBACKS) {
    const callback = options[kind]
    if (callback === undefined) continue
    const callbackName = cachedName(callback.func, locate)
    if (callbackName === undefined) return undefined
    names[kind] = recordOf(callback, callbackName)
  }
  if (retry?.on !== undefined) {
    const retryOn = cachedName(retry.on, locate)
    if (retryOn === undefined) return undefined
    names.retryOn = retryOn
  }
  return names
}

function recordOf({ timeoutS, when }: Callback, name: string): CallbackRecord {
  return when === 'last' ? { name, timeoutS, when } : { name, timeoutS }
}

function cachedName(func: FunctionRef, locate: LocateOptions): string | undefined {
  if (typeof func === 'function') return cachedReference(func, locate)
  if (typeof func !== 'string') return undefined
  if (checked.has(func)) return func
  parseFunctionRef(func)
  if (checked.size < MOST_CHECKED) checked.add(func)
  return func
}

/** Strings that are references: most programs use a few of them, over and over. */
const checked = new Set<string>()
const MOST_CHECKED = 1000

/**
 * Locate a job's functions.
 * @throws RqError `RQ_INVALID_REFERENCE` for a function that workers cannot import.
 */
export async function findNames(func: FunctionRef, options: CheckedOptions, locate: LocateOptions): Promise<CallNames> {
  const retryCheck = options.retry?.on
  const [name, onSuccess, onFailure, onStopped, retryOn] = await Promise.all([
    referenceOf(func, locate),
    callbackRecord(options.onSuccess, locate),
    callbackRecord(options.onFailure, locate),
    callbackRecord(options.onStopped, locate),
    retryCheck && referenceOf(retryCheck, locate),
  ])
  return {
    func: name,
    ...(onSuccess && { onSuccess }),
    ...(onFailure && { onFailure }),
    ...(onStopped && { onStopped }),
    ...(retryOn && { retryOn }),
  }
}

async function callbackRecord(
  callback: Callback | undefined,
  locate: LocateOptions,
): Promise<CallbackRecord | undefined> {
  if (callback === undefined) return undefined
  return recordOf(callback, await referenceOf(callback.func, locate))
}
