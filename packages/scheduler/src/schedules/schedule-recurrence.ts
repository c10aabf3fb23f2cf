import { SECOND_MS } from '@rq/core'
import type { ScheduleRule } from '@rq/job'
import { every, onCron, type Recurrence } from '../recurrence.ts'

/**
 * The ticks of a schedule: those of its interval or cron expression, later by its offset, from its start to its end.
 * @throws RqError `RQ_INVALID_OPTION` for a cron expression or a time zone that this Node does not know.
 */
export function scheduleRecurrence(rule: ScheduleRule): Recurrence {
  const { cron, everyS = 1, fromMs = Number.NEGATIVE_INFINITY, offsetS = 0, timezone } = rule
  const { untilMs = Number.POSITIVE_INFINITY } = rule
  const plain = cron === undefined ? every(everyS) : onCron(cron, timezone)
  const offsetMs = offsetS * SECOND_MS
  return {
    rule: plain.rule,
    leastGapMs: plain.leastGapMs,
    next: (afterMs, anchorMs) => {
      const nextMs = plain.next(Math.max(afterMs, fromMs - 1) - offsetMs, anchorMs)
      const tickMs = nextMs === undefined ? undefined : nextMs + offsetMs
      return tickMs !== undefined && tickMs <= untilMs ? tickMs : undefined
    },
    last: (most, afterMs, lastMs, anchorMs) => {
      const ticks = plain.last(
        most,
        Math.max(afterMs, fromMs - 1) - offsetMs,
        Math.min(lastMs, untilMs) - offsetMs,
        anchorMs,
      )
      return ticks.map((tickMs) => tickMs + offsetMs)
    },
  }
}
