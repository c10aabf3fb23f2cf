import type { AnyFunction, JobRecord } from '@rq/job'
import {
  type Callable,
  type CallRest,
  type CancelOptions,
  type CreateGroupOptions,
  type CreateOptions,
  type JobContext,
  Group as QueueGroup,
  Job as QueueJob,
  cancelJob as queueCancelJob,
  requeueJob as queueRequeueJob,
  type RequeueOptions,
  type ResultOf,
  type StorageOptions,
  setStorageFactory,
} from '@rq/queue'
import { type Connected, type ConnectionOptions, sharedStorage } from './connection.ts'

// In the same file as `Job` and `Group`, since a bundler leaves out files whose exports are not used.
setStorageFactory((place) => sharedStorage(place as ConnectionOptions))

type FetchOptions = Connected<StorageOptions>

/** The class `Job` of @rq/queue; its static functions take a connection in the place of a storage. */
export interface JobClass {
  readonly prototype: QueueJob
  new <R = unknown>(record: JobRecord, context: JobContext): QueueJob<R>
  /**
   * Make a job that is stored nowhere yet.
   * @throws RqError `RQ_INVALID_OPTION`, `RQ_INVALID_REFERENCE`, `RQ_SERIALIZATION`.
   */
  create<F extends AnyFunction>(
    func: Callable<F>,
    ...rest: CallRest<F, Connected<CreateOptions>>
  ): Promise<QueueJob<ResultOf<F>>>
  /** Fetch a job by its id. @throws RqError `RQ_NO_SUCH_JOB`. */
  fetch<R = unknown>(id: string, options?: FetchOptions): Promise<QueueJob<R>>
  /** Fetch jobs in the order of `ids`, in one atomic step; null where there is no such job. */
  fetchMany<R = unknown>(ids: readonly string[], options?: FetchOptions): Promise<(QueueJob<R> | null)[]>
  /** Whether a job with this id is stored. */
  exists(id: string, options?: FetchOptions): Promise<boolean>
}

/** A handle of one job. `Job.fetch(id, { connection })` and the like share one connection for each address. */
export const Job: JobClass = QueueJob
export interface Job<R = unknown> extends QueueJob<R> {}

/** The class `Group` of @rq/queue; its static functions take a connection in the place of a storage. */
export interface GroupClass {
  readonly prototype: QueueGroup
  new (name: string, context: JobContext): QueueGroup
  /** Make a group to put jobs into. Writes nothing. If a group of that name has jobs, the new jobs join it. */
  create(options?: Connected<CreateGroupOptions>): QueueGroup
  /** Fetch a group by its name. @throws RqError `RQ_NO_SUCH_GROUP` when it has no jobs. */
  fetch(name: string, options?: FetchOptions): Promise<QueueGroup>
  /** All groups that have jobs, in no order. */
  all(options?: FetchOptions): Promise<QueueGroup[]>
}

/** Jobs under a common name. `Group.fetch(name, { connection })` and the like share one connection for each address. */
export const Group: GroupClass = QueueGroup
export interface Group extends QueueGroup {}

/** Move a job to the canceled registry from wherever it waits. @throws as `job.cancel()`. */
export const cancelJob: (id: string, options?: ConnectionOptions & CancelOptions) => Promise<void> = queueCancelJob

/** Move a failed or stopped job back to its queue. @throws as `job.requeue()`. */
export const requeueJob: (id: string, options?: ConnectionOptions & RequeueOptions) => Promise<void> = queueRequeueJob
