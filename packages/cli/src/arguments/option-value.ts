import { countOption, durationMs, RqError } from '@rq/core'
import { UsageError } from '../exit-code.ts'

/** The number that the string is, else the string itself, so that the message of a check shows it. */
export function numberIn(value: unknown): unknown {
  return typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value
}

/** @throws UsageError naming the flag. */
export function wholeNumber(value: string, flag: string, least = 0): number {
  return checkTyped(flag, (option) => countOption({ least }).check(numberIn(value), option))
}

/** Milliseconds. @throws UsageError naming the flag. */
export function duration(value: string, flag: string): number {
  return checkTyped(flag, (option) => durationMs(value, option))
}

/** Check the value of a flag. @throws UsageError naming the flag. */
export function checkTyped<T>(flag: string, check: (option: string) => T): T {
  return namingOption({ [flag]: flag }, () => check(flag))
}

/**
 * Run `call`. If rq refuses an option, the error names the flag instead; `names` has the flags by option.
 * @throws UsageError instead of `RQ_INVALID_OPTION`; other errors as they are.
 */
export async function namingOptions<T>(names: Readonly<Record<string, string>>, call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    throw typedError(error, names)
  }
}

/** As {@link namingOptions}, for a call that returns no promise. */
export function namingOption<T>(names: Readonly<Record<string, string>>, call: () => T): T {
  try {
    return call()
  } catch (error) {
    throw typedError(error, names)
  }
}

function typedError(error: unknown, names: Readonly<Record<string, string>>): unknown {
  if (!(error instanceof RqError) || error.code !== 'RQ_INVALID_OPTION') return error
  const option = String(error.details.option)
  const typed = names[option]
  if (typed === undefined) return error
  const message = error.message
    .replace(`Invalid ${option}:`, `Invalid ${typed}:`)
    .replace('into the option connection', 'into --url')
    // Only a program can give these.
    .replace('seconds as a number, ', 'seconds: ')
    .replace(/(, )?(or )?an? (valid Date, )?Luxon (Duration|DateTime)(, or )?/, '')
  return new UsageError(message, { cause: error })
}
