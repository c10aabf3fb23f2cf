import type { JobReply } from './job-store.ts'

/** A scheduler as it identifies itself. */
export interface SchedulerIdentity {
  readonly name: string
  /** The queues that it serves, whether it leads them or not. */
  readonly queues: readonly string[]
  readonly pid: number
  readonly hostname: string
  readonly createdAtMs: number
}

/** What a scheduler has written about itself, Python's too. */
export interface SchedulerRecord extends SchedulerIdentity {
  readonly lastHeartbeatMs?: number
}

/** Which queues a scheduler leads, and when to ask again. */
export interface Lead {
  readonly queues: readonly string[]
  /** Milliseconds until the first lock of another scheduler ends, unless it is renewed. At most the lease. */
  readonly freeInMs: number
}

/** The result of one step of promotion. */
export interface Promoted {
  /** Number of jobs that were moved. */
  readonly moved: number
  /** Milliseconds from this step until the next job is due: 0 = one is due now, undefined = no job is scheduled. */
  readonly waitMs: number | undefined
  /** The store's time of this step, in epoch milliseconds. */
  readonly nowMs: number
  /** Jobs that can never be moved, because of what the store holds. They have failed. Absent: none. */
  readonly setAside?: readonly { readonly jobId: string; readonly reason: string }[]
}

/** A notice for schedulers. It may be lost, so a scheduler also polls. */
export type SchedulerNotice =
  /** The queue has a new job that is due before all its others. */
  | { readonly kind: 'earlier'; readonly queue: string }
  /** A schedule of the queue was written. */
  | { readonly kind: 'schedule'; readonly queue: string }
  /** The queue has lost its leader. */
  | { readonly kind: 'free'; readonly queue: string }

/** The scheduler's side of a store: jobs that wait for a time. Every method is one atomic step. */
export interface SchedulerStore {
  /**
   * Become the leader of queues that have none, and stay the leader of queues led already, for `leaseMs` from now. A
   * queue has one leader at a time, of ours or of Python's.
   */
  lead(scheduler: SchedulerIdentity, leaseMs: number): Promise<Lead>
  /** Give up all queues, and notify the other schedulers. @returns whether this scheduler had a record. */
  stopLeading(scheduler: SchedulerIdentity): Promise<boolean>
  /** The record of a scheduler that leads a queue, Python's too; undefined when there is none of this name. */
  scheduler(name: string): Promise<SchedulerRecord | undefined>
  /** Process id of the leader of a queue; null when it has none. */
  leaderPid(queue: string): Promise<number | null>
  /** Whether a queue has scheduled jobs, due or not. Cheaper than {@link promoteDue}. */
  hasScheduled(queue: string): Promise<boolean>
  /**
   * Move up to `most` due jobs of a queue, earliest first: to `queued`, to `rate_limited` when all slots are taken, or
   * to `deferred` when they wait for other jobs. Of several callers one moves a given job. `lost` when `leader` does
   * not lead the queue.
   */
  promoteDue(queue: string, leader: string, most: number): Promise<Promoted | 'lost'>
  /** Move a scheduled job now, before it is due. `refused` when it is not in the schedule of its queue. */
  promote(jobId: string, atFront: boolean): Promise<JobReply>
  /** Change the due time of a scheduled job. `refused` when it is not in the schedule of its queue. */
  reschedule(jobId: string, dueMs: number): Promise<JobReply>
  /** Call `listener` for each notice, until the returned function is called. */
  onNotice(listener: (notice: SchedulerNotice) => void): Promise<() => Promise<void>>
}
