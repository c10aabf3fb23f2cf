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

  /** Those noted so far. */
  list(): { bases: readonly string[]; queues: readonly string[] } {
    return { bases: [...this.#calls.keys()], queues: [...new Set([...this.#calls.values()].flat())] }
  }

  found(bases: readonly string[]): void {
    for (const base of bases) this.#calls.delete(base)
  }
}
