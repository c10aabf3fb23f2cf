/** Detects a blocked event loop by a counter that the loop increments. */
export class LoopWatch {
  #turns: number
  #turnedMs: number

  constructor(turns: number, nowMs: number) {
    this.#turns = turns
    this.#turnedMs = nowMs
  }

  /** How long the loop has not turned, in milliseconds. Too low by at most the time between two calls. */
  blockedMs(turns: number, nowMs: number): number {
    if (turns !== this.#turns) {
      this.#turns = turns
      this.#turnedMs = nowMs
    }
    return nowMs - this.#turnedMs
  }
}
