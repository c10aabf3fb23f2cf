import { type Duty, type Logger, PeriodicDuty, SECOND_MS } from '@rq/core'
import type { CronSchedulerRecord, CronStore } from '@rq/job'
import type { StoreClock } from './store-clock.ts'

export interface CronPresenceOptions {
  readonly store: CronStore
  readonly clock: StoreClock
  readonly logger: Logger
  readonly record: () => CronSchedulerRecord
  /** Random, different from that of any other scheduler with the same name. */
  readonly instance: string
}

/** RQ's readers drop a scheduler after 120 s without a heartbeat. */
const HEARTBEAT_MS = 15 * SECOND_MS
/** Changes within this time are written together. */
const GATHER_MS = SECOND_MS

/**
 * Keeps a cron scheduler's record in the store: that it lives, what it has registered, when each cron job ran and will
 * run. While another scheduler has the name, which it took when this one was frozen or cut off, this one is not listed;
 * it enqueues all the same, since each tick is enqueued once by whomever.
 */
export class CronPresence implements Duty {
  readonly #heartbeat: PeriodicDuty
  #isNameTaken = false

  constructor(options: CronPresenceOptions) {
    const { clock, instance, logger, record, store } = options
    this.#heartbeat = new PeriodicDuty({
      name: 'The heartbeat of the cron scheduler',
      everyMs: HEARTBEAT_MS,
      logger,
      run: async () => {
        const { isNameTaken } = await clock.asking(() => store.heartbeat(record(), instance))
        if (isNameTaken && !this.#isNameTaken) {
          logger.error('Another cron scheduler has taken the name of this one, which goes on, but is not listed')
        }
        this.#isNameTaken = isNameTaken
      },
    })
  }

  start(): void {
    this.#heartbeat.start()
  }

  stop(): Promise<void> {
    return this.#heartbeat.stop()
  }

  /** @throws RqError of the store. */
  runOnce(): Promise<void> {
    return this.#heartbeat.runOnce()
  }

  /** The record has changed: write it within a second. */
  changed(): void {
    this.#heartbeat.runWithin(GATHER_MS)
  }
}
