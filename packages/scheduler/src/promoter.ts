import type { Clock, Duty, Logger } from '@rq/core'
import type { Promoted, SchedulerStore } from '@rq/job'
import { type Look, QueueDuty } from './queue-duty.ts'

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

interface PromoterLook extends Look {
  /** Set when nothing was scheduled: the multiple of the interval at or before this look, on the monotonic clock. */
  readonly emptySinceMs?: number
}

/** Jobs moved in one step: a few milliseconds, for which other clients of Redis wait. Longer steps cost no less. */
const MOST_PER_STEP = 250

/**
 * Moves jobs into their queues when they are due. Sleeps until the next one is due by the store's clock, or until
 * {@link wake}. Each step is one atomic call of the store, so two promoters, or one that was frozen, do no harm.
 */
export class Promoter implements Duty {
  readonly #options: PromoterOptions
  readonly #duty: QueueDuty<PromoterLook>

  constructor(options: PromoterOptions) {
    this.#options = options
    const { clock, leads, logger, pollMs, queues } = options
    this.#duty = new QueueDuty({
      ...{ name: 'Moving due jobs', queues, leads, pollMs, clock, logger },
      look: (queue, _stopped, last) => this.#look(queue, last),
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
    this.#duty.wake(queue)
  }

  /**
   * Move everything that is due now in the queues that this scheduler leads. Returns how many jobs.
   * @throws RqError of the store.
   */
  runOnce(): Promise<number> {
    return this.#duty.runOnce()
  }

  /** Move up to one step's jobs of a queue. */
  async #look(queue: string, last: PromoterLook | undefined): Promise<PromoterLook> {
    const { clock, leader, onLost, store } = this.#options
    const sentMs = clock.monotonicMs()
    const emptySinceMs = last?.emptySinceMs
    if (emptySinceMs !== undefined && !(await store.hasScheduled(queue))) return this.#nextPoll(emptySinceMs)
    const promoted = await store.promoteDue(queue, leader, MOST_PER_STEP)
    if (promoted === 'lost') {
      onLost(queue)
      return { count: 0, againAtMs: undefined }
    }
    this.#log(queue, promoted)
    return this.#nextLook(promoted, sentMs)
  }

  #log(queue: string, { moved, setAside = [] }: Promoted): void {
    const { logger } = this.#options
    for (const { jobId, reason } of setAside) {
      logger.error(`${queue}: job ${jobId} cannot be moved into the queue and has failed: ${reason}`)
    }
    if (moved > 0) logger.debug(`${queue}: moved ${moved} due jobs`)
  }

  /** Counted from the sending, so that the next step arrives just when the job is due. */
  #nextLook({ moved: count, nowMs, waitMs }: Promoted, sentMs: number): PromoterLook {
    if (waitMs === 0) return { count, againAtMs: undefined }
    const { pollMs } = this.#options
    const pollAtMs = sentMs + pollMs - (nowMs % pollMs)
    if (waitMs === undefined) return { count, againAtMs: pollAtMs, emptySinceMs: pollAtMs - pollMs }
    return { count, againAtMs: Math.min(sentMs + waitMs, pollAtMs) }
  }

  /** Nothing is scheduled still: look again at the next multiple of the interval. */
  #nextPoll(emptySinceMs: number): PromoterLook {
    const { clock, pollMs } = this.#options
    const polls = Math.floor((clock.monotonicMs() - emptySinceMs) / pollMs) + 1
    return { count: 0, againAtMs: emptySinceMs + polls * pollMs, emptySinceMs }
  }
}
