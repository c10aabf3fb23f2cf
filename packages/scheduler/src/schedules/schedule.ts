import { checkKnownName, checkOptionNames, invalidOption, oneLine, RqError, randomHex } from '@rq/core'
import type { AnyFunction, ScheduleRecord, ScheduleRule } from '@rq/job'
import {
  type Callable,
  checkedContextOf,
  contextOf,
  Job,
  type JobContext,
  type ResultOf,
  type StorageOptions,
  type StoragePlace,
} from '@rq/queue'
import { HISTORY_NAMES, type HistoryRange } from '../cron-job.ts'
import type { Overlap } from '../cron-options.ts'
import type { CatchUp } from '../due-ticks.ts'
import { idStart } from '../tick-id.ts'
import { allSchedules } from './all-schedules.ts'
import { checkSchedule, type ScheduleJobOptions } from './schedule-definition.ts'
import { scheduleRecurrence } from './schedule-recurrence.ts'
import { type SyncedSchedule, type SyncOptions, type SyncOutcome, syncSchedules } from './schedule-sync.ts'
import type { ScheduleTimes } from './schedule-times.ts'
import { changeSchedule, writeSchedule } from './schedule-writer.ts'

/** Where schedules are. */
export interface SchedulePlace extends Pick<StorageOptions, 'storage' | 'serializer'>, StoragePlace {}

/** Where a schedule is, and the options of its jobs. */
export interface ScheduleOptions extends ScheduleJobOptions, SchedulePlace {}

type Arguments<F extends AnyFunction> =
  [] extends Parameters<F>
    ? [args: Readonly<Parameters<F>> | readonly [] | undefined, options: ScheduleOptions]
    : [args: Readonly<Parameters<F>>, options: ScheduleOptions]

const MOST_NEXT = 1000

/**
 * A schedule: a rule, kept in the store, by which schedulers enqueue a job again and again. Any process may create,
 * change, pause and remove it. The workers of its queue run it, since they are schedulers too. Each of its ticks
 * enqueues at most one job, whatever crashes and however many schedulers run. A handle shows what was read last.
 */
export class Schedule<R = unknown> {
  #record: ScheduleRecord
  readonly #context: JobContext
  readonly #job: Job<R>

  /** Use `Schedule.upsert` or `Schedule.fetch`. */
  constructor(record: ScheduleRecord, context: JobContext) {
    this.#record = record
    this.#context = context
    this.#job = new Job<R>(record.template, context, record.template, 'stored')
  }

  /**
   * Create a schedule, or change the one of this name, in one atomic step. A schedule that says the same already stays
   * as it is; a paused one stays paused. When the times change, they count from now on; the number of jobs so far
   * stays.
   * @throws RqError `RQ_INVALID_OPTION`, `RQ_INVALID_REFERENCE`, `RQ_SERIALIZATION`, `RQ_TOO_LARGE`. Nothing is written
   *   then. `RQ_INVALID_OPTION` also when `Schedule.sync` keeps the schedule of this name.
   */
  static async upsert<F extends AnyFunction>(
    name: string,
    times: ScheduleTimes,
    func: Callable<F>,
    ...[args = [], options]: Arguments<F>
  ): Promise<Schedule<ResultOf<F>>> {
    if (typeof options !== 'object' || options === null) throw invalidOption('options', options, 'an object with queue')
    const { connection, prefix, serializer, storage, ...jobOptions } = options
    const context = placeOf({ connection, prefix, serializer, storage })
    const definition = checkSchedule(name, times, func as never, args, jobOptions)
    return new Schedule<ResultOf<F>>(await writeSchedule(definition, context), context)
  }

  /** @throws RqError `RQ_NO_SUCH_SCHEDULE`. */
  static async fetch(name: string, place: SchedulePlace = {}): Promise<Schedule> {
    const context = checkedContextOf(place, 'Schedule.fetch')
    const { schedule } = await context.storage.recurring.read(checkKnownName(name, 'name'))
    if (schedule === undefined) throw noSuchSchedule(name)
    return new Schedule(schedule, context)
  }

