import type { NameHolder } from './name-holder.ts'
import type { NewJob } from './queue-store.ts'

/** How long a cron scheduler counts as alive after its last heartbeat, which it sends every 15 s. */
export const CRON_LEASE_MS = 45_000

/**
 * The state of a cron job, shared by all schedulers and kept over restarts. Times are epoch milliseconds by the store's
 * clock.
 */
export interface CronState {
  /** The latest tick that was decided: its job was enqueued, or skipped because of an overlap. */
  readonly tickMs?: number
  /** When the rule came into force. */
  readonly sinceMs: number
  /** When it was paused. Absent while it is not. */
  readonly pausedMs?: number
  /** When its last pause ended. */
  readonly resumedMs?: number
  /** The store's time of this answer. */
  readonly nowMs: number
}

/** Identifies a cron job. Cron jobs of the same name differ by their slots. */
export interface CronKey {
  readonly name: string
  /** Counted from 1 among cron jobs of the same name. */
  readonly slot: number
}

/** A job to enqueue for a tick, or outside of the rule. */
export interface CronRun extends CronKey {
  readonly job: NewJob
  /** Absent for a run outside of the rule, which no pause, overlap or other tick prevents. */
  readonly tick?: {
    /** When it is due. */
    readonly ms: number
    /** The latest tick that may have been decided before this one. */
    readonly latestMs: number
    /** Skip the tick while a job whose id begins with this string has not ended. Default: overlaps are allowed. */
    readonly unlessRunning?: string
  }
}

/**
 * The store's answer to a run. `taken`: the tick, or a later one, was decided before; `overlap`: the tick is decided,
 * and its job was skipped; `early`: by the store's clock the tick is not due yet.
 */
export interface CronReply {
  readonly answer: 'enqueued' | 'taken' | 'paused' | 'overlap' | 'early'
  /** The latest tick that is decided now. */
  readonly tickMs?: number
  /** The store's time of this answer. */
  readonly nowMs: number
}

/** A cron job as a scheduler lists it for operators. */
export interface CronJobRecord {
  readonly funcName: string
  readonly name: string
  readonly queueName: string
  /** JSON, or a placeholder for values that are not JSON; null for no arguments. */
  readonly args: string | null
  /** As `args`. */
  readonly kwargs: string | null
  readonly intervalS: number | null
  readonly cron: string | null
  readonly timezone?: string
  readonly latestMs: number | null
  readonly nextMs: number | null
  /** The options of its jobs, as RQ stores them. */
  readonly options: Readonly<Record<string, unknown>>
}

/** A cron scheduler as it lists itself. */
export interface CronSchedulerRecord {
  readonly name: string
  readonly hostname: string
  readonly pid: number
  readonly createdAtMs: number
  /** Path of its config module; empty when it has none. */
  readonly configFile: string
  readonly jobs: readonly CronJobRecord[]
}

export interface CronHeartbeatReply {
  /** Whether another scheduler has the name. Nothing was written then. */
  readonly isNameTaken: boolean
  /** The store's time of this answer. */
  readonly nowMs: number
}

/** The cron scheduler's side of a store. Every method is one atomic step. */
export interface CronStore {
  /** Read a cron job's state and store its rule. A rule that is new or has changed comes into force now. */
  open(key: CronKey, rule: string): Promise<CronState>
  /** Decide a tick and enqueue its job. Of any number of schedulers, one enqueues a given tick. */
  run(run: CronRun): Promise<CronReply>
  /**
   * Pause or resume all cron jobs of a name. Ticks during a pause are skipped.
   * @returns whether that changed anything.
   */
  setPaused(name: string, paused: boolean): Promise<boolean>
  /**
   * Ids of the jobs that were enqueued for a name, newest first; `end` -1 = to the oldest of the 1000 that are kept.
   */
  history(name: string, start: number, end: number): Promise<string[]>

  /**
   * List a scheduler, unless another living instance has its name. `instance` is random, different from that of any
   * other scheduler with the same name.
   * @returns the one that has the name.
   */
  register(scheduler: CronSchedulerRecord, instance: string): Promise<NameHolder | undefined>
  /** Renew a scheduler's record, or write it again if it has expired; unless another living instance has its name. */
  heartbeat(scheduler: CronSchedulerRecord, instance: string): Promise<CronHeartbeatReply>
  /** Remove a scheduler from the list, unless the record is not its own. */
  unregister(name: string, instance: string): Promise<void>
  /**
   * List the live schedulers. Those without a heartbeat for `staleS` seconds (default 120) are removed from the list.
   */
  schedulers(staleS?: number): Promise<(CronSchedulerRecord & { readonly lastHeartbeatMs: number })[]>
  /** The record of a scheduler; undefined when there is none of this name. */
  scheduler(name: string): Promise<(CronSchedulerRecord & { readonly lastHeartbeatMs?: number }) | undefined>
}
