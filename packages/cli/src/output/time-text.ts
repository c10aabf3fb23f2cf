import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '@rq/core'

const two = (number: number): string => String(number).padStart(2, '0')

/** Local time, to the second: `2026-07-23 14:02:11`. */
export function localTime(date: Date): string {
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
}

/** The time from now, in its largest unit: `5 min ago`, `in 2 h`. */
export function fromNow(date: Date, nowMs: number): string {
  const ms = nowMs - date.getTime()
  const text = shortDuration(Math.abs(ms))
  return ms < 0 ? `in ${text}` : `${text} ago`
}

/** A duration in its largest unit: `120 ms`, `3 s`, `5 min`, `2 h`, `4 d`. */
export function shortDuration(ms: number): string {
  if (ms < SECOND_MS) return `${Math.round(ms)} ms`
  if (ms < MINUTE_MS) return `${Math.floor(ms / SECOND_MS)} s`
  if (ms < HOUR_MS) return `${Math.floor(ms / MINUTE_MS)} min`
  return ms < DAY_MS ? `${Math.floor(ms / HOUR_MS)} h` : `${Math.floor(ms / DAY_MS)} d`
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']

/** The directives of `--date-format`: the common ones of `strftime`, which RQ's users know. */
const LETTERS: Readonly<Record<string, (date: Date) => string>> = {
  Y: (date) => String(date.getFullYear()),
  y: (date) => two(date.getFullYear() % 100),
  m: (date) => two(date.getMonth() + 1),
  d: (date) => two(date.getDate()),
  H: (date) => two(date.getHours()),
  I: (date) => two(date.getHours() % 12 || 12),
  M: (date) => two(date.getMinutes()),
  S: (date) => two(date.getSeconds()),
  f: (date) => String(date.getMilliseconds() * 1000).padStart(6, '0'),
  p: (date) => (date.getHours() < 12 ? 'AM' : 'PM'),
  b: (date) => MONTHS[date.getMonth()] ?? '',
  a: (date) => DAYS[date.getDay()] ?? '',
  z: (date) => offset(date),
  '%': () => '%',
}

/** The first letter after a `%` that {@link formatTime} does not know, or undefined. */
export function unknownLetter(format: string): string | undefined {
  for (const [, letter = ''] of format.matchAll(/%(.?)/gs)) {
    if (LETTERS[letter] === undefined) return letter
  }
  return undefined
}

/** Local time in a `strftime` format: `%H:%M:%S`. Unknown directives stay as they are. */
export function formatTime(format: string, date: Date): string {
  return format.replace(/%(.)/gs, (whole, letter: string) => LETTERS[letter]?.(date) ?? whole)
}

function offset(date: Date): string {
  const minutes = -date.getTimezoneOffset()
  const size = Math.abs(minutes)
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}${two(size % 60)}`
}
