/** Calls that lease jobs and whose replies may have been lost, so that what they leased can be found again. */
export class LostReplies {
  /** What the execution ids of each call begin with, and the queues it went to. */
  readonly #calls = new Map<string, readonly string[]>()

  get isEmpty(): boolean {
    return this.#calls.size === 0
  }

  note(base: string, queues: readonly string[]): void {
    this.#calls.set(base, queues)
  }

  /** Those noted so far, which are then whoever's that asked. */
  take(): readonly (readonly [base: string, queues: readonly string[]])[] {
    const calls = [...this.#calls]
    this.#calls.clear()
    return calls
  }
}
