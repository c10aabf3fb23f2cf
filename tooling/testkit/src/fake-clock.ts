import type { Clock } from '@rq/core'

/** A clock that moves only when the test says so. Starts at 2030-01-01T00:00:00Z; the monotonic side starts at 0. */
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

  /** Let `ms` pass, on both sides. */
  advance(ms: number): void {
    this.#nowMs += ms
    this.#monotonicMs += ms
  }

  /** Set the wall clock, as an administrator or NTP would. The monotonic side does not move. */
  jumpTo(time: Date | number): void {
    this.#nowMs = Number(time)
  }
}
