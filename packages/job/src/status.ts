/**
 * Every status a job can have, exactly RQ's words: an unknown one makes a Python reader raise.
 * `ready_to_enqueue` is read (RQ 3 writes it between a parent's end and the child's start) and never written by us.
 */
export const JOB_STATUSES = [
  'created',
  'queued',
  'started',
  'finished',
  'failed',
  'stopped',
  'canceled',
  'deferred',
  'scheduled',
  'rate_limited',
  'ready_to_enqueue',
] as const

export type JobStatus = (typeof JOB_STATUSES)[number]

/**
 * The moves from status to status that a store makes. The testkit fails a test that sees any other one, and has a test
 * that sees every one of these that starts from a status our stores write.
 * - `created` is the first status of every job, most often for a part of one step only;
 * - `queued` waits in a list, `scheduled` for a time, `deferred` for other jobs, `rate_limited` for a slot;
 * - `started` is leased by one execution;
 * - `finished`, `failed`, `stopped` and `canceled` are ends.
 *
 * A job that is enqueued once more is written anew, whatever its status was: that is no move. What Python RQ writes is
 * not listed; what our stores make of a job that it left `created` or `ready_to_enqueue` is.
 */
export const LEGAL_MOVES: Readonly<Record<JobStatus, readonly JobStatus[]>> = {
  created: ['queued', 'scheduled', 'deferred', 'rate_limited', 'started', 'canceled'],
  // To `rate_limited` when its queue is paused or has no workers, and a job of another queue wants its slot.
  queued: ['started', 'canceled', 'rate_limited'],
  // To `queued` and `scheduled` by a retry, a repeat, or a worker that gives it back or died; a repeat may have to wait
  // for a slot.
  started: ['finished', 'failed', 'stopped', 'queued', 'scheduled', 'rate_limited', 'canceled'],
  finished: ['canceled'],
  // By requeue, which may have to wait for a slot.
  failed: ['queued', 'rate_limited', 'canceled'],
  stopped: ['queued', 'rate_limited', 'canceled'],
  // A job that was canceled while it ran ends as its run ended.
  canceled: ['finished', 'failed', 'stopped'],
  deferred: ['queued', 'rate_limited', 'canceled'],
  scheduled: ['queued', 'deferred', 'rate_limited', 'canceled'],
  rate_limited: ['queued', 'canceled'],
  ready_to_enqueue: ['queued', 'rate_limited', 'canceled'],
}

const STATUS_SET: ReadonlySet<string> = new Set(JOB_STATUSES)

/** Whether a string is the name of a status. */
export function isJobStatus(text: string): text is JobStatus {
  return STATUS_SET.has(text)
}

/** Whether {@link LEGAL_MOVES} lists a move. */
export function canMove(from: JobStatus, to: JobStatus): boolean {
  return LEGAL_MOVES[from].includes(to)
}

/** The registries of a queue, named after the status of the jobs they hold (a stopped job is in `failed`). */
export const REGISTRY_KINDS = ['started', 'finished', 'failed', 'deferred', 'scheduled', 'canceled'] as const

/** A registry of a queue: a set of its jobs, ordered by score. */
export type RegistryKind = (typeof REGISTRY_KINDS)[number]

/** Whether a job with this status has ended. It leaves such a status on request only. */
export function isTerminal(status: JobStatus): boolean {
  return status === 'finished' || status === 'failed' || status === 'stopped' || status === 'canceled'
}
