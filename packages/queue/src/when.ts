import { invalidOption } from '@rq/core'

/** The part of a Luxon `DateTime` that is used. A structural type, so that Luxon is not loaded. */
interface DateTimeObject {
  toJSDate(): Date
  readonly isValid?: boolean
}

/**
 * A point in time: a `Date`, a Luxon `DateTime`, or an ISO 8601 string; without an offset it is in the local time zone.
 */
export type When = Date | DateTimeObject | string

const ISO =
  /^(\d{4})-(\d{2})-(\d{2})(?:[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?\s*([Zz]|[+-]\d{2}(?::?\d{2})?)?$/
const EXPECTED =
  "a valid Date, Luxon DateTime, or ISO 8601 string such as '2030-01-31T09:30:00' (local time) or '...T09:30:00Z'"

/**
 * Epoch milliseconds of a `When`; 0 for a time before 1970, which is past in any case. Fractions of a millisecond are
 * rounded up, so that a job is never early.
 * @throws RqError `RQ_INVALID_OPTION` naming `option` for other values, and for dates and times that do not exist.
 */
export function whenMs(when: When, option: string): number {
  const ms = readMs(when)
  if (ms === undefined || !Number.isFinite(ms)) throw invalidOption(option, when, EXPECTED)
  return Math.max(0, ms)
}

/** The time of stored epoch milliseconds; undefined where none are stored. */
export function dateOf(ms: number | undefined): Date | undefined {
  return ms === undefined ? undefined : new Date(ms)
}

function readMs(when: unknown): number | undefined {
  if (when instanceof Date) return when.getTime()
  if (typeof when === 'string') return parseIso(when.trim())
  if (typeof when === 'object' && when !== null && 'toJSDate' in when && typeof when.toJSDate === 'function') {
    const date: unknown = when.toJSDate()
    return date instanceof Date ? date.getTime() : undefined
  }
  return undefined
}

function parseIso(text: string): number | undefined {
  const match = ISO.exec(text)
  if (match === null) return undefined
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map((part) => Number(part ?? 0))
  if (hour > 23 || minute > 59 || second > 59 || !isDay(year, month, day)) return undefined
  const ms = fractionMs(match[7] ?? '')
  const offset = match[8]
  // As in every Date: a time that daylight saving skips is an hour later, and the first of two equal times counts.
  if (offset === undefined) return new Date(year, month - 1, day, hour, minute, second, ms).getTime()
  const offsetMinutes = readOffset(offset)
  if (offsetMinutes === undefined) return undefined
  return Date.UTC(year, month - 1, day, hour, minute, second, ms) - offsetMinutes * 60_000
}

/** Milliseconds of the digits behind the decimal point, rounded up. */
function fractionMs(digits: string): number {
  const rest = digits.slice(3)
  return Number(digits.slice(0, 3).padEnd(3, '0')) + (Number(rest) > 0 ? 1 : 0)
}

function isDay(year: number, month: number, day: number): boolean {
  const date = new Date(Date.UTC(year, month - 1, day))
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day
}

/** A UTC offset in minutes, positive to the east; undefined for an invalid one. */
function readOffset(offset: string): number | undefined {
  if (offset === 'Z' || offset === 'z') return 0
  const hours = Number(offset.slice(1, 3))
  const minutes = Number(offset.slice(3).replace(':', '') || 0)
  if (hours > 23 || minutes > 59) return undefined
  return (offset.startsWith('-') ? -1 : 1) * (hours * 60 + minutes)
}
