/**
 * Keeps calls in the order in which they were made, although some have to wait for something first: each waits
 * also for those before it.
 */
export class Turns {
  #last: Promise<unknown> | undefined

  /** Whether nobody is waiting, so that a call that needs nothing may go ahead at once. */
  get isFree(): boolean {
    return this.#last === undefined
  }

  /** The outcome of `work`, when those before it have theirs, whatever it was. */
  async take<T>(work: Promise<T>): Promise<T> {
    const turn = Promise.allSettled([this.#last, work])
    this.#last = turn
    await turn
    if (this.#last === turn) this.#last = undefined
    return work
  }
}
