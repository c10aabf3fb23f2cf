import type { NameHolder } from './name-holder.ts'
import type { NamesInUse } from './names-in-use.ts'
import type { JobRecord } from './record.ts'
import type { Settlement } from './settlement.ts'

/** A job that is leased to a worker under an execution id, which every later write must name. */
export interface Claimed {
  readonly executionId: string
  readonly job: JobRecord
  /** What the store wants to have back with the settlement: it spares it a look at the job. */
  readonly hint?: number | undefined
}

export interface ClaimRequest {
  /** In the order in which they are served. */
  readonly queues: readonly string[]
  /** Maximum number of jobs to claim. */
  readonly want: number
  readonly workerName: string
  readonly leaseMs: number
  /**
   * Bytes that a stored value of a job may have. A job with a larger one comes without its data and its long values:
   * see `leftOutBytes` of its record. Default 16 MB.
   */
  readonly largestBytes?: number
  /**
   * Whether some of the jobs may wait behind others in the worker. If it dies before its next heartbeat, it is not
   * known which had started, so `recover` puts them back into their queue, and `retriesLeft` stays. Default false.
   */
  readonly isPrefetch?: boolean
}

export interface ClaimReply {
  readonly jobs: readonly Claimed[]
  /** True while all workers are suspended; `jobs` is empty then. */
  readonly suspended: boolean
  /** True when the claim ended before it had all jobs that it wanted, or came to the end of the queues: claim again. */
  readonly again?: boolean
}

/** Whether a settlement was applied. `lost`: another execution owns the job; `gone`: the job was deleted. */
export type SettleAnswer = 'applied' | 'lost' | 'gone'

export interface SettleReply {
  readonly answers: readonly SettleAnswer[]
  readonly claimed: ClaimReply
  /** True when there are more dependents to release. */
  readonly releasing?: boolean
}

export interface RecoverableRequest {
  readonly queues: readonly string[]
  readonly leaseMs: number
}

export interface RecoverRequest {
  readonly queue: string
  readonly workerName: string
  readonly leaseMs: number
  /** As in {@link ClaimRequest}. A job that was lost with three workers comes with values of 64 KB at most. */
  readonly largestBytes?: number
  /** Look at up to this many leases. */
  readonly most: number
  /** `next` of the reply before. Absent: begin anew. */
  readonly from?: number
}

export interface RecoverReply {
  /** Jobs that are leased to the caller now. */
  readonly jobs: readonly Claimed[]
  /** Absent: all leases that have ended were looked at. Else the `from` of the next call. */
  readonly next?: number
}

/** Whether a job was given back. `lost`: the execution no longer owned it, and nothing was written. */
export type GiveBackAnswer = 'returned' | 'lost'

/** An execution's right to a job. */
export interface Lease {
  readonly queue: string
  readonly jobId: string
  readonly executionId: string
}

/** A job to set aside, since the store refuses each end of it. */
export interface SetAsideRequest {
  readonly lease: Lease
  readonly workerName: string
  /** The rate limit of the job. */
  readonly rateLimit: string | undefined
  /** What the store said. */
  readonly reason: string
}

export type WorkerState = 'started' | 'suspended' | 'busy' | 'idle'

/** A queue that a worker claims nothing from, since its option `canClaim` has not said yes. */
export interface HeldQueue {
  readonly queue: string
  /** `no`: it returned false. `failed`: it threw, returned something else, or gave no answer for 10 s. */
  readonly reason: 'no' | 'failed'
  /** Since when, in epoch milliseconds by the worker's clock. */
  readonly sinceMs: number
}

/** What a worker shows in its record of the queues that it claims nothing from. */
export interface ShownHolds {
  readonly paused: readonly string[]
  readonly held: readonly HeldQueue[]
}

/** A worker as it is registered. */
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
  /** Its queues that are paused for this worker. */
  readonly paused: readonly string[]
  /** Its queues that its option `canClaim` held back when it was asked last. */
  readonly held: readonly HeldQueue[]
  /** Whether it is a worker of Python RQ. */
  readonly isPython: boolean
  /**
   * The names of the jobs that it knew at its start by its options `jobs` and `functions`, or the first of them.
   * Absent: it has neither option, has not started a work horse yet, or its record expired and was written again.
   */
  readonly jobNames?: readonly string[]
  /** How many names are not in `jobNames`, which lists 200 or 8 KiB at most. Absent: none. */
  readonly moreJobNames?: number
}

