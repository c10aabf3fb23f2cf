import { durationMs, RqError, show } from '@rq/core'
import { UsageError } from '../exit-code.ts'

/** For yargs' `coerce`: of an option that was given more than once the last counts. */
function last(value: string | readonly string[]): string {
  return typeof value === 'string' ? value : (value.at(-1) ?? '')
}

/** An option with one text as its value. */
export function text<const O extends object>(option: O) {
  return { type: 'string', requiresArg: true, coerce: last, ...option } as const
}

/** An option that may be given several times, each time with one text. */
export function texts<const O extends object>(option: O) {
  return { type: 'string', array: true, requiresArg: true, ...option } as const
}

/** A switch. */
export function flag<const O extends object>(option: O) {
  return { type: 'boolean', default: false, ...option } as const
}

/** @throws UsageError naming the option. */
export function wholeNumber(value: string, option: string, least = 0): number {
  const number = Number(value)
  if (/^-?\d+$/.test(value) && Number.isSafeInteger(number) && number >= least) return number
  throw new UsageError(`Invalid ${option}: got ${show(value)}, expected a whole number of at least ${least}.`)
}

/** Milliseconds. @throws UsageError naming the option. */
export function duration(value: string, option: string): number {
  try {
    return durationMs(value, option)
  } catch (error) {
    throw typedError(error, { [option]: option })
  }
}

/**
 * Run `call`; where rq refuses an option, call it by the name that the user typed.
 * @throws UsageError in the place of `RQ_INVALID_OPTION`, other errors as they are.
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
    // What only a program can give.
    .replace('seconds as a number, ', 'seconds: ')
    .replace(/(, )?(or )?an? (valid Date, )?Luxon (Duration|DateTime)(, or )?/, '')
  return new UsageError(message, { cause: error })
}
