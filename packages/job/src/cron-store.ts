import type { NewJob } from './queue-store.ts'

/** What is known of a cron job, over all schedulers and restarts. Times are epoch milliseconds by the store's clock. */
export interface CronState {
  /** The last tick that was decided: enqueued, or left out because of an overlap. */
  readonly tickMs?: number
  /** When the rule came into force. */
  readonly sinceMs: number
  readonly pausedMs?: number
  /** When its last pause ended. */
  readonly resumedMs?: number
  readonly nowMs: number
}

/** Which cron job: several may share a name, and then have slots of their own. */
export interface CronKey {
  readonly name: string
  /** From 1. */
  readonly slot: number
}

/** A tick, or a run that somebody asked for, and the job to enqueue for it. */
export interface CronRun extends CronKey {
  readonly job: NewJob
  /** Absent: a run outside of the rule, which no pause, overlap or other tick prevents. */
  readonly tick?: {
    readonly ms: number
    /** The latest tick that may have been decided before this one. */
    readonly latestMs: number
    /** When given: not while a job of this cron job, whose ids begin so, has not ended. */
    readonly unlessRunning?: string
  }
}

/**
 * What became of a tick. `taken`: it, or a later one, was decided before; `overlap`: left out, and decided thereby;
 * `early`: its time has not come, by the store's clock.
 */
export interface CronReply {
  readonly answer: 'enqueued' | 'taken' | 'paused' | 'overlap' | 'early'
  readonly tickMs?: number
  readonly nowMs: number
}

/** A cron job in the record of a scheduler: for people to look at. */
export interface CronJobRecord {
  readonly funcName: string
  readonly name: string
  readonly queueName: string
  /** JSON, or a placeholder for what is none; null for no arguments. */
  readonly args: string | null
  readonly kwargs: string | null
  readonly intervalS: number | null
  readonly cron: string | null
  readonly timezone?: string
  readonly latestMs: number | null
  readonly nextMs: number | null
  /** RQ's option fields, as they are stored. */
  readonly options: Readonly<Record<string, unknown>>
}

/** A cron scheduler's own record. */
export interface CronSchedulerRecord {
  readonly name: string
  readonly hostname: string
  readonly pid: number
  readonly createdAtMs: number
  /** Empty: not from a file. */
  readonly configFile: string
  readonly jobs: readonly CronJobRecord[]
}

/** The cron scheduler's side of a store. Every method is one atomic step. */
export interface CronStore {
  /** Read a cron job's state and note its rule. A rule that is new, or another than before, comes into force now. */
  open(key: CronKey, rule: string): Promise<CronState>
  /** Decide a tick and enqueue its job, in one step: at most once for each tick, over any number of schedulers. */
  run(run: CronRun): Promise<CronReply>
  /** Returns whether that changed anything. Ticks of a pause are not made up for. */
  setPaused(name: string, paused: boolean): Promise<boolean>
  /** Ids of the jobs that it enqueued, newest first; `end` -1 = to the oldest of the 1000 that are kept. */
  history(name: string, start: number, end: number): Promise<string[]>

  /** @throws RqError `RQ_SCHEDULER_NAME_TAKEN` when a living scheduler has this name. */
  register(scheduler: CronSchedulerRecord): Promise<void>
  /** Renew the record, written anew if it had gone. Returns the store's time. */
  heartbeat(scheduler: CronSchedulerRecord): Promise<number>
  unregister(name: string): Promise<void>
  /** The living ones; those without a heartbeat for so long, by default two minutes, are dropped from the list for good. */
  schedulers(staleS?: number): Promise<(CronSchedulerRecord & { readonly lastHeartbeatMs: number })[]>
  scheduler(name: string): Promise<(CronSchedulerRecord & { readonly lastHeartbeatMs?: number }) | undefined>
}
