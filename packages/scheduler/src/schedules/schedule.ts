import {
  checkKnownName,
  checkOptionNames,
  invalidOption,
  type OptionNames,
  oneLine,
  RqError,
  randomHex,
} from '@rq/core'
import type { AnyFunction, ListedSchedule, ScheduleRecord } from '@rq/job'
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
import { idStart } from '../tick-id.ts'
import { schedulesOfConfig } from './schedule-config.ts'
import { checkSchedule, type MakingOptions, type ScheduleJobOptions } from './schedule-definition.ts'
import { explainSchedule, type ScheduleExplanation } from './schedule-explanation.ts'
import { ScheduleInfo } from './schedule-info.ts'
import { checkFilter, FILTER_NAMES, listSchedules, readSchedules, type ScheduleFilter } from './schedule-list.ts'
import { scheduleRecurrence } from './schedule-recurrence.ts'
import { readSituation } from './schedule-situation.ts'
import { type SyncedSchedule, type SyncOptions, type SyncOutcome, syncSchedules } from './schedule-sync.ts'
import type { ScheduleTimes } from './schedule-times.ts'
import { ScheduleView } from './schedule-view.ts'
import { changeSchedule, writeSchedule } from './schedule-writer.ts'

/** Where schedules are. */
export interface SchedulePlace extends Pick<StorageOptions, 'storage' | 'serializer'>, StoragePlace {}

/** Which schedules, and where they are. */
export interface ScheduleListOptions extends ScheduleFilter, SchedulePlace {}

/** Where a schedule is, and the options of its jobs. */
export interface ScheduleOptions extends ScheduleJobOptions, SchedulePlace, MakingOptions {}

type Arguments<F extends AnyFunction> =
  [] extends Parameters<F>
    ? [args: Readonly<Parameters<F>> | readonly [] | undefined, options: ScheduleOptions]
    : [args: Readonly<Parameters<F>>, options: ScheduleOptions]

/**
 * A schedule: a rule, kept in the store, by which schedulers enqueue a job again and again. Any process may create,
 * change, pause and remove it. The workers of its queue run it, since they are schedulers too. Each of its ticks
 * enqueues at most one job, whatever crashes and however many schedulers run. A handle shows what was read last.
 */
export class Schedule<R = unknown> extends ScheduleView {
  readonly #context: JobContext
  readonly #job: Job<R>

  /** Use `Schedule.upsert` or `Schedule.fetch`. */
  constructor(record: ScheduleRecord, context: JobContext) {
    super(record)
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
    const { connection, importPaths, limits, prefix, serializer, storage, ...jobOptions } = options
    const making = { ...(importPaths !== undefined && { importPaths }), ...(limits !== undefined && { limits }) }
    const context = placeOf({ connection, prefix, serializer, storage })
    const definition = checkSchedule(name, times, func as never, args, jobOptions)
    return new Schedule<ResultOf<F>>(await writeSchedule(definition, context, making), context)
  }

  /** @throws RqError `RQ_NO_SUCH_SCHEDULE`. */
  static async fetch(name: string, place: SchedulePlace = {}): Promise<Schedule> {
    const context = checkedContextOf(place, 'Schedule.fetch')
    const { schedule } = await context.storage.recurring.read(checkKnownName(name, 'name'))
    if (schedule === undefined) throw noSuchSchedule(name)
    return new Schedule(schedule, context)
  }

  /**
   * Schedules by name, in the order of their bytes, without the arguments and options of their jobs. Reads 200 at a
   * time, when they are asked for; those that come or go meanwhile may be missing. Redis reads
   * those too that the filter leaves out.
   * @throws RqError `RQ_INVALID_OPTION`, at the call.
   */
  static list(options: ScheduleListOptions = {}): AsyncIterableIterator<ScheduleInfo> {
    const { storage } = checkedContextOf(options, 'Schedule.list', FILTER_NAMES)
    return infos(listSchedules(storage.recurring, checkFilter(options)))
  }

