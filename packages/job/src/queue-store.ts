import type { JobStore } from './job-store.ts'
import type { QueueConfiguration } from './queue-configuration.ts'
import type { JobRecord } from './record.ts'
import type { JobStatus, RegistryKind } from './status.ts'
import type { OnDuplicate } from './unique.ts'

/** A job to enqueue, and where to put it. */
export interface NewJob {
  readonly record: JobRecord
  /** Put it at the head of its queue. */
  readonly atFront: boolean
  /** Refuse it when a job with its id exists, in any status. */
  readonly unique: boolean
  /** What to do about another job that holds the unique key of its record. Default: refuse this one. */
  readonly uniqueKey?: NewUniqueKey
  /** The job may exist already, and is to be run once more. Absent: it was made for this call. */
  readonly again?: boolean
  /** Its id was made for it, and no job has had it. Absent: that is not known. */
  readonly hasNewId?: boolean
  /** When it is due, in epoch milliseconds. Absent or past: as soon as possible. */
  readonly dueMs?: number
  /** When it is due, in milliseconds from now, by the store's clock. Takes the place of `dueMs`. */
  readonly delayMs?: number
  /** Who is notified when it ends: {@link JobStore.waiter}. Absent: no caller waits for it yet. */
  readonly waiter?: string
}

export interface NewUniqueKey {
  /** `replace`: delete the other job. Else this one is refused; `return`: its caller wants that other one. */
  readonly onDuplicate: OnDuplicate
  /** Hold the key for this long at least, in milliseconds from now. */
  readonly forMs?: number
}

/**
 * Why a job was refused; nothing was written. `duplicateOf`: that job holds its unique key. `too_many`: the store
 * cannot see whether it would close a cycle.
 */
type Refusal = 'duplicate' | 'cycle' | 'too_many' | { readonly duplicateOf: string }

/** Where a new job was put, or why it was refused. */
export type Placement = Extract<JobStatus, 'queued' | 'deferred' | 'scheduled' | 'rate_limited'> | Refusal

/** The answer to `begin`: the job is leased to the caller, or it was put elsewhere or refused. */
export type BeginReply =
  | { readonly placement: 'started'; readonly executionId: string }
  | { readonly placement: 'deferred' | Refusal }

/** How many jobs of a queue wait in it and in each of its registries, without expired entries; whether it is paused. */
export interface QueueCounts extends Readonly<Record<RegistryKind, number>> {
  readonly queued: number
  /** Jobs that wait for a slot of a rate limit. */
  readonly rateLimited: number
  readonly paused: boolean
  /** How long the job that comes next has waited in its queue, in seconds; null if none waits. */
  readonly oldestQueuedSeconds: number | null
}

/** An id that was set aside: its key is no job, or the store refused each end of its job. */
export interface BrokenJobRecord {
  readonly id: string
  readonly foundAtMs: number
  /** What the key is in the store: `string`, `set` and so on. `hash`: it has no data, unless there is a `refusal`. */
  readonly keyType: string
  /** Why the store refused the end of the job. */
  readonly refusal?: string
}

/** The queue's side of a store: what producers and operators need. Every method is one atomic step. */
export interface QueueStore {
  /**
   * Store jobs and put each in its place, in order, all in one step. Safe to send twice: a job that exists already with
   * the same creation time is left as it is, unless it is enqueued `again`.
   * @returns one placement for each job, in order.
   * @throws RqError `RQ_REDIS_OUT_OF_MEMORY`, `RQ_REDIS_UNREACHABLE`; then nothing or everything was written.
   */
  enqueue(jobs: readonly NewJob[]): Promise<Placement[]>
  /** Append the same step to a caller's pipeline. Nothing is visible before its `exec()`, which gets the answer. */
  enqueueInto(pipeline: unknown, jobs: readonly NewJob[]): void
  /**
   * Store a job and lease it to the caller at once, without passing through its queue: how a queue with `isAsync:
   * false` runs jobs. Registers the queue. Unmet dependencies, `unique` and cycles are treated as by `enqueue`. The job
   * is settled like any other, through the worker's side; no record is written of a worker called `workerName`.
   */
  begin(job: NewJob, workerName: string, leaseMs: number): Promise<BeginReply>
  /** Names of all queues that were ever enqueued to. */
  queueNames(): Promise<string[]>
  /** The counts of many queues, in order. Atomic for some of them at a time. */
  counts(queues: readonly string[]): Promise<QueueCounts[]>
  /** Number of waiting jobs. */
  count(queue: string): Promise<number>
  /** Ids of waiting jobs in order, head first. `length` -1 = to the end. */
  jobIds(queue: string, offset: number, length: number): Promise<string[]>
  /** Up to `most` ids that were set aside, longest first, without those that are mended. Writes nothing. */
  brokenJobs(queue: string, most: number): Promise<BrokenJobRecord[]>
  /** Index of a job in the queue, 0 = head; null when it does not wait there. */
  position(queue: string, jobId: string): Promise<number | null>
  /** Remove an id from the queue. The job itself stays as it is. @returns how many were removed. */
  remove(queue: string, jobId: string): Promise<number>
  /** Remove ids whose job no longer exists. The order stays. @returns how many were removed. */
  compact(queue: string): Promise<number>
  /** Delete all waiting jobs. The queue stays registered. @returns how many were deleted. */
  empty(queue: string): Promise<number>
  /** Stop claims from this queue, for `durationS` seconds; by default until {@link resume}. Running jobs continue. */
  pause(queue: string, durationS?: number): Promise<void>
  /** End a pause. @returns whether it was paused. */
  resume(queue: string): Promise<boolean>
  isPaused(queue: string): Promise<boolean>
  /**
   * Change how many ended jobs the queue keeps, in one step; what is absent stays. Then deletes those that are more, in
   * further steps. @returns the whole configuration.
   */
  configure(queue: string, changes: Partial<QueueConfiguration>): Promise<QueueConfiguration>
  configuration(queue: string): Promise<QueueConfiguration>
  /** Remove the queue from the list of queues, its pause and its limits; with `deleteJobs` also its waiting jobs. */
  deleteQueue(queue: string, deleteJobs: boolean): Promise<void>

  /** Number of entries of a registry. `withExpired`: also those that have expired and are not removed yet. */
  registryCount(queue: string, kind: RegistryKind, withExpired?: boolean): Promise<number>
  /** Ids of the jobs in a registry, by score. `end` -1 = to the end. */
  registryIds(queue: string, kind: RegistryKind, start: number, end: number, descending: boolean): Promise<string[]>
  /**
   * The score of an entry in epoch milliseconds: expiry, due time or time of entry; undefined when there is no entry.
   */
  registryScoreMs(queue: string, kind: RegistryKind, jobId: string): Promise<number | undefined>
  /** Remove an entry. @returns whether it was there. */
  registryRemove(queue: string, kind: RegistryKind, jobId: string): Promise<boolean>
  /** Remove expired entries (`finished` and `failed`), in several steps. @returns how many were removed. */
  registryCleanup(queue: string, kind: RegistryKind): Promise<number>
}
