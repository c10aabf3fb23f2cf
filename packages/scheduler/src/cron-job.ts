import { checkOptionNames, type OptionNames, randomHex } from '@rq/core'
import { contextOf, handleOf, type Job } from '@rq/queue'
import type { CronContext, CronEntry } from './cron-entry.ts'
import type { Overlap } from './cron-options.ts'
import type { CatchUp } from './due-ticks.ts'

/** Part of the history of a cron job, newest first. */
export interface HistoryRange {
  /** Default 0: the newest. */
  readonly start?: number
  /** The last one, inclusive. Default -1: the oldest. */
  readonly end?: number
}

export const HISTORY_NAMES: OptionNames<HistoryRange> = { start: true, end: true }

/** A cron job that was registered with a scheduler. Its times are those that the scheduler knows. */
export class CronJob<R = unknown> {
  readonly #entry: CronEntry
  readonly #context: CronContext

  constructor(entry: CronEntry, context: CronContext) {
    this.#entry = entry
    this.#context = context
  }

  /** Null until its function has been located, which `start()` does, unless it was given. */
  get name(): string | null {
    return this.#entry.name ?? null
  }

  /** The reference of its function; null until that has been located. */
  get funcName(): string | null {
    return this.#entry.funcName ?? null
  }

  get queueName(): string {
    return this.#entry.definition.queueName
  }

  get args(): readonly unknown[] {
    return this.#entry.definition.args
  }

  get kwargs(): Readonly<Record<string, unknown>> {
    return this.#entry.definition.checked.kwargs
  }

  /** Seconds; null for one with a cron expression. */
  get interval(): number | null {
    return this.#entry.definition.intervalS
  }

  get cron(): string | null {
    return this.#entry.definition.cron
  }

  get timezone(): string | null {
    return this.#entry.definition.timezone ?? null
  }

  get catchUp(): CatchUp {
    return this.#entry.definition.catchUp
  }

  get overlap(): Overlap {
    return this.#entry.definition.overlap
  }

  /** The last tick for which a job was enqueued; null when there was none, or the scheduler has not started. */
  get latestEnqueueTime(): Date | null {
    return dateOf(this.#entry.latestMs)
  }

  /**
   * The next tick; null when there is none. A pause is not taken into account. Before the scheduler starts, it is the
   * next time of a cron expression from now on, by the clock of this machine: ticks that were missed are not known yet.
   * With an interval it is null then, as in RQ: Redis knows whether the first job comes at once.
   */
  get nextEnqueueTime(): Date | null {
    return dateOf(this.#entry.nextMs)
  }

  /** Enqueue a job now, also while it is paused. Its ticks do not move. The job is part of the history. */
  async runNow(): Promise<Job<R>> {
    const record = await this.#entry.runNow(`now-${randomHex().slice(0, 16)}`)
    const { queueOptions, storage } = this.#context
    const { codec, serializer } = queueOptions
    return handleOf<R>(record, contextOf({ storage, codec, ...(serializer !== undefined && { serializer }) }))
  }

  /** Skip its ticks from now on, in every scheduler and over restarts. Returns false when it was paused already. */
  async pause(): Promise<boolean> {
    const { name } = await this.#entry.prepare()
    return this.#context.storage.crons.setPaused(name, true)
  }

  /** Enqueue at its ticks again. Ticks during the pause are not caught up. Returns false when it was not paused. */
  async resume(): Promise<boolean> {
    const { name } = await this.#entry.prepare()
    return this.#context.storage.crons.setPaused(name, false)
  }

  /** Ids of the jobs that it enqueued, newest first. The last 1000 are kept, for a year. */
  async getJobIds(range: HistoryRange = {}): Promise<string[]> {
    const { start = 0, end = -1 } = checkOptionNames(range, HISTORY_NAMES, 'cronJob.getJobIds')
    const { name } = await this.#entry.prepare()
    return this.#context.storage.crons.history(name, start, end)
  }

  toString(): string {
    return `<CronJob ${this.name ?? ''}>`
  }
}

function dateOf(ms: number | undefined): Date | null {
  return ms === undefined ? null : new Date(ms)
}
