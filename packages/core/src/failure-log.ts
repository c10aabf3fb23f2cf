import type { Logger } from './logger.ts'

/** Logs the first failure of work that is repeated, and the first success after it. */
export class FailureLog {
  readonly #logger: Logger
  readonly #what: string
  #isFailing = false

  /** @param what - the subject of the log lines, such as `The heartbeat`. */
  constructor(logger: Logger, what: string) {
    this.#logger = logger
    this.#what = what
  }

  failed(error: unknown): void {
    if (!this.#isFailing) this.#logger.warn(`${this.#what} failed; it will be retried`, { error: String(error) })
    this.#isFailing = true
  }

  succeeded(): void {
    if (this.#isFailing) this.#logger.info(`${this.#what} works again`)
    this.#isFailing = false
  }
}
