/** The most that one look adds. A look that comes late shows that the worker stood still, not that the horse did. */
const MOST_PER_LOOK_MS = 500

/** How long a horse has said nothing although it has a task to begin. It has no timer: its owner looks. */
export class Silence {
  #lastedMs = 0
  #lookedMs: number | undefined

  /** The horse has spoken, or has nothing to begin. */
  end(): void {
    this.#lookedMs = undefined
  }

  /** Note that the horse is silent. Returns how long it has been by now, in milliseconds. */
  look(nowMs: number): number {
    const sinceMs = nowMs - (this.#lookedMs ?? nowMs)
    this.#lastedMs = this.#lookedMs === undefined ? 0 : this.#lastedMs + Math.min(sinceMs, MOST_PER_LOOK_MS)
    this.#lookedMs = nowMs
    return this.#lastedMs
  }
}
