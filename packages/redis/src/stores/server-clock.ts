import { SECOND_MS } from '@rq/core'

/** A reply that took longer says too little about when the server read its clock. */
const PROMPT_MS = SECOND_MS

/** Estimates the time of Redis's clock, from the times in its prompt replies. */
export class ServerClock {
  #aheadMs: number | undefined

  /** Epoch milliseconds; 0 before the first prompt reply. */
  nowMs(): number {
    return this.#aheadMs === undefined ? 0 : Math.round(performance.now() + this.#aheadMs)
  }

  /** Use a reply that holds the server's time, to a call that was sent at `sentAtMs` by `performance.now()`. */
  update(serverMs: number, sentAtMs: number): void {
    const nowMs = performance.now()
    if (nowMs - sentAtMs < PROMPT_MS) this.#aheadMs = serverMs - nowMs
  }
}
