import { checkOptionNames, type DurationLike, durationMs, invalidOption, type OptionNames } from '@rq/core'

export interface ReturnUnknown {
  /** For how long a job waits in all, in pauses between two workers, before it fails. More than 0. */
  readonly returnFor: DurationLike
}

/** What becomes of a job whose function the build of a worker does not have. */
export type UnknownFunctionPolicy = 'fail' | ReturnUnknown

export const UNKNOWN_FUNCTION_EXPECTED = "'fail', or { returnFor: '10m' }"

const NAMES: OptionNames<ReturnUnknown> = { returnFor: true }

/** How long such a job is returned for, in milliseconds; undefined: it fails. @throws RqError `RQ_INVALID_OPTION`. */
export function checkUnknownFunctionPolicy(value: unknown, option: string): number | undefined {
  if (value === 'fail') return undefined
  if (typeof value !== 'object' || value === null || !('returnFor' in value)) {
    throw invalidOption(option, value, UNKNOWN_FUNCTION_EXPECTED)
  }
  const { returnFor } = checkOptionNames(value as ReturnUnknown, NAMES, option)
  const forMs = Math.ceil(durationMs(returnFor, `${option}.returnFor`))
  if (forMs <= 0) throw invalidOption(`${option}.returnFor`, returnFor, 'more than 0')
  return forMs
}
