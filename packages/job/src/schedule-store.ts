import type { JobRecord } from './record.ts'
import type { JobStatus } from './status.ts'

/** What to do about a tick while a job of an earlier one has not ended. */
export type OverlapRule = 'allow' | 'skip'

/** When a schedule enqueues jobs, as it is stored. Either `cron` or `everyS` is there. */
export interface ScheduleRule {
  readonly cron?: string
  readonly everyS?: number
  /** The zone of `cron`. */
  readonly timezone?: string
  /** No tick before this time. Epoch milliseconds. */
  readonly fromMs?: number
  /** No tick after this time. Epoch milliseconds. */
  readonly untilMs?: number
  /** How many jobs it enqueues in all. */
  readonly times?: number
  /** How much later its ticks are than those of the rule. */
  readonly offsetS?: number
  /** The range from which the offset was taken. */
  readonly spreadS?: number
  readonly catchUp: 'skip' | 'once' | 'all'
  readonly overlap: OverlapRule
}

/** Where a schedule stands. Times are epoch milliseconds by the store's clock. */
export interface SchedulePosition {
  /** The time from which an interval counts. */
  readonly anchorMs: number
  /** The next tick. Absent when there is none, and while it is paused. */
  readonly nextMs?: number
  /** The latest tick that was decided. */
  readonly latestMs?: number
  /** How many jobs its ticks have enqueued. */
  readonly count: number
  readonly pausedMs?: number
}

/** What a scheduler needs of a schedule. */
export interface DueSchedule extends SchedulePosition {
  readonly name: string
  /** Random; another one after each change by a caller. */
  readonly revision: string
  /** Undefined: it cannot be read. */
  readonly rule: ScheduleRule | undefined
}

/** What is known of a schedule, without the job that it enqueues. */
export interface ScheduleFacts extends DueSchedule {
  /** The queue of its jobs. */
  readonly queue: string
  /** Who keeps it equal to what the code says. */
  readonly owner?: string
  /** Identifies what it says: the same text for the same rule, function, arguments and options. */
  readonly digest: string
  /** The reference of its function. */
  readonly funcName: string
  readonly createdAtMs: number
  readonly changedAtMs: number
}

/** A schedule as it is stored. */
export interface ScheduleRecord extends ScheduleFacts {
  /** The job of which each tick enqueues a copy, with an id and times of its own. */
  readonly template: JobRecord
  readonly atFront: boolean
}

/** A schedule in a list. */
export interface ListedSchedule extends ScheduleFacts {
  /** The newest job that it enqueued. `status`: undefined when that job is gone. */
  readonly lastJob?: { readonly id: string; readonly status: JobStatus | undefined }
}

/** A part of the list of all schedules. */
export interface SchedulePage {
  readonly schedules: readonly ListedSchedule[]
  /** Where the next part begins; undefined: there are no more. */
  readonly after: string | undefined
}

/** What has to be true of a stored schedule for a change to be made: it is as the caller has read it. */
export type ScheduleVersion = Pick<DueSchedule, 'revision' | 'nextMs'>

/** The next step of a schedule. */
export interface ScheduleTick extends ScheduleVersion {
  readonly name: string
  /** The job to enqueue. Absent: ticks that were missed are skipped. */
  readonly job?: {
    readonly id: string
    readonly tickMs: number
    /** Skip the tick while one of its newest jobs has not ended. */
    readonly unlessRunning: boolean
  }
  /** The tick after this one; absent when there is none. */
  readonly thenMs?: number
  /** How many jobs it enqueues in all. */
  readonly times?: number
}

/**
 * `enqueued`, `skipped`: the schedule has moved on; `overlap`: it has, and an earlier job is unfinished; `taken`: it
 * has, and a job of this id exists; `changed`: it is not as the caller read it, or is gone; `early`: not due yet.
 */
export type TickAnswer = 'enqueued' | 'skipped' | 'overlap' | 'taken' | 'changed' | 'early'

/** The schedules of a queue that are due. */
export interface DueSchedules {
  readonly due: readonly DueSchedule[]
  /** Milliseconds until the next one is due: 0 = more are due now, undefined = there is none. */
  readonly waitMs: number | undefined
  /** The store's time of this answer. */
  readonly nowMs: number
}

/** Schedules: rules by which schedulers enqueue jobs. Every method is one atomic step. */
export interface ScheduleStore {
  /** A schedule, and the store's time. */
  read(name: string): Promise<{ readonly schedule: ScheduleRecord | undefined; readonly nowMs: number }>
  /**
   * Write a whole schedule in place of the one that was read, or of none, and notify the scheduler of its queue.
   * @returns false, and writes nothing, when another program has changed it since.
   */
  write(schedule: ScheduleRecord, replaces: ScheduleVersion | undefined): Promise<boolean>
  /** Remove a schedule and its history. Its jobs stay. @returns whether there was one. */
  remove(name: string): Promise<boolean>
  /** At most `most` schedules by name, in the order of their bytes, that come after `after`; '' begins. */
  list(after: string, most: number): Promise<SchedulePage>
  /** The schedules of a queue that are due, earliest first, at most `most`. */
  due(queue: string, most: number): Promise<DueSchedules>
  /** Move a schedule on by one step, and enqueue a job for it. Of any number of callers, one does a given step. */
  tick(tick: ScheduleTick): Promise<TickAnswer>
  /** Enqueue a job now, outside of the rule. @returns false when there is no such schedule. */
  run(name: string, jobId: string): Promise<boolean>
  /** Take a schedule that cannot be read out of the list of its queue, so that it is not due again. */
  park(name: string, queue: string): Promise<void>
  /** Ids of the jobs that it enqueued, newest first; `end` -1 = to the oldest of the 1000 that are kept. */
  history(name: string, start: number, end: number): Promise<string[]>
}
