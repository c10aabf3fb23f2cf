import { invalidOption, SECOND_MS } from '@rq/core'
import { Cron } from 'croner'
import { checkCronText, invalidCron } from './cron-text.ts'

/** When something happens again and again. All times are epoch milliseconds, on whole seconds. */
export interface Recurrence {
  /** The same text for the same rule. */
  readonly rule: string
  /** The least time between two ticks that is known beforehand: the interval, or 1 ms. */
  readonly leastGapMs: number
  /** The first tick after `afterMs`; undefined when there is none. An interval counts from `anchorMs`, which is a tick. */
  next(afterMs: number, anchorMs: number): number | undefined
  /** The last ticks, at most `most`, that are after `afterMs` and not after `untilMs`, in order. */
  last(most: number, afterMs: number, untilMs: number, anchorMs: number): readonly number[]
}

/** A tick every so many seconds. */
export function every(intervalS: number): Recurrence {
  const intervalMs = intervalS * SECOND_MS
  const stepAfter = (afterMs: number, anchorMs: number) =>
    anchorMs > afterMs ? 0 : Math.floor((afterMs - anchorMs) / intervalMs) + 1
  return {
    rule: `every ${intervalS} s`,
    leastGapMs: intervalMs,
    next: (afterMs, anchorMs) => anchorMs + stepAfter(afterMs, anchorMs) * intervalMs,
    last: (most, afterMs, untilMs, anchorMs) => {
      const newest = Math.floor((untilMs - anchorMs) / intervalMs)
      const oldest = Math.max(stepAfter(afterMs, anchorMs), newest - most + 1)
      return Array.from({ length: Math.max(0, newest - oldest + 1) }, (_, n) => anchorMs + (oldest + n) * intervalMs)
    },
  }
}

/** The default zone of a cron text, as in RQ. */
const DEFAULT_TIMEZONE = 'UTC'

/**
 * The ticks of a cron text in a time zone.
 *
 * When the clocks change: a time of day that is written out (`30 2 * * *`, also a list or range of them) happens once a day:
 * if it is skipped, at the first instant after the gap; if it comes twice, the first time. What has a `*` or a step in its
 * seconds, minutes or hours goes with the time that passes: nothing for a skipped hour, again in a repeated one.
 * @throws RqError `RQ_INVALID_OPTION` with the position of a mistake, and for a text that never matches or a zone that is unknown.
 */
export function onCron(text: unknown, timezone: unknown = DEFAULT_TIMEZONE): Recurrence {
  const pattern = checkCronText(text)
  const zone = checkTimezone(timezone)
  let cron: Cron
  try {
    cron = new Cron(pattern, { timezone: zone, fixedTimeRule: 'no-wildcard', mode: '5-or-6-parts', paused: true })
  } catch (error) {
    throw invalidCron(text, error instanceof Error ? error.message : String(error))
  }
  if (cron.nextRun() === null) throw invalidCron(text, 'there is no such day')
  return {
    rule: `cron ${pattern} ${zone}`,
    leastGapMs: 1,
    next: (afterMs) => cron.nextRun(new Date(afterMs))?.getTime(),
    last: (most, afterMs, untilMs) => {
      const first = cron.nextRun(new Date(afterMs))?.getTime()
      if (first === undefined || first > untilMs) return []
      const newestFirst = cron.previousRuns(most, new Date(untilMs + 1)).map((date) => date.getTime())
      return newestFirst.filter((ms) => ms > afterMs).reverse()
    },
  }
}

/** @throws RqError `RQ_INVALID_OPTION`. */
function checkTimezone(timezone: unknown): string {
  try {
    if (typeof timezone === 'string')
      return new Intl.DateTimeFormat('en', { timeZone: timezone }).resolvedOptions().timeZone
  } catch {
    // Not a zone that this Node knows.
  }
  throw invalidOption('timezone', timezone, "an IANA time zone such as 'Europe/Berlin'")
}
