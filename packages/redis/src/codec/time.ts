import { SECOND_MS } from '@rq/core'

let lastMs = 0
let serial = 0

/**
 * Now as RQ writes times, to the microsecond; the microseconds count up within a millisecond,
 * so that a stamp also tells two calls of this process apart.
 */
export function stampNow(): string {
  const nowMs = Date.now()
  serial = nowMs === lastMs ? (serial + 1) % 1000 : 0
  lastMs = nowMs
  return timeText(nowMs, serial)
}

/** Epoch milliseconds, fractions of them too, as RQ writes times: UTC, always six digits of fraction, `Z`. */
export function formatTime(ms: number): string {
  const wholeMs = Math.floor(ms)
  return timeText(wholeMs, Math.min(Math.round((ms - wholeMs) * 1000), 999))
}

/** The second that was written last, which most times have in common, and its text up to the point. */
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

/** Length of RQ's text for a time, `2026-11-24T01:02:03.000004Z`, and where the digits behind its point begin. */
const TIME_LENGTH = 27
const FRACTION_AT = 20
const ZERO = 0x30

/** The second that was read last, which most times have in common, as text up to the point and in milliseconds. */
let readText = ' '
let readMs = 0

/**
 * Epoch milliseconds of RQ's text, which has up to six digits of fraction; undefined when empty or not a time.
 * Microseconds are fractions, so that {@link formatTime} gives back the same text.
 */
export function parseTime(text: string): number | undefined {
  if (text.length !== TIME_LENGTH || !text.endsWith('Z')) return otherTime(text)
  if (!text.startsWith(readText)) {
    const ms = Date.parse(text)
    if (Number.isNaN(ms)) return undefined
    readText = text.slice(0, FRACTION_AT)
    readMs = Math.floor(ms / SECOND_MS) * SECOND_MS
  }
  // By digits: a worker reads two times of each job.
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

/** A score as Redis writes it, which is `inf` for never. */
export function parseScore(text: string): number {
  return /^\+?inf$/.test(text) ? Number.POSITIVE_INFINITY : Number(text)
}
