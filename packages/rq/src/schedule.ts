import type { AnyFunction } from '@rq/job'
import { type Callable, type ResultOf, setStorageFactory } from '@rq/queue'
import {
  Schedule as BaseSchedule,
  type ScheduleOptions as BaseScheduleOptions,
  type ScheduleInfo,
  type ScheduleListOptions,
  type SchedulePlace,
  type ScheduleTimes,
  type SyncedSchedule,
  type SyncOptions,
  type SyncOutcome,
} from '@rq/scheduler'
import { type Connected, type ConnectionOptions, sharedStorage } from './connection.ts'

// Here too, since a bundler leaves out files whose exports are not used.
setStorageFactory((place) => sharedStorage(place as ConnectionOptions))

type Place = Connected<SchedulePlace>
type ListOptions = Connected<ScheduleListOptions>

/** The queue of the jobs of a schedule, their options, and where Redis is. */
export interface ScheduleOptions extends Connected<BaseScheduleOptions> {}

type UpsertRest<F extends AnyFunction> =
  [] extends Parameters<F>
    ? [args: Readonly<Parameters<F>> | readonly [] | undefined, options: ScheduleOptions]
    : [args: Readonly<Parameters<F>>, options: ScheduleOptions]

/** The class `Schedule` of @rq/scheduler; its static functions take a connection in the place of a storage. */
export interface ScheduleClass {
  readonly prototype: BaseSchedule
  /**
   * Create a schedule, or change the one of this name, in one atomic step.
   * @throws RqError `RQ_INVALID_OPTION`, `RQ_INVALID_REFERENCE`, `RQ_SERIALIZATION`, `RQ_TOO_LARGE`. Nothing is written
   *   then.
   */
  upsert<F extends AnyFunction>(
    name: string,
    times: ScheduleTimes,
    func: Callable<F>,
    ...rest: UpsertRest<F>
  ): Promise<BaseSchedule<ResultOf<F>>>
  /** @throws RqError `RQ_NO_SUCH_SCHEDULE`. */
  fetch(name: string, options?: Place): Promise<BaseSchedule>
  /** Schedules by name, without the arguments and options of their jobs, read page by page. */
  list(options?: ListOptions): AsyncIterableIterator<ScheduleInfo>
  /** Schedules by name, with the arguments of their jobs. For thousands of them, `list` is quicker. */
  all(options?: ListOptions): Promise<BaseSchedule[]>
  /**
   * Make the schedules of one owner equal to a list, and leave those of others alone.
   * @throws RqError `RQ_INVALID_OPTION` when a name is twice in the list or belongs to another owner, and as `upsert`.
   *   Nothing is written then.
   */
  sync(definitions: readonly SyncedSchedule[], options: SyncOptions & Place): Promise<SyncOutcome>
  /**
   * The same with the cron jobs that a module registers by `cron.register`: so they need no cron scheduler.
   * @throws RqError `RQ_CONFIG` when the module is missing or fails; `RQ_INVALID_OPTION` also when a cron scheduler
   *   that lives enqueues one of them as well; and as `sync`. Nothing is written then.
   */
  syncConfig(path: string, options: SyncOptions & Place): Promise<SyncOutcome>
}

/** A schedule in Redis. `Schedule.upsert` and the like share one connection for each address. */
export const Schedule: ScheduleClass = BaseSchedule
export interface Schedule<R = unknown> extends BaseSchedule<R> {}
