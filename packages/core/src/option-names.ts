import { invalidOption, type RqError } from './errors.ts'
import { nearestWord } from './suggestion.ts'

/** The names of the options in a type. The compiler fails on one that is missing, or is none. */
export type OptionNames<Options> = Readonly<Record<keyof Options, true>>

/**
 * Refuse options with a name that the call does not know: it would have no effect. Returns the options.
 * @param call what takes the options, for the message: `Queue`.
 * @param hints what to do instead, for names that callers often try.
 * @throws RqError `RQ_INVALID_OPTION`.
 */
export function checkOptionNames<Options>(
  options: Options,
  known: Readonly<Record<string, unknown>>,
  call: string,
  hints: Readonly<Record<string, string>> = {},
): Options {
  if (options === undefined) return options
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw invalidOption(`options of ${call}`, options, `an object with ${listOf(Object.keys(known))}`)
  }
  for (const name of Object.keys(options)) if (!Object.hasOwn(known, name)) throw refusal(options, known, call, hints)
  return options
}

/** A name with a hint counts for more than others: it may be one of many properties of a wrong object. */
function refusal(
  options: object,
  known: Readonly<Record<string, unknown>>,
  call: string,
  hints: Readonly<Record<string, string>>,
): RqError {
  const what = `option name of ${call}`
  const unknown = Object.keys(options).filter((name) => !Object.hasOwn(known, name))
  const hinted = unknown.find((name) => Object.hasOwn(hints, name))
  if (hinted !== undefined) return invalidOption(what, hinted, String(hints[hinted]))
  return unknownOption(unknown[0] ?? '', Object.keys(known), what)
}

/** The error for an option with a name that is not known. */
export function unknownOption(name: string, known: readonly string[], what: string, note = ''): RqError {
  const near = nearestWord(name, known)
  return invalidOption(what, name, `${near === undefined ? listOf(known) : `'${near}'`}${note}`)
}

function listOf(names: readonly string[]): string {
  return names.length === 1 ? `only '${names[0]}'` : `one of ${names.join(', ')}`
}
