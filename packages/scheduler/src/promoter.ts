import { type Clock, type Duty, type Logger, PeriodicDuty, SECOND_MS } from '@rq/core'
import type { SchedulerStore } from '@rq/job'

export interface PromoterOptions {
  readonly store: SchedulerStore
  readonly queues: readonly string[]
  /** The name under which this scheduler leads queues. */
  readonly leader: string
  /** Whether it leads a queue now. It promotes nothing in others. */
  readonly leads: (queue: string) => boolean
  /** Called when the store says that another scheduler leads a queue. */
  readonly onLost: (queue: string) => void
  /**
   * How often it looks without a notice, for jobs of programs that send none. Looks fall on whole multiples of this
   * time.
   */
  readonly pollMs: number
  readonly clock: Clock
  readonly logger: Logger
}

/** Jobs moved in one step: a few milliseconds, for which other clients of Redis wait. Longer steps cost no less. */
const MOST_PER_STEP = 250
const RETRY_MS = SECOND_MS

/**
 * Moves jobs into their queues when they are due. Sleeps until the next one is due by the store's clock, or until
 * {@link wake}. Each step is one atomic call of the store, so two promoters, or one that was frozen, do no harm.
 */
export class Promoter implements Duty {
  readonly #options: PromoterOptions
  readonly #duty: PeriodicDuty<number>
  /** When to look at each queue, on the monotonic clock. Without an entry: now. */
  readonly #lookAtMs = new Map<string, number>()
  /** Queues in which nothing was scheduled at the last look, and when that look was due, on the monotonic clock. */
  readonly #emptySinceMs = new Map<string, number>()

  constructor(options: PromoterOptions) {
    this.#options = options
    this.#duty = new PeriodicDuty({
      name: 'Moving due jobs',
      everyMs: () => this.#waitMs(),
      atStart: true,
      run: (stopped) => this.#moveDue(stopped),
      logger: options.logger,
    })
  }

  start(): void {
    this.#duty.start()
  }

  stop(): Promise<void> {
    return this.#duty.stop()
  }

  /** Look at a queue at once. */
  wake(queue: string): void {
    this.#lookAtMs.delete(queue)
    this.#emptySinceMs.delete(queue)
    this.#duty.runWithin(0)
  }

  /**
   * Move everything that is due now in the queues that this scheduler leads. Returns how many jobs.
   * @throws RqError of the store.
   */
  runOnce(): Promise<number> {
    this.#lookAtMs.clear()
    this.#emptySinceMs.clear()
    return this.#duty.runOnce()
  }

  /** Queues take turns, one step each, so that many due jobs of one do not make those of the others late. */
  async #moveDue(stopped: AbortSignal): Promise<number> {
    const { clock, leads, queues } = this.#options
    const nowMs = clock.monotonicMs()
    for (const [queue, lookAtMs] of this.#lookAtMs) if (lookAtMs <= nowMs) this.#lookAtMs.delete(queue)
    let moved = 0
    const errors: unknown[] = []
    while (!stopped.aborted) {
      const steps = queues.flatMap((queue) => (leads(queue) && !this.#lookAtMs.has(queue) ? [this.#step(queue)] : []))
      if (steps.length === 0) break
      for (const step of await Promise.allSettled(steps)) {
        if (step.status === 'fulfilled') moved += step.value
        else errors.push(step.reason)
      }
    }
    if (errors.length > 0) throw errors[0]
    return moved
  }

  #waitMs(): number {
    const { clock, leads, pollMs, queues } = this.#options
    const nowMs = clock.monotonicMs()
    // A queue that this scheduler does not lead is looked at when it gains it.
    const looksInMs = queues.filter(leads).map((queue) => (this.#lookAtMs.get(queue) ?? nowMs) - nowMs)
    return Math.min(pollMs, ...looksInMs)
  }

  /** Move up to one step's jobs of a queue, and set when to look at it next. Returns how many jobs. */
  async #step(queue: string): Promise<number> {
    const { clock, leader, logger, onLost, pollMs, store } = this.#options
    const sentMs = clock.monotonicMs()
    // A notice during the step deletes this, which asks for another look.
    this.#lookAtMs.set(queue, Number.POSITIVE_INFINITY)
    const retryLater = (error: unknown) => {
      this.#lookAtMs.set(queue, clock.monotonicMs() + RETRY_MS)
      throw error
    }
    const emptySinceMs = this.#emptySinceMs.get(queue)
    if (emptySinceMs !== undefined && !(await store.hasScheduled(queue).catch(retryLater))) {
      this.#waitForPoll(queue, emptySinceMs)
      return 0
    }
    this.#emptySinceMs.delete(queue)
    const promoted = await store.promoteDue(queue, leader, MOST_PER_STEP).catch(retryLater)
    if (promoted === 'lost') {
      this.#lookAtMs.delete(queue)
      onLost(queue)
      return 0
    }
    const { moved, nowMs, setAside = [] } = promoted
    for (const { jobId, reason } of setAside) {
      logger.error(`${queue}: job ${jobId} cannot be moved into the queue and has failed: ${reason}`)
    }
    if (moved > 0) logger.debug(`${queue}: moved ${moved} due jobs`)
    if (promoted.waitMs === 0) this.#lookAtMs.delete(queue)
    const pollInMs = pollMs - (nowMs % pollMs)
    const waitMs = Math.min(promoted.waitMs ?? pollMs, pollInMs)
    // Counted from the sending, so that the next step arrives just when the job is due.
    if (!this.#lookAtMs.has(queue)) return moved
    this.#lookAtMs.set(queue, sentMs + waitMs)
    if (promoted.waitMs === undefined) this.#emptySinceMs.set(queue, sentMs + pollInMs - pollMs)
    return moved
  }

  /** Look again at the next multiple of the interval, unless a notice came during this look. */
  #waitForPoll(queue: string, emptySinceMs: number): void {
    if (!this.#lookAtMs.has(queue)) return
    const { clock, pollMs } = this.#options
    const polls = Math.floor((clock.monotonicMs() - emptySinceMs) / pollMs) + 1
    this.#lookAtMs.set(queue, emptySinceMs + polls * pollMs)
  }
}
