import type { AnyFunction, CheckedOptions, FunctionRef } from '@rq/job'
import type { CallNames } from './call-names.ts'

/** Function objects by their references: a job that runs in this process does not import them. */
export type KnownFunctions = ReadonlyMap<string, AnyFunction>

/** The functions of a call that were given as objects. */
export function functionsOf(func: FunctionRef, options: CheckedOptions, names: CallNames | undefined): KnownFunctions {
  const pairs: readonly (readonly [name: string | undefined, func: FunctionRef | undefined])[] = [
    [names?.func, func],
    [names?.onSuccess?.name, options.onSuccess?.func],
    [names?.onFailure?.name, options.onFailure?.func],
    [names?.onStopped?.name, options.onStopped?.func],
    [names?.retryOn, options.retry?.on],
  ]
  const known = new Map<string, AnyFunction>()
  for (const [name, func] of pairs) if (name !== undefined && typeof func === 'function') known.set(name, func)
  return known
}