/** The names of jobs that a worker shows in its record. */
export interface ShownJobNames {
  readonly names: readonly string[]
  /** How many others it knows. */
  readonly more: number
}

/** A worker as it identifies itself. */
export interface WorkerIdentity {
  readonly name: string
  readonly queues: readonly string[]
  readonly pid: number
  readonly hostname: string
  readonly version: string
  /** Random, different from that of any other worker with the same name. */
  readonly instance: string
  /** Seconds that its record outlives its last heartbeat. */
  readonly ttlS: number
}

/** What a worker reports with each heartbeat. */
export interface WorkerHeartbeat {
  readonly worker: WorkerIdentity
  readonly state: WorkerState
  readonly currentJobId?: string
  /** Leave state and current job of the record as they are: calls under way may change them. Default false. */
  readonly keepState?: boolean
  readonly leases: readonly Lease[]
  readonly leaseMs: number
}

export interface HeartbeatReply {
  readonly lost: readonly Lease[]
  /** Whether another instance has taken the worker's name, because this one sent no heartbeat for a whole lease. */
  readonly isNameTaken: boolean
}

/** How long the reason of a stop may be, in characters. */
export const LONGEST_STOP_REASON = 1000

export interface StopJobCommand {
  readonly command: 'stop-job'
  readonly jobId: string
  readonly executionId?: string
  /** Why, for the job. At most {@link LONGEST_STOP_REASON} characters. */
  readonly reason?: string
}

/** A command that another process sends to a worker. */
export type WorkerCommand =
  | { readonly command: 'shutdown' }
  | { readonly command: 'kill-horse' }
  | StopJobCommand
  /** Without `queue`: all queues of the worker. */
  | { readonly command: 'pause' | 'resume'; readonly queue?: string }

export interface CleanUpOptions {
  /** Also tidy what belongs to no queue: workers, rate limits, groups. Default true. */
  readonly shared?: boolean
  /** Ends the work early. */
  readonly signal?: AbortSignal
}

export interface MaintenanceRequest {
  readonly worker: WorkerIdentity
  readonly queues: readonly string[]
  /** How long no other worker gets the turn. */
  readonly forMs: number
}

/** What a worker is to tidy. */
export interface MaintenanceTurn {
  readonly queues: readonly string[]
  /** Whether it is to tidy what belongs to no queue. */
  readonly shared: boolean
}

