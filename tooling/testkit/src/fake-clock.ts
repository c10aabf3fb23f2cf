import type { Clock } from '@rq/core'

/** A clock that moves only when the test moves it. Starts at 2030-01-01T00:00:00Z; the monotonic time starts at 0. */
export class FakeClock implements Clock {
  #nowMs: number
  #monotonicMs = 0

  constructor(start: Date | number = Date.UTC(2030, 0, 1)) {
    this.#nowMs = Number(start)
  }

  nowMs(): number {
    return this.#nowMs
  }

  monotonicMs(): number {
    return this.#monotonicMs
  }

  /** Move the wall clock and the monotonic time by `ms`. */
  advance(ms: number): void {
    this.#nowMs += ms
    this.#monotonicMs += ms
  }

  /** Set the wall clock, as an administrator or NTP does. The monotonic time does not change. */
  jumpTo(time: Date | number): void {
    this.#nowMs = Number(time)
  }
}
