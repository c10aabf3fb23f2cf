import type { MessagesPage, MessagesRequest, NewMessages } from './message.ts'
import type { JobChanges, JobRecord, Payload } from './record.ts'
import type { ResultRecord } from './result.ts'
import type { JobStatus } from './status.ts'
import type { HeldQueue } from './worker-store.ts'

/** The answer to a request about one job. `missing`: no such job; `refused`: its status does not allow it. */
export type JobReply = 'done' | 'missing' | 'refused'

export interface CancelRequest {
  readonly jobId: string
  /** Remove it from the dependencies of the jobs that wait for it, and enqueue those that wait for nothing else. */
  readonly enqueueDependents: boolean
  /** Take it out of the dependents of the jobs it waits for. */
  readonly removeFromDependencies: boolean
}

export interface DeleteRequest {
  readonly jobId: string
  /** Delete the jobs that wait for it as well. */
  readonly deleteDependents: boolean
}

export interface ExecutionRecord {
  readonly id: string
  readonly jobId: string
  readonly workerName?: string
  readonly lastHeartbeatMs?: number
  /** End of the lease, epoch milliseconds. */
  readonly leaseEndsMs: number
}

/** All facts that decide whether a job will run, at one moment. */
export interface ExplanationFacts {
  readonly record: JobRecord
  /** Index in its queue, or null. */
  readonly position: number | null
  /** When it is due, in epoch milliseconds; absent unless it is scheduled. */
  readonly dueMs?: number
  readonly dependencies: readonly { readonly id: string; readonly status: JobStatus | undefined }[]
  /** Whether it is one of many dependents of an ended job that are being enqueued in steps. */
  readonly releasing: boolean
  /** Jobs that hold the slots of its rate limit, oldest holder first. */
  readonly slotHolders: readonly string[]
  /** Number of jobs before it that wait for a slot; null when it does not wait for one. */
  readonly waitingBefore: number | null
  /** Whether all workers are suspended. */
  readonly suspended: boolean
  /** Whether its queue is paused. */
  readonly paused: boolean
  /** Number of live workers that serve its queue. */
  readonly workers: number
  /** How many of them have paused its queue. */
  readonly pausedWorkers: number
  /** Those of the others whose `canClaim` holds its queue back, in the order of their names; of very many, some. */
  readonly heldBy: readonly (Omit<HeldQueue, 'queue'> & { readonly worker: string })[]
  /** Whether a scheduler moves jobs that are due into its queue, in whatever language. */
  readonly hasScheduler: boolean
  /** The store's time, in epoch milliseconds. */
  readonly nowMs: number
  /** Why the store refused the end of its last run, after which it was set aside. */
  readonly refusal?: string
}

/** The side of a store that concerns one job: what a job handle does. Every method is one atomic step. */
export interface JobStore {
  /**
   * Read jobs in the order of `ids`; undefined where there is no such job. A payload (data, meta, result) that is
   * larger than `largestBytes` is left out, see `leftOut` of the record: default 16 MB; less than 1 MB counts as 1 MB.
   * So is any other field that is longer than ours can be.
   */
  fetch(ids: readonly string[], largestBytes?: number): Promise<(JobRecord | undefined)[]>
  exists(jobId: string): Promise<boolean>
  /** Read the status; undefined when there is no such job. */
  status(jobId: string): Promise<JobStatus | undefined>
  /** Write the record without adding the job to a queue or registry. */
  save(record: JobRecord): Promise<void>
  /**
   * Change these fields. `missing` when there is no such job: none is created. With an execution id: `refused` when
   * that execution no longer owns the job.
   */
  update(jobId: string, changes: JobChanges, executionId?: string): Promise<JobReply>
  /** Read meta; undefined when it has none, or there is no such job. */
  meta(jobId: string): Promise<Payload | undefined>
  /** Move a job to the canceled registry. `refused` when it is canceled already. */
  cancel(request: CancelRequest): Promise<JobReply>
  /** Append the same step to a caller's pipeline, which gets the answer. */
  cancelInto(pipeline: unknown, request: CancelRequest): void
  /** Remove a job, its results and every reference to it. */
  delete(request: DeleteRequest): Promise<JobReply>
  /** Append the same step to a caller's pipeline, which gets the answer. */
  deleteInto(pipeline: unknown, request: DeleteRequest): void
  /**
   * Move a job from the failed registry back to its queue. `refused` when it is not in that registry. If the job is
   * gone, its entry in the failed registry of `queue` is dropped.
   */
  requeue(jobId: string, atFront: boolean, queue?: string): Promise<JobReply>
  /**
   * Read the results, newest first, in whichever dialect they were written. A return value in the job's own record is
   * left out as {@link fetch} does.
   */
  results(jobId: string, largestBytes?: number): Promise<ResultRecord[]>
  /**
   * Read the newest result; if there is none, wait for one, at most `timeoutMs`. A new result ends the wait at once.
   * The result is null when none came in time, when the job ended without one, and when there is no such job. With
   * `until` = 'end', wait for the job to end instead: results of earlier attempts, and of runs that will be repeated,
   * do not count.
   */
  awaitResult(jobId: string, timeoutMs: number, signal?: AbortSignal, until?: 'result' | 'end'): Promise<AwaitedResult>
  /**
   * Who waits for jobs through this store: it goes into the jobs that are enqueued to be waited for. A promise until
   * the store can be notified.
   */
  waiter(): string | Promise<string>
  /** Expect the end of a job that is about to be enqueued with the {@link waiter}. */
  expectEnd(jobId: string): ExpectedEnd
  /**
   * Add messages, in their order. Those of the job are refused when their execution does not own it, posts when it is
   * over. The last {@link MOST_MESSAGES} of each source are kept, with at most {@link MOST_MESSAGE_BYTES} together.
   */
  addMessages(jobId: string, messages: NewMessages): Promise<JobReply>
  /**
   * Read all messages behind one; if there is none, wait for one or for the end of the job, at most `timeoutMs`. Those
   * of a job that has ended are kept for a minute.
   */
  readMessages(jobId: string, request: MessagesRequest, signal?: AbortSignal): Promise<MessagesPage>
  /** Ids of the jobs that wait for a job. */
  dependentIds(jobId: string): Promise<string[]>
  /** Read the facts of an explanation; undefined when there is no such job. */
  explain(jobId: string): Promise<ExplanationFacts | undefined>
  /** The executions of a job that hold a lease. */
  executions(jobId: string): Promise<ExecutionRecord[]>
}

/**
 * The end of a job that is expected from before it is enqueued, so that nothing has to be asked for. The notice has the
 * result, also of a job that is not kept.
 */
export interface ExpectedEnd {
  /**
   * As {@link JobStore.awaitResult} until the end, once the job is enqueued. `looksFirst`: of a job that Python RQ may
   * end, which sends no notice, or whose id another job may have had, whose notice may come.
   */
  wait(timeoutMs: number, looksFirst: boolean, signal?: AbortSignal): Promise<AwaitedResult>
  /** Expect it no more. */
  stop(): void
}

/** The answer to a caller that waited. */
export interface AwaitedResult {
  /** The status at the end of the wait; undefined when there is no such job. */
  readonly status: JobStatus | undefined
  readonly result: ResultRecord | null
}
