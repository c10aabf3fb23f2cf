/**
 * Keeps the results of calls in the order in which the calls were made, although some calls take longer than others:
 * each waits for those before it. The work itself runs at the same time.
 */
export class CallOrder {
  #last: Promise<unknown> | undefined

  /** Whether no call is waiting, so that one that needs nothing may go ahead at once. */
  get isEmpty(): boolean {
    return this.#last === undefined
  }

  /** The result of `work`, once all calls before it have ended, in whatever way. */
  async wait<T>(work: Promise<T>): Promise<T> {
    const ended = Promise.allSettled([this.#last, work])
    this.#last = ended
    await ended
    if (this.#last === ended) this.#last = undefined
    return work
  }
}
