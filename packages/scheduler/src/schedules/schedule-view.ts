import { invalidOption } from '@rq/core'
import type { ScheduleFacts } from '@rq/job'
import type { Overlap } from '../cron-options.ts'
import type { CatchUp } from '../due-ticks.ts'
import { scheduleRecurrence } from './schedule-recurrence.ts'

const MOST_NEXT = 1000

/** What a schedule says, and where it stands: all but the arguments and options of its jobs. */
export class ScheduleView {
  /** As it was read last. */
  protected facts: ScheduleFacts

  constructor(facts: ScheduleFacts) {
    this.facts = facts
  }

  get name(): string {
    return this.facts.name
  }

  get queueName(): string {
    return this.facts.queue
  }

  /** The reference of its function. */
  get funcName(): string {
    return this.facts.funcName
  }

  get cron(): string | null {
    return this.facts.rule?.cron ?? null
  }

  /** Seconds; null for one with a cron expression. */
  get every(): number | null {
    return this.facts.rule?.everyS ?? null
  }

  get timezone(): string | null {
    return this.facts.rule?.timezone ?? null
  }

  get from(): Date | null {
    return dateOf(this.facts.rule?.fromMs)
  }

  get until(): Date | null {
    return dateOf(this.facts.rule?.untilMs)
  }

  /** How many jobs in all; null: no limit. */
  get times(): number | null {
    return this.facts.rule?.times ?? null
  }

  /** Seconds. */
  get spread(): number {
    return this.facts.rule?.spreadS ?? 0
  }

  get catchUp(): CatchUp {
    return this.facts.rule?.catchUp ?? 'skip'
  }

  get overlap(): Overlap {
    return this.facts.rule?.overlap ?? 'allow'
  }

  /** Who keeps it by `Schedule.sync`; null: it was written by `upsert`. */
  get owner(): string | null {
    return this.facts.owner ?? null
  }

  get isPaused(): boolean {
    return this.facts.pausedMs !== undefined
  }

  /** When it enqueues its next job; null when it is paused or over. */
  get nextAt(): Date | null {
    return dateOf(this.facts.nextMs)
  }

  /** The time for which it enqueued its last job, or skipped one because of an overlap. */
  get latestAt(): Date | null {
    return dateOf(this.facts.latestMs)
  }

  /** How many jobs its times have enqueued. */
  get count(): number {
    return this.facts.count
  }

  get createdAt(): Date {
    return new Date(this.facts.createdAtMs)
  }

  /** When it was last written by `upsert`, `sync`, `pause` or `resume`. */
  get changedAt(): Date {
    return new Date(this.facts.changedAtMs)
  }

  /** Its next times, the one that it waits for first; none when it is paused or over. `count`: at most 1000. */
  next(count = 1): Date[] {
    if (!(Number.isSafeInteger(count) && count > 0 && count <= MOST_NEXT)) {
      throw invalidOption('count', count, `a whole number from 1 to ${MOST_NEXT}`)
    }
    const { anchorMs, count: done, nextMs, rule } = this.facts
    if (rule === undefined) return []
    const recurrence = scheduleRecurrence(rule)
    const most = Math.min(count, (rule.times ?? Number.POSITIVE_INFINITY) - done)
    const dates: Date[] = []
    for (let ms = nextMs; ms !== undefined && dates.length < most; ms = recurrence.next(ms, anchorMs)) {
      dates.push(new Date(ms))
    }
    return dates
  }

  toString(): string {
    return `<Schedule ${this.name}>`
  }
}

function dateOf(ms: number | undefined): Date | null {
  return ms === undefined ? null : new Date(ms)
}
