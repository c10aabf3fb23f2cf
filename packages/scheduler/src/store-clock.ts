import type { Clock } from '@rq/core'

/**
 * The store's time, carried on from its last answer by a clock that never jumps; so schedulers agree on the time, whatever the
 * clocks of their machines say. Before the first answer it is the machine's.
 */
export class StoreClock {
  readonly #clock: Clock
  #offsetMs: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#offsetMs = clock.nowMs() - clock.monotonicMs()
  }

  /** What the store's time will be when something that is sent now arrives there. Epoch milliseconds. */
  nowMs(): number {
    return this.#clock.monotonicMs() + this.#offsetMs
  }

  /** Make a call to the store whose answer holds its time. */
  async asking<T extends { readonly nowMs: number }>(call: () => Promise<T>): Promise<T> {
    const sentMs = this.#clock.monotonicMs()
    const answer = await call()
    this.#offsetMs = answer.nowMs - sentMs
    return answer
  }
}
