import { invalidOption, SECOND_MS } from '@rq/core'
import { Cron } from 'croner'
import { checkCronExpression, invalidCron } from './cron-expression.ts'

/** The ticks at which a cron job is due. All times are epoch milliseconds, on whole seconds. */
export interface Recurrence {
  /** Identifies the rule: the same string for the same rule. */
  readonly rule: string
  /** A lower bound of the milliseconds between two ticks: the interval, or 1. */
  readonly leastGapMs: number
  /**
   * The first tick after `afterMs`; undefined when there is none. An interval counts from `anchorMs`, which is a tick.
   */
  next(afterMs: number, anchorMs: number): number | undefined
  /** The last ticks, at most `most`, that are after `afterMs` and not after `untilMs`, in order. */
  last(most: number, afterMs: number, untilMs: number, anchorMs: number): readonly number[]
}

/** A tick every `intervalS` seconds. */
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

/** The default zone of a cron expression, as in RQ. */
const DEFAULT_TIMEZONE = 'UTC'

/**
 * The ticks of a cron expression in a time zone.
 *
 * When the clocks change: a time of day that is written out (`30 2 * * *`, also a list or range of them) comes once a
 * day: if it is skipped, at the first instant after the gap; if it comes twice, the first time. A rule with a `*` or a
 * step in its seconds, minutes or hours follows elapsed time: nothing for a skipped hour, again in a repeated one.
 * @throws RqError `RQ_INVALID_OPTION` with the position of a mistake, for an expression that never matches, and for an
 *   unknown zone.
 */
export function onCron(text: unknown, timezone: unknown = DEFAULT_TIMEZONE): Recurrence {
  const pattern = checkCronExpression(text)
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
