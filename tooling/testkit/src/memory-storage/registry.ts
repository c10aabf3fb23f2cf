/** Job ids by score, in epoch milliseconds; ids with the same score in the order in which they were added. */
export class Registry {
  readonly #scores = new Map<string, number>()

  get size(): number {
    return this.#scores.size
  }

  set(id: string, scoreMs: number): void {
    this.#scores.delete(id)
    this.#scores.set(id, scoreMs)
  }

  scoreMs(id: string): number | undefined {
    return this.#scores.get(id)
  }

  /** Returns whether it was there. */
  delete(id: string): boolean {
    return this.#scores.delete(id)
  }

  /** Lowest score first. */
  ids(): string[] {
    return [...this.#scores].sort(([, a], [, b]) => a - b || 0).map(([id]) => id)
  }

  /** The one that was added first comes first. */
  inOrderOfEntry(): string[] {
    return [...this.#scores.keys()]
  }

  /** The lowest score; undefined when it is empty. */
  lowestMs(): number | undefined {
    let lowest: number | undefined
    for (const score of this.#scores.values()) if (lowest === undefined || score < lowest) lowest = score
    return lowest
  }

  /** Drop the ids whose score is `lastMs` or less. Returns how many. */
  dropUpTo(lastMs: number): number {
    return this.keep((_, score) => score > lastMs)
  }

  /** Drop all ids but those that `isWanted` accepts. Returns how many were dropped. */
  keep(isWanted: (id: string, scoreMs: number) => boolean): number {
    const before = this.size
    for (const [id, score] of this.#scores) if (!isWanted(id, score)) this.#scores.delete(id)
    return before - this.size
  }
}
