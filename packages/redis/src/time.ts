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

/** Epoch milliseconds of RQ's text, which has up to six digits of fraction; undefined when empty or not a time. */
export function parseTime(text: string): number | undefined {
  if (text === '') return undefined
  const ms = Date.parse(text)
  return Number.isNaN(ms) ? undefined : ms
}

/** A score as Redis writes it, which is `inf` for never. */
export function parseScore(text: string): number {
  return /^\+?inf$/.test(text) ? Number.POSITIVE_INFINITY : Number(text)
}
