/**
 * Tells a blocked event loop from one that goes round, by a counter that the loop moves as it goes. A loop that is dead
 * needs no telling: whoever looks has died with it.
 */
export class LoopWatch {
  #turns: number
  #turnedMs: number

  constructor(turns: number, nowMs: number) {
    this.#turns = turns
    this.#turnedMs = nowMs
  }

  /** For how long no turn has been seen, in milliseconds: at most the time between two looks too little. */
  look(turns: number, nowMs: number): number {
    if (turns !== this.#turns) {
      this.#turns = turns
      this.#turnedMs = nowMs
    }
    return nowMs - this.#turnedMs
  }
}
