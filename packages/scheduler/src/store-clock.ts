import type { Clock } from '@rq/core'

/**
 * The store's time, computed from its last answer and a clock that never jumps. So schedulers agree on the time,
 * whatever their machines' clocks show. Before the first answer it is the machine's time.
 */
export class StoreClock {
  readonly #clock: Clock
  #offsetMs: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#offsetMs = clock.nowMs() - clock.monotonicMs()
  }

  /** The store's time at which a call that is sent now arrives there. Epoch milliseconds. */
  nowMs(): number {
    return this.#clock.monotonicMs() + this.#offsetMs
  }

  /** Make a call to the store whose answer has its time, and set this clock by it. */
  async asking<T extends { readonly nowMs: number }>(call: () => Promise<T>): Promise<T> {
    const sentMs = this.#clock.monotonicMs()
    const answer = await call()
    this.#offsetMs = answer.nowMs - sentMs
    return answer
  }
}
