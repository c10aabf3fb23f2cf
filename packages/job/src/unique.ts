import { checkOptionNames, type DurationLike, durationMs, invalidOption, type OptionNames, oneOf } from '@rq/core'
import type { UniqueUntil } from './record.ts'

/** Only one job of a queue holds a key at a time. */
export interface Unique {
  /** The key, or a function that makes it of the arguments. Default: a hash of the function and its arguments. */
  key?: string | ((args: readonly unknown[]) => string)
  /**
   * How long the job holds the key: to its start, to its end, or for as long as it is stored. A job that has failed,
   * was stopped or canceled holds it no longer, unless this is `deleted`. Default `ended`.
   */
  until?: UniqueUntil
  /** Hold the key at least for this time from now on, unless the job fails, is stopped or canceled. Default: none. */
  for?: DurationLike
  /**
   * What to do while another job holds the key: `return` its handle, whose `isDuplicate` is true; `refuse` with a
   * DuplicateJobError; or delete it and `replace` it by the new job. Default `return`.
   */
  onDuplicate?: OnDuplicate
}

export type OnDuplicate = 'return' | 'refuse' | 'replace'

/** Checked, with the defaults. */
export interface CheckedUnique {
  readonly key?: string | ((args: readonly unknown[]) => string)
  readonly until: UniqueUntil
  readonly forMs?: number
  readonly onDuplicate: OnDuplicate
}

export const UNIQUE_UNTIL: readonly UniqueUntil[] = ['started', 'ended', 'deleted']
const ON_DUPLICATE: readonly OnDuplicate[] = ['return', 'refuse', 'replace']
const NAMES: OptionNames<Unique> = { key: true, until: true, for: true, onDuplicate: true }

/** The longest key, in characters. */
const LONGEST_KEY = 512

/** @throws RqError `RQ_INVALID_OPTION`. */
export function checkUnique(value: unknown, option: string): boolean | CheckedUnique {
  if (typeof value === 'boolean') return value
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidOption(option, value, 'true, false or { key, until, for, onDuplicate }')
  }
  const { key, until = 'ended', for: time, onDuplicate = 'return' } = checkOptionNames(value as Unique, NAMES, option)
  const forMs = time === undefined ? undefined : durationMs(time, `${option}.for`)
  if (forMs === 0) throw invalidOption(`${option}.for`, time, 'more than 0 seconds')
  return {
    ...(key !== undefined && { key: typeof key === 'function' ? key : checkUniqueKey(key, `${option}.key`) }),
    until: oneOf(`${option}.until`, until, UNIQUE_UNTIL),
    ...(forMs !== undefined && { forMs }),
    onDuplicate: oneOf(`${option}.onDuplicate`, onDuplicate, ON_DUPLICATE),
  }
}

/** @throws RqError `RQ_INVALID_OPTION`. */
export function checkUniqueKey(key: unknown, option: string): string {
  if (typeof key === 'string' && key !== '' && key.length <= LONGEST_KEY) return key
  throw invalidOption(option, key, `1 to ${LONGEST_KEY} characters, or a function that returns them`)
}