  /** All schedules, by name. Not one atomic step: those that come or go meanwhile may be missing. */
  static async all(place: SchedulePlace = {}): Promise<Schedule[]> {
    const context = checkedContextOf(place, 'Schedule.all')
    const records = await allSchedules(context.storage.recurring)
    return records.map((record) => new Schedule(record, context))
  }

  /**
   * Make the schedules of one owner equal to a list: those that are new or differ are written, those that are not in
   * the list are removed. Schedules of others stay. Each schedule is one atomic step; a call that was interrupted can
   * be repeated.
   * @throws RqError `RQ_INVALID_OPTION` when a name is twice in the list or belongs to another owner, and as `upsert`.
   *   Nothing is written then.
   */
  static sync(definitions: readonly SyncedSchedule[], options: SyncOptions & SchedulePlace): Promise<SyncOutcome> {
    const { owner, ...place } = checkOptionNames(
      options,
      { owner: true, storage: true, serializer: true, connection: true, prefix: true },
      'Schedule.sync',
    )
    return syncSchedules(definitions, { owner }, placeOf(place))
  }

  get name(): string {
    return this.#record.name
  }

  get queueName(): string {
    return this.#record.queue
  }

  /** The reference of its function. */
  get funcName(): string {
    return this.#record.funcName
  }

  /** @throws RqError `RQ_DESERIALIZATION`. */
  get args(): readonly unknown[] {
    return this.#job.args
  }

  /** @throws RqError `RQ_DESERIALIZATION`. */
  get kwargs(): Readonly<Record<string, unknown>> {
    return this.#job.kwargs
  }

  get cron(): string | null {
    return this.#rule?.cron ?? null
  }

  /** Seconds; null for one with a cron expression. */
  get every(): number | null {
    return this.#rule?.everyS ?? null
  }

  get timezone(): string | null {
    return this.#rule?.timezone ?? null
  }

