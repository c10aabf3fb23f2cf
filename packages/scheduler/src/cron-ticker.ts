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
  #stopped = new AbortController()

  constructor(options: CronTickerOptions) {
    this.#options = options
    this.#stopped.abort()
  }

  start(): void {
    if (!this.#stopped.signal.aborted) return
    const stopped = new AbortController()
    this.#stopped = stopped
    const before = this.#loop ?? Promise.resolve()
    this.#loop = before.then(() => this.#run(stopped.signal))
  }

  /** No further tick is begun. Resolves when none is under way, which may be never: the store may never answer. */
  async stop(): Promise<void> {
    this.#stopped.abort()
    this.#alarm.ring()
    await this.#loop
  }

  /** The entries have changed. */
  wake(): void {
    this.#alarm.ring()
  }

  /** Enqueue what is due now, tick by tick until `stopped`. Returns the entries that did. */
  async runOnce(stopped?: AbortSignal): Promise<CronEntry[]> {
    const done = await Promise.all(
      this.#options.entries().map(async (entry) => ((await entry.runDue(stopped)) > 0 ? [entry] : [])),
    )
    return done.flat()
  }

  /** Milliseconds until the next tick, at most a minute; 0 when one is due. */
  waitMs(): number {
    const wakeAtMs = Math.min(...this.#options.entries().map((entry) => entry.wakeAtMs))
    return Math.min(LONGEST_SLEEP_MS, Math.max(0, wakeAtMs - this.#options.clock.nowMs()))
  }

  async #run(stopped: AbortSignal): Promise<void> {
    while (!stopped.aborted) {
      const enqueued = await this.runOnce(stopped)
      if (enqueued.length > 0) this.#options.onEnqueued()
      if (!stopped.aborted) await this.#alarm.sleep(this.waitMs())
    }
  }
}
