import { type Clock, FailureLog, type Logger, SECOND_MS } from '@rq/core'
import type { SchedulerStore } from '@rq/job'
import { Alarm } from './alarm.ts'

export interface PromoterOptions {
  readonly store: SchedulerStore
  readonly queues: readonly string[]
  /** The name under which queues are led. */
  readonly leader: string
  /** Whether a queue is led now; others are left alone. */
  readonly leads: (queue: string) => boolean
  /** Called when the store says that another one leads a queue. */
  readonly onLost: (queue: string) => void
  /** How often it looks without a reason, for jobs of programs that give no notice. Falls on whole multiples of this time. */
  readonly pollMs: number
  readonly clock: Clock
  readonly logger: Logger
}

/** Jobs moved in one step: some milliseconds of Redis's time. */
const MOST_PER_STEP = 500
const RETRY_MS = SECOND_MS

/**
 * Moves jobs into their queues when they are due: sleeps until the next one is, by the store's own clock, and can be woken.
 * The whole of a step is the store's, so that two of them, or one that was frozen, can do no harm.
 */
export class Promoter {
  readonly #options: PromoterOptions
  readonly #alarm = new Alarm()
  readonly #failures: FailureLog
  /** When to look at each queue, on the monotonic clock. */
  readonly #lookAtMs = new Map<string, number>()
  #loop: Promise<void> | undefined
  #stopped = true

  constructor(options: PromoterOptions) {
    this.#options = options
    this.#failures = new FailureLog(options.logger, 'Moving due jobs')
  }

  start(): void {
    this.#stopped = false
    this.#loop ??= this.#run().finally(() => {
      this.#loop = undefined
    })
  }

  /** No further step begins. One that is under way is not waited for: the store may never answer. */
  stop(): void {
    this.#stopped = true
    this.#alarm.ring()
  }

  /** Look at a queue at once. */
  wake(queue: string): void {
    this.#lookAtMs.delete(queue)
    this.#alarm.ring()
  }

  /**
   * Move everything that is due now in the queues that are led. Returns how many jobs.
   * @throws RqError of the store.
   */
  async runOnce(): Promise<number> {
    const moved = await Promise.all(this.#options.queues.map((queue) => this.#drain(queue)))
    return moved.reduce((sum, count) => sum + count, 0)
  }

  /** Queues take turns, one step each, so that many due jobs of one do not make those of the others late. */
  async #run(): Promise<void> {
    while (!this.#stopped) {
      await Promise.all(this.#options.queues.map((queue) => this.#stepIfTime(queue)))
      const nowMs = this.#options.clock.monotonicMs()
      if (!this.#stopped) await this.#alarm.sleep(Math.min(...this.#waitsMs(nowMs)))
    }
  }

  *#waitsMs(nowMs: number): Iterable<number> {
    // A queue that is not led is looked at when it is gained.
    yield this.#options.pollMs
    for (const queue of this.#options.queues) {
      if (this.#options.leads(queue)) yield (this.#lookAtMs.get(queue) ?? nowMs) - nowMs
    }
  }

  async #stepIfTime(queue: string): Promise<void> {
    const { clock, leads } = this.#options
    if (!leads(queue) || (this.#lookAtMs.get(queue) ?? 0) > clock.monotonicMs()) return
    try {
      await this.#step(queue)
      this.#failures.succeeded()
    } catch (error) {
      this.#failures.failed(error)
    }
  }

  async #drain(queue: string): Promise<number> {
    let moved = 0
    for (;;) {
      if (!this.#options.leads(queue)) return moved
      const step = await this.#step(queue)
      moved += step.moved
      if (step.isLast) return moved
    }
  }

  async #step(queue: string): Promise<{ readonly moved: number; readonly isLast: boolean }> {
    const { clock, leader, logger, onLost, pollMs, store } = this.#options
    const sentMs = clock.monotonicMs()
    // A notice that comes while the step is under way asks for another look.
    this.#lookAtMs.set(queue, Number.POSITIVE_INFINITY)
    const promoted = await store.promoteDue(queue, leader, MOST_PER_STEP).catch((error: unknown) => {
      this.#lookAtMs.set(queue, clock.monotonicMs() + RETRY_MS)
      throw error
    })
    if (promoted === 'lost') {
      this.#lookAtMs.delete(queue)
      onLost(queue)
      return { moved: 0, isLast: true }
    }
    const { moved, nowMs } = promoted
    if (moved > 0) logger.debug(`${queue}: moved ${moved} due jobs`)
    const waitMs = Math.min(promoted.waitMs ?? pollMs, pollMs - (nowMs % pollMs))
    // Counted from the sending, so that the next step arrives just when the job is due.
    if (this.#lookAtMs.has(queue)) this.#lookAtMs.set(queue, sentMs + waitMs)
    return { moved, isLast: promoted.waitMs !== 0 }
  }
}
