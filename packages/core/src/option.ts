import { type DurationLike, durationMs, durationOrUnlimitedS, durationS } from './duration.ts'
import { invalidOption } from './errors.ts'

/** The form of an option's value. A `value` cannot be typed on a command line. */
export type OptionKind = 'boolean' | 'bytes' | 'choice' | 'count' | 'duration' | 'string' | 'strings' | 'value'

/** How an option is set on a command line. */
interface TypedOption {
  /** The flag, without dashes. For a `boolean`, it inverts the default. */
  readonly flag?: string
  /** The flag's short form, one letter. */
  readonly letter?: string
  /** What the value is called in help: `--path <folder>`. Default: a word for its kind. */
  readonly valueName?: string
  /** One line for help. */
  readonly help?: string
  /** The default in words, when no value expresses it. */
  readonly defaultText?: string
}

/** One option of a public call. Tables of these are the only place where options are named and checked. */
export interface OptionRule<Checked = unknown> extends TypedOption {
  readonly kind: OptionKind
  /** The default, in the form in which callers give the option. */
  readonly default?: boolean | number | string | readonly string[]
  /** The values of a `choice`. */
  readonly choices?: readonly string[]
  /** What `check` accepts, in words. Absent if one sentence cannot describe it. */
  readonly expected?: string
  /**
   * The checked value, in the unit in which it is used. Never called with undefined.
   * @throws RqError `RQ_INVALID_OPTION` naming `option`.
   */
  check(value: unknown, option: string): Checked
}

/** Options by their names. */
export type OptionTable = Readonly<Record<string, OptionRule>>

interface Defaulted<Value> extends TypedOption {
  readonly default?: Value
  readonly expected?: string
}

/** True or false. */
export function booleanOption(rule: Defaulted<boolean> = {}): OptionRule<boolean> {
  return { kind: 'boolean', expected: 'true or false', ...rule, check: checkBoolean }
}

/** A whole number from `least` to `most`. */
export function countOption({
  least,
  most = Number.MAX_SAFE_INTEGER,
  ...rule
}: Defaulted<number> & { least: number; most?: number }): OptionRule<number> {
  const expected = `a whole number of at least ${least}${most < Number.MAX_SAFE_INTEGER ? ` and at most ${most}` : ''}`
  return {
    kind: 'count',
    expected,
    ...rule,
    check(value, option) {
      if (Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most) return Number(value)
      throw invalidOption(option, value, expected)
    },
  }
}

const BYTES = /^(\d+)\s*(b|kb|mb|gb)?$/i
const UNITS: Readonly<Record<string, number>> = { b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 }

/** A number of bytes, or a string such as `'512mb'`, in units of 1024; checked, it is bytes. */
export function bytesOption(rule: Defaulted<number | string> = {}): OptionRule<number> {
  const expected = "a number of bytes, or a string such as '512mb' or '2gb'"
  return {
    kind: 'bytes',
    expected,
    ...rule,
    check(value, option) {
      const [, digits = '', unit = 'b'] = (typeof value === 'string' && BYTES.exec(value)) || []
      const bytes = typeof value === 'string' ? Number(digits || Number.NaN) * (UNITS[unit.toLowerCase()] ?? 1) : value
      if (Number.isSafeInteger(bytes) && Number(bytes) >= 0) return Number(bytes)
      throw invalidOption(option, value, expected)
    },
  }
}

/** One of several words. */
export function choiceOption<const Choice extends string>(
  choices: readonly Choice[],
  rule: Defaulted<Choice> = {},
): OptionRule<Choice> {
  return {
    kind: 'choice',
    choices,
    expected: listed(choices),
    ...rule,
    check: (value, option) => oneOf(option, value, choices),
  }
}

/**
 * Check an option that is one of several strings.
 * @throws RqError `RQ_INVALID_OPTION` naming `option`.
 */
export function oneOf<Choice extends string>(option: string, value: unknown, choices: readonly Choice[]): Choice {
  const found = choices.find((choice) => choice === value)
  if (found === undefined) throw invalidOption(option, value, listed(choices))
  return found
}

interface DurationRule extends Defaulted<number | string> {
  /** Refuse 0. */
  readonly isPositive?: boolean
}

/** A `DurationLike`; checked, it is whole seconds, rounded up. `isUnlimited`: -1 means no limit. */
export function secondsOption({
  isPositive = false,
  isUnlimited = false,
  ...rule
}: DurationRule & { readonly isUnlimited?: boolean }): OptionRule<number> {
  return durationOption(rule, isPositive, isUnlimited ? durationOrUnlimitedS : durationS)
}

/** A `DurationLike`; checked, it is milliseconds. */
export function millisecondsOption({ isPositive = false, ...rule }: DurationRule): OptionRule<number> {
  return durationOption(rule, isPositive, durationMs)
}

/** A string that `check` accepts; by default any. */
export function stringOption(
  rule: Defaulted<string> & { check?: (value: unknown, option: string) => string } = {},
): OptionRule<string> {
  return { kind: 'string', expected: 'a string', check: checkString, ...rule }
}

/** An array of strings. */
export function stringsOption(rule: Defaulted<readonly string[]> = {}): OptionRule<readonly string[]> {
  return { kind: 'strings', expected: 'an array of strings', ...rule, check: checkStrings }
}

/** Anything that `check` accepts, for programs only. */
export function valueOption<Checked>(check: (value: unknown, option: string) => Checked): OptionRule<Checked> {
  return { kind: 'value', check }
}

function durationOption(
  rule: Omit<DurationRule, 'isPositive'>,
  isPositive: boolean,
  read: (value: DurationLike, option: string) => number,
): OptionRule<number> {
  return {
    kind: 'duration',
    ...rule,
    check(value, option) {
      const length = read(value as DurationLike, option)
      if (isPositive && length === 0) throw invalidOption(option, value, 'more than 0 seconds')
      return length
    },
  }
}

function checkBoolean(value: unknown, option: string): boolean {
  if (typeof value === 'boolean') return value
  throw invalidOption(option, value, 'true or false')
}

function checkString(value: unknown, option: string): string {
  if (typeof value === 'string') return value
  throw invalidOption(option, value, 'a string')
}

function checkStrings(value: unknown, option: string): readonly string[] {
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value
  throw invalidOption(option, value, 'an array of strings')
}

/** `'a', 'b' or 'c'`. */
function listed(words: readonly string[]): string {
  const quoted = words.map((word) => `'${word}'`)
  return quoted.length < 2 ? quoted.join('') : `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`
}
