import { type Clock, type Duty, type Logger, PeriodicDuty, SECOND_MS } from '@rq/core'

/** What a look at a queue has come to. */
export interface Look {
  /** How many jobs it moved or enqueued. */
  readonly count: number
  /** When to look again, on the monotonic clock. Undefined: at once. */
  readonly againAtMs: number | undefined
}

export interface QueueDutyOptions<L extends Look> {
  /** The subject of log lines, such as `Moving due jobs`. */
  readonly name: string
  readonly queues: readonly string[]
  /** Whether this scheduler leads a queue now. It looks at no other: {@link QueueDuty.wake} says when it gains one. */
  readonly leads: (queue: string) => boolean
  /** The longest wait. */
  readonly pollMs: number
  /**
   * Do a part of what is due in a queue. `last` is the look before this one, unless that one failed or
   * {@link QueueDuty.wake} was called since. After a failure it is tried again in {@link RETRY_MS}.
   */
  readonly look: (queue: string, stopped: AbortSignal, last: L | undefined) => Promise<L>
  readonly clock: Clock
  readonly logger: Logger
}

/** How long what has failed rests. */
export const RETRY_MS = SECOND_MS

/** A time to look at a queue, on the monotonic clock, and the look that gave it. */
interface NextLook<L> {
  readonly atMs: number
  readonly last?: L
}

/**
 * A {@link Duty} that does what is due in the queues that a scheduler leads. Sleeps until the next look at one of them,
 * or until {@link wake}. Queues take turns, one look each, so that one with much to do does not make the others late.
 */
export class QueueDuty<L extends Look = Look> implements Duty {
  readonly #options: QueueDutyOptions<L>
  readonly #duty: PeriodicDuty<number>
  /** Without an entry: now. */
  readonly #next = new Map<string, NextLook<L>>()

  constructor(options: QueueDutyOptions<L>) {
    this.#options = options
    const { logger, name } = options
    this.#duty = new PeriodicDuty({
      ...{ name, logger, atStart: true },
      everyMs: () => this.#waitMs(),
      run: (stopped) => this.#takeTurns(stopped),
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
    this.#next.delete(queue)
    this.#duty.runWithin(0)
  }

  /** Do everything that is due now. Returns how many jobs. @throws what a look rejects with. */
  runOnce(): Promise<number> {
    this.#next.clear()
    return this.#duty.runOnce()
  }

  /** Ends when no queue is to be looked at again at once. Those whose time comes until then take part. */
  async #takeTurns(stopped: AbortSignal): Promise<number> {
    const { leads, queues } = this.#options
    let count = 0
    const errors: unknown[] = []
    do {
      const looks = queues.flatMap((queue) => (this.#isDue(queue) ? [this.#look(queue, stopped)] : []))
      for (const look of await Promise.allSettled(looks)) {
        if (look.status === 'fulfilled') count += look.value
        else errors.push(look.reason)
      }
    } while (!stopped.aborted && queues.some((queue) => leads(queue) && !this.#next.has(queue)))
    if (errors.length > 0) throw errors[0]
    return count
  }

  async #look(queue: string, stopped: AbortSignal): Promise<number> {
    const { clock, look } = this.#options
    const last = this.#next.get(queue)?.last
    // A notice during the look deletes this, which asks for another one.
    this.#next.set(queue, { atMs: Number.POSITIVE_INFINITY })
    try {
      const done = await look(queue, stopped, last)
      if (done.againAtMs === undefined) this.#next.delete(queue)
      else if (this.#next.has(queue)) this.#next.set(queue, { atMs: done.againAtMs, last: done })
      return done.count
    } catch (error) {
      this.#next.set(queue, { atMs: clock.monotonicMs() + RETRY_MS })
      throw error
    }
  }

  #isDue(queue: string): boolean {
    const { clock, leads } = this.#options
    return leads(queue) && this.#lookAtMs(queue) <= clock.monotonicMs()
  }

  #lookAtMs(queue: string): number {
    return this.#next.get(queue)?.atMs ?? Number.NEGATIVE_INFINITY
  }

  #waitMs(): number {
    const { clock, leads, pollMs, queues } = this.#options
    const nextMs = Math.min(...queues.filter(leads).map((queue) => this.#lookAtMs(queue)))
    return Math.min(pollMs, Math.max(0, nextMs - clock.monotonicMs()))
  }
}
