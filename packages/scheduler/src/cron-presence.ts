import { FailureLog, type Logger, SECOND_MS } from '@rq/core'
import type { CronSchedulerRecord, CronStore } from '@rq/job'
import type { StoreClock } from './store-clock.ts'

export interface CronPresenceOptions {
  readonly store: CronStore
  readonly clock: StoreClock
  readonly logger: Logger
  readonly record: () => CronSchedulerRecord
}

/** RQ's readers drop a scheduler after 120 s without a heartbeat. */
const HEARTBEAT_MS = 15 * SECOND_MS
/** News of ticks are written together. */
const NEWS_MS = SECOND_MS

/** Keeps a cron scheduler's record in the store: that it lives, what it has registered, when each ran and will run. */
export class CronPresence {
  readonly #options: CronPresenceOptions
  readonly #failures: FailureLog
  #timer: NodeJS.Timeout | undefined
  #soon = false
  #stopped = true

  constructor(options: CronPresenceOptions) {
    this.#options = options
    this.#failures = new FailureLog(options.logger, 'The heartbeat of the cron scheduler')
  }

  start(): void {
    if (!this.#stopped) return
    this.#stopped = false
    this.#schedule(HEARTBEAT_MS)
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
  }

  /** The record has changed: write it within a second. */
  changed(): void {
    if (this.#stopped || this.#soon) return
    this.#soon = true
    this.#schedule(NEWS_MS)
  }

  /** @throws RqError of the store. */
  async runOnce(): Promise<void> {
    const { clock, record, store } = this.#options
    this.#soon = false
    await clock.asking(async () => ({ nowMs: await store.heartbeat(record()) }))
  }

  #schedule(waitMs: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(async () => {
      try {
        await this.runOnce()
        this.#failures.succeeded()
      } catch (error) {
        this.#failures.failed(error)
      }
      if (!this.#stopped) this.#schedule(this.#soon ? NEWS_MS : HEARTBEAT_MS)
    }, waitMs)
  }
}
