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
  return `${new Date(nowMs).toISOString().slice(0, -1)}${String(serial).padStart(3, '0')}Z`
}

let formattedMs = Number.NaN
let formatted = ''

/** Epoch milliseconds, fractions of them too, as RQ writes times: UTC, always six digits of fraction, `Z`. */
export function formatTime(ms: number): string {
  const wholeMs = Math.floor(ms)
  // The jobs of a batch have most of their times in common.
  if (wholeMs !== formattedMs) {
    formatted = new Date(wholeMs).toISOString().slice(0, -1)
    formattedMs = wholeMs
  }
  const us = Math.min(Math.round((ms - wholeMs) * 1000), 999)
  return `${formatted}${us === 0 ? '000' : String(us).padStart(3, '0')}Z`
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
