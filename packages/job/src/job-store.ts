import type { JobRecord, Payload } from './record.ts'
import type { ResultRecord } from './result.ts'
import type { JobStatus } from './status.ts'

/** What became of a request about one job. `missing`: no such job; `refused`: its status does not allow it. */
export type JobReply = 'done' | 'missing' | 'refused'

export interface CancelRequest {
  readonly jobId: string
  /** Let the jobs that wait for it go on as if it were not among their dependencies. */
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

/** All that bears on whether a job will run, as it was at one moment. */
export interface ExplanationFacts {
  readonly record: JobRecord
  /** Index in its queue, or null. */
  readonly position: number | null
  /** When it is due, if it is scheduled. Epoch milliseconds. */
  readonly dueMs?: number
  readonly dependencies: readonly { readonly id: string; readonly status: JobStatus | undefined }[]
  /** Whether it is about to be queued, as one of very many that waited for the same job. */
  readonly releasing: boolean
  /** Jobs that hold the slots of its rate limit, longest first. */
  readonly slotHolders: readonly string[]
  /** How many wait for a slot before it; null when it does not wait for one. */
  readonly waitingBefore: number | null
  /** Whether workers are told to take no jobs. */
  readonly suspended: boolean
  /** Whether its queue is paused. */
  readonly paused: boolean
  /** Living workers that listen to its queue. */
  readonly workers: number
}

/** One job's side of a store: what a job handle does. Every method is one atomic step. */
export interface JobStore {
  /** In the order of `ids`; undefined where there is no such job. */
  fetch(ids: readonly string[]): Promise<(JobRecord | undefined)[]>
  exists(jobId: string): Promise<boolean>
  /** Just the status, or undefined when the job is gone. */
  status(jobId: string): Promise<JobStatus | undefined>
  /** Write the record without putting it anywhere. */
  save(record: JobRecord): Promise<void>
  /** Replace meta. `missing` when the job is gone: it is not brought back. With an execution id, `refused` when that execution no longer owns the job. */
  saveMeta(jobId: string, meta: Payload, executionId?: string): Promise<JobReply>
  meta(jobId: string): Promise<Payload | undefined>
  /** `refused` when already canceled. */
  cancel(request: CancelRequest): Promise<JobReply>
  cancelInto(pipeline: unknown, request: CancelRequest): void
  delete(request: DeleteRequest): Promise<JobReply>
  deleteInto(pipeline: unknown, request: DeleteRequest): void
  /** Back to its queue from the failed registry. `refused` when it is not there. */
  requeue(jobId: string, atFront: boolean): Promise<JobReply>
  /** Newest first, from the hash and the stream. */
  results(jobId: string): Promise<ResultRecord[]>
  /**
   * The newest result; waits up to `timeoutMs` for the first one and is woken by it at once.
   * null when none came in time, or the job ended without one, or is gone.
   * With `until` = 'end' it waits for the job to end instead: results of earlier attempts and of runs that will be
   * repeated do not count, and `status` says where it was when the time was over.
   */
  awaitResult(jobId: string, timeoutMs: number, signal?: AbortSignal, until?: 'result' | 'end'): Promise<AwaitedResult>
  dependentIds(jobId: string): Promise<string[]>
  /** Undefined when the job is gone. */
  explain(jobId: string): Promise<ExplanationFacts | undefined>
  executions(jobId: string): Promise<ExecutionRecord[]>
}

/** What a waiting caller is told. `status` undefined: the job is gone. */
export interface AwaitedResult {
  readonly status: JobStatus | undefined
  readonly result: ResultRecord | null
}