/** The worker's side of a store. Every method is one atomic step unless it says otherwise. */
export interface WorkerStore {
  /**
   * Register a worker. Its name is free when its holder has unregistered, or has sent no heartbeat for `leaseMs`.
   * @returns undefined, or who has the name; nothing was written then.
   */
  register(worker: WorkerIdentity, leaseMs: number): Promise<NameHolder | undefined>
  /**
   * Remove a worker. Jobs that its unanswered claims leased go back to the heads of their queues: it will not run them.
   */
  unregister(worker: WorkerIdentity): Promise<void>
  /**
   * Renew leases and the worker's record, or write the record again if it has expired. Many leases take several steps.
   */
  heartbeat(beat: WorkerHeartbeat): Promise<HeartbeatReply>
  /**
   * Record which queues of the worker are paused or held back, in the place of what was recorded before. Nothing is
   * written when the record is gone, or that of another instance.
   */
  showHolds(worker: WorkerIdentity, holds: ShownHolds): Promise<void>
  /** Record which jobs the worker knows by name, under the same conditions as {@link showHolds}. */
  showJobNames(worker: WorkerIdentity, shown: ShownJobNames): Promise<void>
  /** Record that a warm shutdown was requested. */
  shutdownRequested(workerName: string): Promise<void>
  /**
   * Lease jobs of the queues to a worker.
   * @param shown - the state that the worker's record shows, if the worker has no other jobs. If the call changes it,
   *   the record is changed in the same step: to `busy` with the first job, `idle`, or `suspended`.
   */
  claim(request: ClaimRequest, shown?: WorkerState): Promise<ClaimReply>
  /**
   * Apply settlements, then claim, in one step. Answers come in the order of `settlements`. Of a job with many
   * dependents, only the first are released: if `releasing` is true, the caller should call `releaseDependents` until
   * that returns false.
   * @param shown - as in `claim`, if the worker has no jobs beside these.
   */
  settle(
    workerName: string,
    settlements: readonly Settlement[],
    claim?: ClaimRequest,
    shown?: WorkerState,
  ): Promise<SettleReply>
  /**
   * Release some more dependents of ended jobs that have many, no matter which worker settled them. A worker also calls
   * it from time to time, in case another one died before it was done.
   * @returns whether there are still more.
   */
  releaseDependents(): Promise<boolean>
  /**
   * Clean up after jobs that expired or were evicted: entries of registries, slots of rate limits, groups. Enqueue jobs
   * that a Python worker left ready. Several steps; several workers can do it at once.
   */
  cleanUp(queues: readonly string[], options?: CleanUpOptions): Promise<void>
  /**
   * Ask what this worker is to tidy now: what no other worker has tidied for the length of its interval. The worker
   * gives the turn up when it unregisters.
   */
  maintenanceTurn(request: MaintenanceRequest): Promise<MaintenanceTurn>
  /**
   * Return claimed jobs, started or not, to the head of their queues, in order; no attempt is counted. For jobs that
   * have not started, or were killed. Many jobs take several steps.
   * @returns one answer for each lease, in order.
   */
  giveBack(leases: readonly Lease[]): Promise<readonly GiveBackAnswer[]>
  /**
   * End the execution of a job whose settlements the store refuses, and list the job among those of its queue that are
   * broken. Its record stays as it is, and no worker takes it over. Safe to send twice.
   * @returns whether the execution still owned the job.
   */
  setAside(request: SetAsideRequest): Promise<boolean>
  /**
   * Find the queues in which {@link recover} has something to do now. Writes nothing; for a worker of many queues, most
   * of which have nothing.
   * @returns their names, in the order given.
   */
  findRecoverable(request: RecoverableRequest): Promise<readonly string[]>
  /**
   * Take over jobs of a queue whose lease has ended: they are leased to this worker now. Prefetched ones go back to the
   * head of the queue instead, at most twice each. One call looks at a limited number of leases; call again while the
   * reply has a `next`.
   */
  recover(request: RecoverRequest): Promise<RecoverReply>
  /**
   * Several waits for work will be under way at once, each for other queues: from now on they share their connections,
   * and claim nothing. A worker of many queues calls this before all else.
   */
  shareWaits(): void
  /**
   * Wait until one of the queues may have a job, at most `timeoutMs`, or until `signal` fires, and then resolve at
   * once. With `claim`, for the same queues, a store may claim in the same step, which saves a round trip for a job
   * that comes to a waiting worker. `shown` is as in {@link claim}.
   * @returns the reply, which has `again` if there are more jobs. Undefined: nothing was claimed, or the reply was lost
   *   and the next claim finds its jobs.
   */
  waitForWork(
    queues: readonly string[],
    timeoutMs: number,
    signal: AbortSignal,
    claim?: ClaimRequest,
    shown?: WorkerState,
  ): Promise<ClaimReply | undefined>
  /**
   * Call `listener` for each command to this worker, until the returned function is called. Resolves when no command
   * that is sent from now on is missed; stays pending while the store is away.
   */
  onCommand(workerName: string, listener: (command: WorkerCommand) => void): Promise<() => Promise<void>>
  /** Live workers, by default of all queues. */
  workers(queue?: string): Promise<WorkerRecord[]>
  /** A live worker by its name; undefined if there is none. */
  worker(name: string): Promise<WorkerRecord | undefined>
  /** Number of live workers, by default of all queues. */
  workerCount(queue?: string): Promise<number>
  /** Which names of jobs the schedules of a queue and its live workers use. Of very many, some. */
  namesInUse(queue: string): Promise<NamesInUse>
}
