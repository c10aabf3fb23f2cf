import type { Logger } from '@rq/core'

/** Says once that something fails, and once that it works again, however often it is tried in between. */
export class RepeatedTrouble {
  readonly #logger: Logger
  readonly #what: string
  #failing = false

  constructor(logger: Logger, what: string) {
    this.#logger = logger
    this.#what = what
  }

  failed(error: unknown): void {
    if (!this.#failing) this.#logger.warn(`${this.#what} failed; it will be tried again`, { error: String(error) })
    this.#failing = true
  }

  worked(): void {
    if (this.#failing) this.#logger.info(`${this.#what} works again`)
    this.#failing = false
  }
}