  /**
   * The same as handles, in an array: whole schedules, with the arguments of their jobs. For thousands of them,
   * {@link list} is quicker.
   * @throws RqError `RQ_INVALID_OPTION`.
   */
  static async all(options: ScheduleListOptions = {}): Promise<Schedule[]> {
    const context = checkedContextOf(options, 'Schedule.all', FILTER_NAMES)
    const records = await readSchedules(context.storage.recurring, checkFilter(options))
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
    const [sync, place] = syncOptions(options, 'Schedule.sync')
    return syncSchedules(definitions, sync, placeOf(place))
  }

  /**
   * The same with the cron jobs that a module registers by `cron.register`: so they need no cron scheduler. One without
   * a name gets that of its function. `path`: relative to the working directory. The module is run once.
   * @throws RqError `RQ_CONFIG` when it is missing or fails; `RQ_INVALID_OPTION` also when a cron scheduler that lives
   *   enqueues one of them as well, or one has an option that a schedule cannot have; and as `sync`. Nothing is written
   *   then.
   */
  static async syncConfig(path: string, options: SyncOptions & SchedulePlace): Promise<SyncOutcome> {
    const [sync, place] = syncOptions(options, 'Schedule.syncConfig')
    const { owner: _, ...making } = sync
    const context = placeOf(place)
    return syncSchedules(await schedulesOfConfig(path, context, making), sync, context)
  }

  /** @throws RqError `RQ_DESERIALIZATION`. */
  get args(): readonly unknown[] {
    return this.#job.args
  }

  /** @throws RqError `RQ_DESERIALIZATION`. */
  get kwargs(): Readonly<Record<string, unknown>> {
    return this.#job.kwargs
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

  /** Ids of the jobs that it enqueued, newest first. The last 1000 are kept, for a year after the last one. */
  async history(range: HistoryRange = {}): Promise<string[]> {
    const { start = 0, end = -1 } = checkOptionNames(range, HISTORY_NAMES, 'schedule.history')
    return this.#context.storage.recurring.history(this.name, start, end)
  }

  /**
   * What becomes of it, and why: also when no worker serves its queue, or could load its function for its last job.
   * Reads it again. @throws RqError `RQ_NO_SUCH_SCHEDULE`.
   */
  async explain(): Promise<ScheduleExplanation> {
    const situation = await readSituation(this.name, this.#context)
    if (situation === undefined) throw noSuchSchedule(this.name)
    this.facts = situation.schedule
    return explainSchedule(situation)
  }

  /** Read it again. Returns the same handle. @throws RqError `RQ_NO_SUCH_SCHEDULE`. */
  async refresh(): Promise<this> {
    const { schedule } = await this.#context.storage.recurring.read(this.name)
    if (schedule === undefined) throw noSuchSchedule(this.name)
    this.facts = schedule
    return this
  }

  async #change(change: (known: ScheduleRecord, nowMs: number) => ScheduleRecord | undefined): Promise<boolean> {
    const changed = await changeSchedule(this.#context.storage.recurring, this.name, change)
    if (changed === undefined) throw noSuchSchedule(this.name)
    this.facts = changed.schedule
    return changed.isWritten
  }
}

async function* infos(schedules: AsyncIterable<ListedSchedule>): AsyncGenerator<ScheduleInfo, void, undefined> {
  for await (const schedule of schedules) yield new ScheduleInfo(schedule)
}

const SYNC_NAMES: OptionNames<SyncOptions & SchedulePlace> = {
  ...{ owner: true, importPaths: true, limits: true },
  ...{ storage: true, serializer: true, connection: true, prefix: true },
}

function syncOptions(options: SyncOptions & SchedulePlace, call: string): [SyncOptions, SchedulePlace] {
  const { connection, prefix, serializer, storage, ...sync } = checkOptionNames(options, SYNC_NAMES, call)
  return [sync, { connection, prefix, serializer, storage } as SchedulePlace]
}

function placeOf(place: { readonly [Name in keyof SchedulePlace]: SchedulePlace[Name] | undefined }): JobContext {
  const given = Object.entries(place).filter(([, value]) => value !== undefined)
  return contextOf(Object.fromEntries(given) as SchedulePlace)
}

function noSuchSchedule(name: string): RqError {
  return new RqError(
    'RQ_NO_SUCH_SCHEDULE',
    `There is no schedule named '${oneLine(name)}': rq-cli schedules lists them.`,
  )
}
