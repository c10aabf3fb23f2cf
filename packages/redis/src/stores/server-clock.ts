import { SECOND_MS } from '@rq/core'

/** An answer that took longer says too little about when it was given. */
const PROMPT_MS = SECOND_MS

/** What time it is by Redis's clock, as far as its prompt answers tell. */
export class ServerClock {
  #aheadMs: number | undefined

  /** Epoch milliseconds; 0 before the first prompt answer. */
  nowMs(): number {
    return this.#aheadMs === undefined ? 0 : Math.round(performance.now() + this.#aheadMs)
  }

  /** Redis said that it was `serverMs`, in answer to what was sent at `sentAtMs` by `performance.now()`. */
  note(serverMs: number, sentAtMs: number): void {
    const nowMs = performance.now()
    if (nowMs - sentAtMs < PROMPT_MS) this.#aheadMs = serverMs - nowMs
  }
}
