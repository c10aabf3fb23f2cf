/** How many more jobs a worker may claim in all, over all of its lanes. */
export class JobBudget {
  readonly #onFreed: () => void
  #left: number
  /** How many jobs the calls under way ask for. */
  #asked = 0

  /**
   * @param most - undefined: no limit.
   * @param onFreed - called when a call has left jobs to others that it had asked for.
   */
  constructor(most: number | undefined, onFreed: () => void = () => {}) {
    this.#left = most ?? Number.POSITIVE_INFINITY
    this.#onFreed = onFreed
  }

  get isSpent(): boolean {
    return this.#left <= 0
  }

  /** How many jobs a call may ask for now. */
  get free(): number {
    return this.#left - this.#asked
  }

  /** A call asks for jobs. */
  ask(jobs: number): void {
    this.#asked += jobs
  }

  /** Such a call has ended; what it brought is noted by {@link claimed}. */
  askEnded(jobs: number): void {
    this.#asked -= jobs
    if (this.#left < Number.POSITIVE_INFINITY) this.#onFreed()
  }

  claimed(jobs: number): void {
    this.#left -= jobs
  }

  /** A claimed job goes back to its queue, so it does not count. */
  givenBack(): void {
    this.#left += 1
    if (this.#left < Number.POSITIVE_INFINITY) this.#onFreed()
  }
}
