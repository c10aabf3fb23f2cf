import { SECOND_MS } from '@rq/core'

let lastMs = 0
let serial = 0

/**
 * The time now as RQ writes times, to the microsecond. The microseconds count up within a millisecond, so that two
 * calls of this process have different stamps.
 */
export function stampNow(): string {
  const nowMs = Date.now()
  serial = nowMs === lastMs ? (serial + 1) % 1000 : 0
  lastMs = nowMs
  return timeText(nowMs, serial)
}

/** Format epoch milliseconds, with their fraction, as RQ writes times: UTC, six digits of fraction, `Z`. */
export function formatTime(ms: number): string {
  const wholeMs = Math.floor(ms)
  return timeText(wholeMs, Math.min(Math.round((ms - wholeMs) * 1000), 999))
}

/** The second that was formatted last, and its text up to the point. Most times share it. */
let writtenSecond = Number.NaN
let written = ''

function timeText(wholeMs: number, us: number): string {
  const second = Math.floor(wholeMs / SECOND_MS)
  if (second !== writtenSecond) {
    written = new Date(second * SECOND_MS).toISOString().slice(0, -'000Z'.length)
    writtenSecond = second
  }
  const fraction = (wholeMs - second * SECOND_MS) * 1000 + us
  return `${written}${String(1_000_000 + fraction).slice(1)}Z`
}

/**
 * The length of a time as RQ writes it, `2026-11-24T01:02:03.000004Z`, and the index of its first digit of fraction.
 */
const TIME_LENGTH = 27
const FRACTION_AT = 20
const ZERO = 0x30

/** The second that was parsed last, as text up to the point and in milliseconds. Most times share it. */
let readText = ' '
let readMs = 0

/**
 * Parse a time as RQ writes it, with up to six digits of fraction. Returns epoch milliseconds, whose fraction holds the
 * microseconds, so that {@link formatTime} returns the same text; undefined if the text is not a time.
 */
export function parseTime(text: string): number | undefined {
  if (text.length !== TIME_LENGTH || !text.endsWith('Z')) return otherTime(text)
  if (!text.startsWith(readText)) {
    const ms = Date.parse(text)
    if (Number.isNaN(ms)) return undefined
    readText = text.slice(0, FRACTION_AT)
    readMs = Math.floor(ms / SECOND_MS) * SECOND_MS
  }
  // Digit by digit, which is fast: a worker parses two times for each job.
  let us = 0
  for (let at = FRACTION_AT; at < TIME_LENGTH - 1; at++) {
    const digit = text.charCodeAt(at) - ZERO
    if (digit < 0 || digit > 9) return undefined
    us = us * 10 + digit
  }
  return readMs + us / 1000
}

function otherTime(text: string): number | undefined {
  const ms = Date.parse(text)
  return Number.isNaN(ms) ? undefined : ms
}

/** The last time that a date can be, and as far before 1970 the first one. */
const LAST_MS = 8.64e15

/** A number as epoch milliseconds; undefined if no date has this time. */
export function msOf(value: number | undefined): number | undefined {
  return value !== undefined && Math.abs(value) <= LAST_MS ? value : undefined
}

/**
 * The score of a sorted set, in epoch seconds, as epoch milliseconds. One without end, and one that another program has
 * written and that is no date, is the first or the last date.
 */
export function scoreMs(score: string): number {
  const seconds = /^\+?inf$/.test(score) ? LAST_MS : score === '-inf' ? -LAST_MS : Number(score)
  return Math.min(Math.max(Math.round(seconds * SECOND_MS), -LAST_MS), LAST_MS) || 0
}
