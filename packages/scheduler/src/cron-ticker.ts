import { MINUTE_MS } from '@rq/core'
import { Alarm } from './alarm.ts'
import type { CronEntry } from './cron-entry.ts'
import type { StoreClock } from './store-clock.ts'

export interface CronTickerOptions {
  readonly clock: StoreClock
  readonly entries: () => readonly CronEntry[]
  /** Called after jobs were enqueued. */
  readonly onEnqueued: () => void
}

/** Longest sleep, as in RQ: the store's clock, and how it compares with ours, may change. */
const LONGEST_SLEEP_MS = MINUTE_MS

/** Enqueues the jobs of cron entries at their ticks: sleeps until the next one is due, by the store's time. */
export class CronTicker {
  readonly #options: CronTickerOptions
  readonly #alarm = new Alarm()
  #loop: Promise<void> | undefined
  #stopped = true

  constructor(options: CronTickerOptions) {
    this.#options = options
  }

  start(): void {
    this.#stopped = false
    this.#loop ??= this.#run().finally(() => {
      this.#loop = undefined
    })
  }

  /** No further tick is begun. One that is under way is not waited for: the store may never answer. */
  stop(): void {
    this.#stopped = true
    this.#alarm.ring()
  }

  /** The entries have changed. */
  wake(): void {
    this.#alarm.ring()
  }

  /** Enqueue what is due now. Returns the entries that did. */
  async runOnce(): Promise<CronEntry[]> {
    const done = await Promise.all(
      this.#options.entries().map(async (entry) => ((await entry.runDue()) > 0 ? [entry] : [])),
    )
    return done.flat()
  }

  /** Milliseconds until the next tick, at most a minute; 0 when one is due. */
  waitMs(): number {
    const wakeAtMs = Math.min(...this.#options.entries().map((entry) => entry.wakeAtMs))
    return Math.min(LONGEST_SLEEP_MS, Math.max(0, wakeAtMs - this.#options.clock.nowMs()))
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const enqueued = await this.runOnce()
      if (enqueued.length > 0) this.#options.onEnqueued()
      if (!this.#stopped) await this.#alarm.sleep(this.waitMs())
    }
  }
}
