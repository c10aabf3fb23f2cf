import type { Schedule } from 'rq'

/** A schedule as JSON. Times are ISO 8601; durations are seconds. */
export function scheduleDocument(schedule: Schedule): Record<string, unknown> {
  const { catchUp, count, cron, every, funcName, isPaused, name, overlap, owner, queueName } = schedule
  const { spread, times, timezone } = schedule
  return {
    ...{ name, queue: queueName, function: funcName, cron, every, timezone, times, spread, catchUp, overlap, owner },
    ...{ count, paused: isPaused, next: text(schedule.nextAt), latest: text(schedule.latestAt) },
    ...{ from: text(schedule.from), until: text(schedule.until) },
  }
}

function text(date: Date | null): string | null {
  return date?.toISOString() ?? null
}
