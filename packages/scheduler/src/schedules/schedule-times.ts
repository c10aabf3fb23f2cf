import { createHash } from 'node:crypto'
import {
  checkOptionNames,
  type DurationLike,
  durationMs,
  invalidOption,
  type OptionNames,
  oneOf,
  SECOND_MS,
} from '@rq/core'
import type { ScheduleRule } from '@rq/job'
import { type When, whenMs } from '@rq/queue'
import { OVERLAP, type Overlap } from '../cron-options.ts'
import { CATCH_UP, type CatchUp } from '../due-ticks.ts'
import { onCron } from '../recurrence.ts'
import { scheduleRecurrence } from './schedule-recurrence.ts'

/** When a schedule enqueues jobs. */
export interface ScheduleTimes {
  /** A cron expression of five fields, or six with the second first. */
  readonly cron?: string
  /**
   * Instead of `cron`: the time between two jobs, in whole seconds, at least 1. The first job comes at `from`, or at
   * once.
   */
  readonly every?: DurationLike
  /** The zone of `cron`. Default UTC. */
  readonly timezone?: string
  /** No job before this time. */
  readonly from?: When
  /** No job after this time. Later than `from`. */
  readonly until?: When
  /** How many jobs in all. Default: no limit. */
  readonly times?: number
  /**
   * Makes all its times later by the same part of this duration, which depends on its name. So schedules of the same
   * times do not all come at once. Whole seconds, of which `every` uses no more than its own time. Default: 0.
   */
  readonly spread?: DurationLike
  /** What to do about times at which no scheduler ran, as for a cron job. Default `skip`. */
  readonly catchUp?: CatchUp
  /** Whether to enqueue a job while an earlier one of this schedule has not ended. Default `allow`. */
  readonly overlap?: Overlap
}

const NAMES: OptionNames<ScheduleTimes> = {
  cron: true,
  every: true,
  timezone: true,
  from: true,
  until: true,
  times: true,
  spread: true,
  catchUp: true,
  overlap: true,
}

/** Check the times of a schedule. @throws RqError `RQ_INVALID_OPTION` naming the option. */
export function checkTimes(name: string, times: ScheduleTimes): ScheduleRule {
  if (times === undefined) throw invalidOption('times', times, "{ every: '1h' } or { cron: '0 3 * * *' }")
  const {
    catchUp,
    cron,
    every: interval,
    from,
    overlap,
    spread,
    timezone,
    until,
  } = checkOptionNames(times, NAMES, 'the times of a schedule')
  if (interval === undefined && cron === undefined) {
    throw invalidOption('every', interval, 'the time between two jobs, or a cron expression as cron')
  }
  if (interval !== undefined && cron !== undefined) {
    throw invalidOption('every', interval, 'none beside cron: leave one of them out')
  }
  if (timezone !== undefined && cron === undefined) {
    throw invalidOption('timezone', timezone, 'none with every, which knows no time of day')
  }
  const everyS = interval === undefined ? undefined : wholeSeconds(interval, 'every', 1)
  const spreadS = spread === undefined ? 0 : wholeSeconds(spread, 'spread', 0)
  const fromMs = from === undefined ? undefined : whenMs(from, 'from')
  const untilMs = until === undefined ? undefined : whenMs(until, 'until')
  if (untilMs !== undefined && untilMs <= (fromMs ?? 0))
    throw invalidOption('until', shownTime(until), 'a time after from')
  if (times.times !== undefined && !(Number.isSafeInteger(times.times) && times.times > 0)) {
    throw invalidOption('times', times.times, 'a whole number, at least 1')
  }
  // It checks the expression and the zone.
  if (everyS === undefined) onCron(cron, timezone)
  const rule: ScheduleRule = {
    ...(cron !== undefined && { cron }),
    ...(everyS !== undefined && { everyS }),
    ...(timezone !== undefined && { timezone }),
    ...(fromMs !== undefined && { fromMs }),
    ...(untilMs !== undefined && { untilMs }),
    ...(times.times !== undefined && { times: times.times }),
    ...(spreadS > 0 && { offsetS: offsetOf(name, Math.min(spreadS, everyS ?? spreadS)), spreadS }),
    catchUp: oneOf('catchUp', catchUp ?? 'skip', CATCH_UP),
    overlap: oneOf('overlap', overlap ?? 'allow', OVERLAP),
  }
  if (fromMs !== undefined && untilMs !== undefined && !hasTick(rule, fromMs)) {
    throw invalidOption(
      'until',
      shownTime(until),
      'a time so late that the schedule has a time after from and before it',
    )
  }
  return rule
}

function hasTick(rule: ScheduleRule, fromMs: number): boolean {
  return scheduleRecurrence(rule).next(fromMs - 1, Math.ceil(fromMs / SECOND_MS) * SECOND_MS) !== undefined
}

function wholeSeconds(value: DurationLike, option: string, least: number): number {
  const seconds = durationMs(value, option) / SECOND_MS
  if (Number.isSafeInteger(seconds) && seconds >= least) return seconds
  throw invalidOption(option, value, `whole seconds, at least ${least}`)
}

/** A number of seconds below `spreadS` that is always the same for a name. */
function offsetOf(name: string, spreadS: number): number {
  return createHash('sha256').update(name).digest().readUInt32BE() % spreadS
}

/** Of a Date, what is in it. */
function shownTime(time: unknown): unknown {
  return time instanceof Date ? time.toISOString() : time
}
