import type { JobRecord } from './record.ts'
import type { JobStatus, RegistryKind } from './status.ts'

/** A job on its way in, and where it should go. */
export interface NewJob {
  readonly record: JobRecord
  readonly atFront: boolean
  /** Refuse when any job with this id exists. */
  readonly unique: boolean
  /** It may be there already, from an earlier enqueue, and is to be run once more. Absent: it was made for this call. */
  readonly again?: boolean
  /** Epoch milliseconds; absent, or past = as soon as possible. */
  readonly dueMs?: number
  /** Instead of `dueMs`: milliseconds from now, by the store's clock. */
  readonly delayMs?: number
}

/** Where a new job ended up; `duplicate` means that it was refused and nothing was written. */
export type Placement = Extract<JobStatus, 'queued' | 'deferred' | 'scheduled' | 'rate_limited'> | 'duplicate' | 'cycle'

/** A job that was leased without passing through its queue, or where it ended up instead. */
export type BeginReply =
  | { readonly placement: 'started'; readonly executionId: string }
  | { readonly placement: Extract<Placement, 'deferred' | 'duplicate' | 'cycle'> }

/** The queue's side of a store: what producers and people who look at queues need. Every method is one atomic step. */
export interface QueueStore {
  /**
   * Write jobs and put each in its place, in order, all in one step. Safe to send twice: a job that is
   * already there with the same creation time is left as it is, unless it is enqueued `again`.
   * @throws RqError `RQ_REDIS_OUT_OF_MEMORY`, `RQ_REDIS_UNREACHABLE`; then nothing or everything was written.
   */
  enqueue(jobs: readonly NewJob[]): Promise<Placement[]>
  /** Append the same step to a caller's pipeline; nothing is visible before its `exec()`. */
  enqueueInto(pipeline: unknown, jobs: readonly NewJob[]): void
  /**
   * Write a job and lease it to the caller at once instead of pushing it: how a queue with `isAsync: false` runs it.
   * Registers the queue; unmet dependencies, `unique` and cycles are treated as by `enqueue`. It is settled like any
   * other, through the worker's side; no record of a worker called `workerName` comes into being.
   */
  begin(job: NewJob, workerName: string, leaseMs: number): Promise<BeginReply>
  /** Names of all queues that were ever enqueued to. */
  queueNames(): Promise<string[]>
  count(queue: string): Promise<number>
  /** Ids in order, head first. `length` -1 = to the end. */
  jobIds(queue: string, offset: number, length: number): Promise<string[]>
  /** Index from the head, or null. */
  position(queue: string, jobId: string): Promise<number | null>
  /** Take one id out of the list; the job itself stays. Returns how many were taken. */
  remove(queue: string, jobId: string): Promise<number>
  /** Drop ids whose job is gone, order kept. Returns how many were dropped. */
  compact(queue: string): Promise<number>
  /** Delete all waiting jobs. Returns how many. The queue stays registered. */
  empty(queue: string): Promise<number>
  /** Hand out none of its jobs; for ever, or for `durationS`. What runs goes on. */
  pause(queue: string, durationS?: number): Promise<void>
  /** Returns whether it was paused. */
  resume(queue: string): Promise<boolean>
  isPaused(queue: string): Promise<boolean>
  /** Forget the queue itself, also that it is paused; with `deleteJobs` its waiting jobs too. */
  deleteQueue(queue: string, deleteJobs: boolean): Promise<void>

  registryCount(queue: string, kind: RegistryKind): Promise<number>
  /** Job ids, by score. `end` -1 = to the end. */
  registryIds(queue: string, kind: RegistryKind, start: number, end: number, descending: boolean): Promise<string[]>
  /** The score in epoch milliseconds: expiry, due time, or time of entry; undefined when not a member. */
  registryScoreMs(queue: string, kind: RegistryKind, jobId: string): Promise<number | undefined>
  /** Take one id out. Returns whether it was there. */
  registryRemove(queue: string, kind: RegistryKind, jobId: string): Promise<boolean>
  /** Drop entries whose time is over (finished and failed). Returns how many. */
  registryCleanup(queue: string, kind: RegistryKind): Promise<number>
}
