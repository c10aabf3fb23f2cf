import { type Duty, type Logger, MINUTE_MS, PeriodicDuty } from '@rq/core'
import type { CronEntry } from './cron-entry.ts'
import type { StoreClock } from './store-clock.ts'

export interface CronTickerOptions {
  readonly clock: StoreClock
  readonly entries: () => readonly CronEntry[]
  /** Called after jobs were enqueued. */
  readonly onEnqueued: () => void
  readonly logger: Logger
}

/** Longest sleep, as in RQ: the store's clock may change, and so may its difference from ours. */
const LONGEST_SLEEP_MS = MINUTE_MS

/** Enqueues the jobs of cron entries at their ticks: sleeps until the next one is due, by the store's time. */
export class CronTicker implements Duty {
  readonly #options: CronTickerOptions
  readonly #duty: PeriodicDuty<readonly CronEntry[]>

  constructor(options: CronTickerOptions) {
    this.#options = options
    this.#duty = new PeriodicDuty({
      name: 'Enqueueing cron jobs',
      everyMs: () => this.#waitMs(),
      atStart: true,
      run: (stopped) => this.#enqueueDue(stopped),
      logger: options.logger,
    })
  }

  start(): void {
    this.#duty.start()
  }

  /** Begins no further tick, of several that are due either. */
  stop(): Promise<void> {
    return this.#duty.stop()
  }

  /** Enqueue what is due now. Returns the entries of which a job was enqueued. */
  runOnce(): Promise<readonly CronEntry[]> {
    return this.#duty.runOnce()
  }

  /** The entries have changed: look at them at once. */
  wake(): void {
    this.#duty.runWithin(0)
  }

  async #enqueueDue(stopped: AbortSignal): Promise<readonly CronEntry[]> {
    const done = await Promise.all(
      this.#options.entries().map(async (entry) => ((await entry.runDue(stopped)) > 0 ? [entry] : [])),
    )
    const enqueued = done.flat()
    if (enqueued.length > 0) this.#options.onEnqueued()
    return enqueued
  }

  /** Until the next tick; 0 when one is due. */
  #waitMs(): number {
    const wakeAtMs = Math.min(...this.#options.entries().map((entry) => entry.wakeAtMs))
    return Math.min(LONGEST_SLEEP_MS, Math.max(0, wakeAtMs - this.#options.clock.nowMs()))
  }
}
