import { invalidOption } from './errors.ts'

// No library: the grammar is RQ's (`90`, `'1h30m'`, -1) and milliseconds, narrower than that of the packages `ms` or
// `parse-duration`, and an error has to name the option.

/** A Luxon `Duration`, by its shape, so that Luxon is never loaded for a number. */
export interface DurationObject {
  toMillis(): number
  readonly isValid?: boolean
}

/**
 * A length of time: seconds as a number or digits, `'100ms' | '10s' | '5m' | '1h' | '2d' | '1h30m'`,
 * or a Luxon `Duration`. Units in any letter case. Fractions of a second are kept to the millisecond.
 */
export type DurationLike = number | string | DurationObject

export const SECOND_MS = 1000
export const MINUTE_MS = 60 * SECOND_MS
export const HOUR_MS = 60 * MINUTE_MS
export const DAY_MS = 24 * HOUR_MS

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: SECOND_MS, m: MINUTE_MS, h: HOUR_MS, d: DAY_MS }
const DIGITS = /^\d+(\.\d+)?$/
const UNITS = /^(\d+(ms|[dhms]))+$/
const UNIT = /(\d+)(ms|[dhms])/g
/** A thousand years. JavaScript and Redis can count as many milliseconds exactly, and no one means more. */
const LONGEST_MS = 1000 * 365 * DAY_MS
const EXPECTED = "seconds as a number, '90', '100ms', '10s', '5m', '1h30m', '2d', or a Luxon Duration"

/**
 * Read a `DurationLike` as milliseconds, at least 0. A positive duration never becomes zero.
 * @throws RqError `RQ_INVALID_OPTION` naming `option` when the value is anything else, negative, or over 1000 years.
 */
export function durationMs(value: DurationLike, option: string): number {
  const ms = readMs(value)
  if (ms === undefined || !Number.isFinite(ms) || ms < 0 || ms > LONGEST_MS)
    throw invalidOption(option, value, EXPECTED)
  return ms === 0 ? 0 : Math.max(1, Math.round(ms))
}

/** Like {@link durationMs}, in whole seconds, rounded up. */
export function durationS(value: DurationLike, option: string): number {
  return Math.ceil(durationMs(value, option) / SECOND_MS)
}

/** Like {@link durationS}, but also accepts `-1`, RQ's "no limit". */
export function durationOrUnlimitedS(value: DurationLike, option: string): number {
  if (value === -1 || value === '-1') return -1
  const seconds = readMs(value)
  if (seconds === undefined || seconds < 0) throw invalidOption(option, value, `${EXPECTED}; -1 means no limit`)
  return durationS(value, option)
}

function readMs(value: unknown): number | undefined {
  if (typeof value === 'number') return value * SECOND_MS
  if (typeof value === 'string') return readText(value.trim().toLowerCase())
  return typeof value === 'object' && value !== null ? readObject(value) : undefined
}

function readObject(value: object): number | undefined {
  try {
    // A Luxon DateTime has a toMillis too, but it is a point in time.
    if (!('toMillis' in value) || typeof value.toMillis !== 'function' || 'isLuxonDateTime' in value) return undefined
    const ms: unknown = value.toMillis()
    return typeof ms === 'number' ? ms : undefined
  } catch {
    return undefined
  }
}

function readText(text: string): number | undefined {
  if (DIGITS.test(text)) return Number(text) * SECOND_MS
  if (!UNITS.test(text)) return undefined
  let ms = 0
  for (const [, count, unit] of text.matchAll(UNIT)) ms += Number(count) * (UNIT_MS[unit ?? ''] ?? Number.NaN)
  return ms
}
