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
 * The legal moves. What is not here never happens, whoever asks:
 * - `queued` waits in a list, `scheduled` for a time, `deferred` for other jobs, `rate_limited` for a slot;
 * - `started` is leased by one execution;
 * - `finished`, `failed`, `stopped`, `canceled` are ends, left only by requeue (or, for `finished`, by repeat).
 */
export const LEGAL_MOVES: Readonly<Record<JobStatus, readonly JobStatus[]>> = {
  created: ['queued', 'scheduled', 'deferred', 'rate_limited', 'started'],
  queued: ['started', 'canceled', 'rate_limited', 'failed'],
  started: ['finished', 'failed', 'stopped', 'queued', 'scheduled', 'canceled'],
  finished: ['queued', 'scheduled'],
  failed: ['queued', 'canceled'],
  stopped: ['queued', 'canceled'],
  canceled: ['queued'],
  deferred: ['queued', 'rate_limited', 'canceled', 'ready_to_enqueue'],
  scheduled: ['queued', 'deferred', 'rate_limited', 'canceled'],
  rate_limited: ['queued', 'canceled'],
  ready_to_enqueue: ['queued', 'rate_limited', 'canceled'],
}

const STATUS_SET: ReadonlySet<string> = new Set(JOB_STATUSES)

export function isJobStatus(text: string): text is JobStatus {
  return STATUS_SET.has(text)
}

export function canMove(from: JobStatus, to: JobStatus): boolean {
  return LEGAL_MOVES[from].includes(to)
}

/** The registries of a queue, named after the status of the jobs they hold (a stopped job is in `failed`). */
export const REGISTRY_KINDS = ['started', 'finished', 'failed', 'deferred', 'scheduled', 'canceled'] as const

export type RegistryKind = (typeof REGISTRY_KINDS)[number]

/** True for a status that a job leaves only when somebody asks for it. */
export function isTerminal(status: JobStatus): boolean {
  return status === 'finished' || status === 'failed' || status === 'stopped' || status === 'canceled'
}
