import type { JobReply } from './job-store.ts'

/** What a scheduler says of itself. */
export interface SchedulerIdentity {
  readonly name: string
  /** The queues that it is for, whether it leads them or not. */
  readonly queues: readonly string[]
  readonly pid: number
  readonly hostname: string
  readonly createdAtMs: number
}

/** What one step of promotion came to. */
export interface Promoted {
  readonly moved: number
  /** Until there is more to do: 0 = at once, undefined = nothing is scheduled. Counted from the moment of the step. */
  readonly waitMs: number | undefined
  /** The store's own time at that moment, epoch milliseconds. */
  readonly nowMs: number
}

/** What schedulers are told. A notice may be lost; whoever waits for one looks for itself as well, now and then. */
export type SchedulerNotice =
  /** The queue has a job that is due before all others of it. */
  | { readonly kind: 'earlier'; readonly queue: string }
  /** Nobody leads the queue any more. */
  | { readonly kind: 'free'; readonly queue: string }

/** The scheduler's side of a store: jobs that wait for a time. Every method is one atomic step. */
export interface SchedulerStore {
  /**
   * Take the lead of queues that nobody leads and keep that of queues led already, for `leaseMs` from now.
   * Returns the queues that this scheduler leads. One scheduler leads a queue at a time, in whatever language it is written.
   */
  lead(scheduler: SchedulerIdentity, leaseMs: number): Promise<readonly string[]>
  /** Give up the lead, and tell those who stand by. Returns whether it had a record. */
  stopLeading(scheduler: SchedulerIdentity): Promise<boolean>
  /** The process that leads a queue, or null. */
  leaderPid(queue: string): Promise<number | null>
  /**
   * Move up to `most` jobs of a queue whose time has come, earliest first: to `queued`, or to `rate_limited`, or to `deferred`
   * when they wait for other jobs. Each job is moved once, whoever calls. `lost` when `leader` does not lead the queue.
   */
  promoteDue(queue: string, leader: string, most: number): Promise<Promoted | 'lost'>
  /** Move one scheduled job before its time. `refused` when it is not scheduled. */
  promote(jobId: string, atFront: boolean): Promise<JobReply>
  /** Give a scheduled job another time. `refused` when it is not scheduled. */
  reschedule(jobId: string, dueMs: number): Promise<JobReply>
  /** Notices for schedulers, until the returned function is called. */
  onNotice(listener: (notice: SchedulerNotice) => void): Promise<() => Promise<void>>
}
