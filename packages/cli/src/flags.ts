import type { OptionKind, OptionRule, OptionTable } from '@rq/core'
import type { Options } from 'yargs'
import { checkTyped, numberIn } from './arguments/option-value.ts'
import { defined } from './defined.ts'

/** What yargs parses, and what help calls the value. */
export interface Flag extends Options {
  readonly valueName?: string
}

/** A flag that is given more than once has the value given last. */
function last(value: string | readonly string[]): string {
  return typeof value === 'string' ? value : (value.at(-1) ?? '')
}

/** For a flag `x` that may also be given as `--no-x`, which is false. */
export function lastOrNone(value: string | false | readonly string[]): string | false {
  return value === false ? value : last(value)
}

/** A flag with a string as its value. */
export function text<const O extends Flag>(option: O) {
  return { type: 'string', requiresArg: true, coerce: last, ...option } as const
}

/** A flag that may be given several times, each time with a string. */
export function texts<const O extends Flag>(option: O) {
  return { type: 'string', array: true, requiresArg: true, ...option } as const
}

/** A flag without a value. */
export function flag<const O extends Flag>(option: O) {
  return { type: 'boolean', ...option } as const
}

const VALUE_NAMES: Readonly<Partial<Record<OptionKind, string>>> = { bytes: 'size', count: 'n', duration: 'time' }

/** The flag that sets the option of `rule`. */
export function flagOf(rule: OptionRule): Flag {
  const { choices, help, kind, letter, valueName = VALUE_NAMES[kind] } = rule
  const described = defined({ describe: help, alias: letter })
  if (kind === 'boolean') return flag(described)
  const option = defined({ ...described, choices, valueName, defaultDescription: shownDefault(rule) })
  return kind === 'strings' ? texts(option) : text(option)
}

function shownDefault({ default: value, defaultText, kind }: OptionRule): string | undefined {
  if (defaultText !== undefined || value === undefined || Array.isArray(value)) return defaultText
  return kind === 'duration' ? `${value} s` : String(value)
}

/** The flags of the options in `table` that have one. */
export function flagsOf(table: OptionTable): Record<string, Flag> {
  return Object.fromEntries(
    Object.values(table).flatMap((rule) => (rule.flag === undefined ? [] : [[rule.flag, flagOf(rule)]])),
  )
}

/** The flags of the options in `table`, by the names of the options: `jobTimeout` is `--timeout`. */
export function flagNames(table: OptionTable): Record<string, string> {
  return Object.fromEntries(
    Object.entries(table).flatMap(([name, { flag }]) => (flag === undefined ? [] : [[name, `--${flag}`]])),
  )
}

/**
 * The options that were set by flags, by their names. rq checks lists of strings, which it may want in another form.
 * @throws UsageError naming the flag.
 */
export function optionsFrom(
  table: OptionTable,
  flags: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const options: Record<string, unknown> = {}
  for (const [name, rule] of Object.entries(table)) {
    const value = rule.flag === undefined ? undefined : flags[rule.flag]
    if (value === undefined) continue
    options[name] = given(rule, value)
    if (rule.kind !== 'strings') checkTyped(`--${rule.flag}`, (typed) => rule.check(options[name], typed))
  }
  return options
}

function given(rule: OptionRule, value: unknown): unknown {
  if (rule.kind === 'boolean') return value === (rule.default !== true)
  return rule.kind === 'count' ? numberIn(value) : value
}
