import type { JobRecord } from './record.ts'
import type { Settlement } from './settlement.ts'

/** A job handed to a worker, leased under an execution id that every later write must name. */
export interface Claimed {
  readonly executionId: string
  readonly job: JobRecord
}

export interface ClaimRequest {
  /** In order of service. */
  readonly queues: readonly string[]
  readonly want: number
  readonly workerName: string
  readonly leaseMs: number
  /**
   * Some of the jobs may wait behind others in the worker. Should it die before a heartbeat, nobody knows which had begun, so `recover`
   * puts them back into their queue, no attempt spent. Default false.
   */
  readonly isPrefetch?: boolean
}

export interface ClaimReply {
  readonly jobs: readonly Claimed[]
  /** True while `suspend` is in force: nothing is handed out. */
  readonly suspended: boolean
}

/** Whether a settlement was applied: `lost` = another execution owns the job by now, `gone` = the job was deleted. */
export type SettleAnswer = 'applied' | 'lost' | 'gone'

export interface SettleReply {
  readonly answers: readonly SettleAnswer[]
  readonly claimed: ClaimReply
  /** True when dependents are left to be released. */
  readonly releasing?: boolean
}

export interface Lease {
  readonly queue: string
  readonly jobId: string
  readonly executionId: string
}

export type WorkerState = 'started' | 'suspended' | 'busy' | 'idle'

/** A worker's own record. */
export interface WorkerRecord {
  readonly name: string
  readonly queues: readonly string[]
  readonly pid: number
  readonly hostname: string
  readonly version: string
  readonly state: WorkerState
  readonly birthMs: number
  readonly lastHeartbeatMs: number
  readonly successfulJobCount: number
  readonly failedJobCount: number
  readonly totalWorkingTimeS: number
  readonly currentJobId?: string
  readonly shutdownRequestedMs?: number
}

/** What a worker says of itself at birth. */
export interface WorkerIdentity {
  readonly name: string
  readonly queues: readonly string[]
  readonly pid: number
  readonly hostname: string
  readonly version: string
  readonly ttlS: number
}

export interface WorkerHeartbeat {
  readonly worker: WorkerIdentity
  readonly state: WorkerState
  readonly currentJobId?: string
  readonly leases: readonly Lease[]
  readonly leaseMs: number
}

/** A command another process sent to this worker. */
export type WorkerCommand =
  | { readonly command: 'shutdown' }
  | { readonly command: 'kill-horse' }
  | { readonly command: 'stop-job'; readonly jobId: string; readonly executionId?: string }

/** The worker's side of a store. Every method is one atomic step unless it says otherwise. */
export interface WorkerStore {
  /** @throws RqError `RQ_WORKER_NAME_TAKEN` when a living worker has this name. */
  register(worker: WorkerIdentity): Promise<void>
  /** What claims of this store have leased that were not answered yet goes back to the heads of the queues: nobody will run it. */
  unregister(worker: WorkerIdentity): Promise<void>
  /** Renew leases and the worker's record (written anew if it had expired). Returns the leases that are no longer this worker's. */
  heartbeat(beat: WorkerHeartbeat): Promise<readonly Lease[]>
  /** Note that a warm shutdown was asked for. */
  shutdownRequested(workerName: string): Promise<void>
  claim(request: ClaimRequest): Promise<ClaimReply>
  /**
   * Apply settlements, then claim, in one step. Answers stand in the order of `settlements`. Where a job has many
   * dependents, only the first of them are released: `releasing` asks the caller to call `releaseDependents` until it says no.
   */
  settle(workerName: string, settlements: readonly Settlement[], claim?: ClaimRequest): Promise<SettleReply>
  /**
   * Release some more dependents of ended jobs that had many, whoever settled those. Returns whether there are still more.
   * A worker also calls it from time to time, in case another one died in between.
   */
  releaseDependents(): Promise<boolean>
  /**
   * Clean up after jobs that vanished on their own: entries of registries, slots of rate limits, groups, jobs that a Python
   * worker left ready. Several steps; safe to run anywhere, at any time, by several at once.
   */
  cleanUp(queues: readonly string[]): Promise<void>
  /** Put claimed jobs that were never begun back at the head of their queues, in order, no attempt spent. */
  giveBack(leases: readonly Lease[]): Promise<void>
  /**
   * Take over up to `most` jobs of a queue whose lease has ended; they are leased to this worker now. Those that were claimed ahead go back
   * to the head of the queue instead, at most twice each.
   */
  recover(queue: string, workerName: string, leaseMs: number, most: number): Promise<readonly Claimed[]>
  /** Resolves when one of the queues may have work, or after `timeoutMs`, or when `signal` fires. Takes nothing from any queue. */
  waitForWork(queues: readonly string[], timeoutMs: number, signal: AbortSignal): Promise<void>
  /** Commands sent to this worker, until the returned function is called. */
  onCommand(workerName: string, listener: (command: WorkerCommand) => void): Promise<() => Promise<void>>
  workers(queue?: string): Promise<WorkerRecord[]>
  workerCount(queue?: string): Promise<number>
}
