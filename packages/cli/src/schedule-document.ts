import type { ScheduleInfo } from 'rq'

/** A schedule as JSON. Times are ISO 8601; durations are seconds. */
export function scheduleDocument(schedule: ScheduleInfo): Record<string, unknown> {
  const { catchUp, count, cron, every, funcName, isPaused, lastJob, name, overlap, owner, queueName } = schedule
  const { spread, times, timezone } = schedule
  return {
    ...{ name, queue: queueName, function: funcName, cron, every, timezone, times, spread, catchUp, overlap, owner },
    ...{ count, paused: isPaused, next: text(schedule.nextAt), latest: text(schedule.latestAt), lastJob },
    ...{ from: text(schedule.from), until: text(schedule.until) },
  }
}

function text(date: Date | null): string | null {
  return date?.toISOString() ?? null
}