  get from(): Date | null {
    return dateOf(this.#rule?.fromMs)
  }

  get until(): Date | null {
    return dateOf(this.#rule?.untilMs)
  }

  /** How many jobs in all; null: no limit. */
  get times(): number | null {
    return this.#rule?.times ?? null
  }

  /** Seconds. */
  get spread(): number {
    return this.#rule?.spreadS ?? 0
  }

  get catchUp(): CatchUp {
    return this.#rule?.catchUp ?? 'skip'
  }

  get overlap(): Overlap {
    return this.#rule?.overlap ?? 'allow'
  }

  /** Who keeps it by `Schedule.sync`; null: it was written by `upsert`. */
  get owner(): string | null {
    return this.#record.owner ?? null
  }

  get isPaused(): boolean {
    return this.#record.pausedMs !== undefined
  }

  /** When it enqueues its next job; null when it is paused or over. */
  get nextAt(): Date | null {
    return dateOf(this.#record.nextMs)
  }

  /** The time for which it enqueued its last job, or skipped one because of an overlap. */
  get latestAt(): Date | null {
    return dateOf(this.#record.latestMs)
  }

  /** How many jobs its times have enqueued. */
  get count(): number {
    return this.#record.count
  }

  get createdAt(): Date {
    return new Date(this.#record.createdAtMs)
  }

  /** When it was last written by `upsert`, `sync`, `pause` or `resume`. */
  get changedAt(): Date {
    return new Date(this.#record.changedAtMs)
  }

  /** Remove it and its history. Its jobs stay. Returns false when it was gone. One atomic step. */
  remove(): Promise<boolean> {
    return this.#context.storage.recurring.remove(this.name)
  }

  /** Enqueue nothing until {@link resume}. Returns false when it was paused already. @throws `RQ_NO_SUCH_SCHEDULE`. */
  async pause(): Promise<boolean> {
    return this.#change((known, nowMs) => {
      if (known.pausedMs !== undefined) return undefined
      const { nextMs: _, ...rest } = known
      return { ...rest, pausedMs: nowMs }
    })
  }

  /**
   * Go on. Times during the pause are not caught up. Returns false when it was not paused.
   * @throws RqError `RQ_NO_SUCH_SCHEDULE`.
   */
  async resume(): Promise<boolean> {
    return this.#change((known, nowMs) => {
      if (known.pausedMs === undefined) return undefined
      const { pausedMs: _, ...rest } = known
      const isOver = known.rule?.times !== undefined && known.count >= known.rule.times
      const nextMs = known.rule && !isOver && scheduleRecurrence(known.rule).next(nowMs, known.anchorMs)
      return { ...rest, ...(typeof nextMs === 'number' && { nextMs }) }
    })
  }

  /**
   * Enqueue a job now, also while it is paused or over. Its times stay, and the job does not count. It is part of the
   * history. @throws RqError `RQ_NO_SUCH_SCHEDULE`.
   */
  async runNow(): Promise<Job<R>> {
    const { storage } = this.#context
    const id = `${idStart(this.name, 1, 'schedule')}now-${randomHex().slice(0, 16)}`
    if (!(await storage.recurring.run(this.name, id))) throw noSuchSchedule(this.name)
    return Job.fetch<R>(id, { storage, serializer: this.#context.serializer })
  }

  /** Its next times, the one that it waits for first; none when it is paused or over. `count`: at most 1000. */
  next(count = 1): Date[] {
    if (!(Number.isSafeInteger(count) && count > 0 && count <= MOST_NEXT)) {
      throw invalidOption('count', count, `a whole number from 1 to ${MOST_NEXT}`)
    }
    const { anchorMs, count: done, nextMs } = this.#record
    const rule = this.#rule
    if (rule === undefined) return []
    const recurrence = scheduleRecurrence(rule)
    const most = Math.min(count, (rule.times ?? Number.POSITIVE_INFINITY) - done)
    const dates: Date[] = []
    for (let ms = nextMs; ms !== undefined && dates.length < most; ms = recurrence.next(ms, anchorMs)) {
      dates.push(new Date(ms))
    }
    return dates
  }

  /** Ids of the jobs that it enqueued, newest first. The last 1000 are kept, for a year after the last one. */
  async history(range: HistoryRange = {}): Promise<string[]> {
    const { start = 0, end = -1 } = checkOptionNames(range, HISTORY_NAMES, 'schedule.history')
    return this.#context.storage.recurring.history(this.name, start, end)
  }

  /** Read it again. Returns the same handle. @throws RqError `RQ_NO_SUCH_SCHEDULE`. */
  async refresh(): Promise<this> {
    const { schedule } = await this.#context.storage.recurring.read(this.name)
    if (schedule === undefined) throw noSuchSchedule(this.name)
    this.#record = schedule
    return this
  }

  toString(): string {
    return `<Schedule ${this.name}>`
  }

  get #rule(): ScheduleRule | undefined {
    return this.#record.rule
  }

  async #change(change: (known: ScheduleRecord, nowMs: number) => ScheduleRecord | undefined): Promise<boolean> {
    const changed = await changeSchedule(this.#context.storage.recurring, this.name, change)
    if (changed === undefined) throw noSuchSchedule(this.name)
    this.#record = changed.schedule
    return changed.isWritten
  }
}

function placeOf(place: { readonly [Name in keyof SchedulePlace]: SchedulePlace[Name] | undefined }): JobContext {
  const given = Object.entries(place).filter(([, value]) => value !== undefined)
  return contextOf(Object.fromEntries(given) as SchedulePlace)
}

function dateOf(ms: number | undefined): Date | null {
  return ms === undefined ? null : new Date(ms)
}

function noSuchSchedule(name: string): RqError {
  return new RqError('RQ_NO_SUCH_SCHEDULE', `There is no schedule named '${oneLine(name)}'.`)
}
