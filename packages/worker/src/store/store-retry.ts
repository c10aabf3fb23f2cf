import { Backoff, type Logger } from '@rq/core'

export interface PersistenceOptions {
  readonly logger: Logger
  /** Ends all trying. */
  readonly signal: AbortSignal
  /** 0 to 1. Default `Math.random`. */
  readonly random?: (() => number) | undefined
}

export interface Insisted<T> {
  readonly value: T
  /** It had failed before, so an earlier call may have reached the store although its reply did not come back. */
  readonly resent: boolean
}

const FIRST_WAIT_MS = 50
const LONGEST_WAIT_MS = 5000

/** Calls a store until it answers, waiting a little longer each time. Says so once per outage: reconnecting is the store's. */
export class Persistence {
  readonly #options: PersistenceOptions
  readonly #backoff: Backoff
  /** The last call has failed. */
  #isAway = false

  constructor(options: PersistenceOptions) {
    this.#options = options
    const { random } = options
    this.#backoff = new Backoff({ firstMs: FIRST_WAIT_MS, mostMs: LONGEST_WAIT_MS, ...(random && { random }) })
  }

  /** Undefined when it was given up: the signal has fired, or it is not wanted any more. Never rejects. */
  async insist<T>(call: () => Promise<T>, isWanted: () => boolean = () => true): Promise<Insisted<T> | undefined> {
    const { logger, signal } = this.#options
    for (let resent = false; !signal.aborted && isWanted(); resent = true) {
      try {
        const value = await call()
        if (this.#isAway) logger.info('The store answers again')
        this.#isAway = false
        this.#backoff.reset()
        return { value, resent }
      } catch (error) {
        const text = error instanceof Error ? error.message : String(error)
        if (!this.#isAway && !signal.aborted) {
          logger.warn('The store does not answer; trying again until it does', { error: text })
        }
        this.#isAway = true
        await this.#backoff.wait(signal)
      }
    }
    return undefined
  }
}
