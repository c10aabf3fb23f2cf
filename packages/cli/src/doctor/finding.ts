import type { QueueCounts, ServerFacts, WorkerRecord } from 'rq'

/**
 * `problem`: jobs can be lost, or work stands still. `warning`: it may come to that. `note`: good to know, or what is
 * not known.
 */
export type Level = 'ok' | 'note' | 'warning' | 'problem'

/** The outcome of one check. */
export interface Finding {
  readonly check: string
  readonly level: Level
  /** What was found: one sentence or two. */
  readonly text: string
  /** What to do. */
  readonly advice?: string
}

/** A queue, and what stands still in it. */
export interface QueueFacts {
  readonly name: string
  readonly counts: QueueCounts
  /** Number of ids that were set aside; at most 100 are counted. */
  readonly broken: number
  /** Why no worker can run its first job, if none knows the name of that. */
  readonly unknown?: string
  /** The first scheduled job if it is due: for how long, and whether a scheduler leads the queue. */
  readonly overdue?: { readonly lateMs: number; readonly hasScheduler: boolean }
}

export interface ScheduleFacts {
  readonly name: string
  readonly queue: string
  readonly lateMs: number
  readonly funcName: string
  /** The reference of its function, if no worker could load that for its last job. */
  readonly unknown?: string
}

/** All that the checks look at. */
export interface Facts {
  readonly server: ServerFacts
  /** What the user may not do of what each role needs; undefined when the server cannot say. */
  readonly missing: Readonly<Record<string, readonly string[]>> | undefined
  // Undefined: it could not be read, see `unread`.
  readonly suspended: boolean | undefined
  readonly queues: readonly QueueFacts[] | undefined
  readonly workers: readonly WorkerRecord[] | undefined
  /** The queue of each cron job of the living cron schedulers. */
  readonly cronQueues: readonly string[] | undefined
  /** The schedules that enqueue jobs. `lateMs`: for how long the next one is due. Of 100 whose last job failed: why. */
  readonly schedules: readonly ScheduleFacts[] | undefined
  /** What could not be read, and why. */
  readonly unread: readonly { readonly what: string; readonly why: string }[]
}

/** A check is one look at the facts. None: it does not apply. */
export type Check = (facts: Facts) => Finding | readonly Finding[]

export function ok(check: string, text: string): Finding {
  return { check, level: 'ok', text }
}

export function note(check: string, text: string, advice?: string): Finding {
  return { check, level: 'note', text, ...(advice !== undefined && { advice }) }
}

export function warning(check: string, text: string, advice: string): Finding {
  return { check, level: 'warning', text, advice }
}

export function problem(check: string, text: string, advice: string): Finding {
  return { check, level: 'problem', text, advice }
}
