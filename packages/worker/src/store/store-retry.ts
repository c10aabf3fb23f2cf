import { Backoff, FailureLog, type Logger, RqError } from '@rq/core'

export interface StoreRetryOptions {
  readonly logger: Logger
  /** Ends all retries. */
  readonly signal: AbortSignal
  /** 0 to 1. Default `Math.random`. */
  readonly random?: (() => number) | undefined
}

export interface Answered<T> {
  readonly value: T
  /** The call had failed before, so the store may have received it although its reply was lost. */
  readonly resent: boolean
}

/** The store refused a call because of what it carries, and would refuse it again. */
export interface Refused {
  readonly refusal: Error
}

/**
 * Make a value of the error of a call that the store refused.
 * @throws any other error, which a later attempt may not meet: the store is away, or refuses whatever is sent.
 */
export function asRefused(error: unknown): Refused {
  const isRefusal = error instanceof RqError && error.code === 'RQ_REDIS' && !error.retryable
  // What is too long for a string of JavaScript cannot be packed.
  if (isRefusal || error instanceof RangeError) return { refusal: error }
  throw error
}

const FIRST_WAIT_MS = 50
const LONGEST_WAIT_MS = 5000

/** Repeats calls until the store answers, with growing waits. Logs once per outage. The store reconnects by itself. */
export class StoreRetry {
  readonly #signal: AbortSignal
  readonly #backoff: Backoff
  readonly #failures: FailureLog

  constructor({ logger, random, signal }: StoreRetryOptions) {
    this.#signal = signal
    this.#failures = new FailureLog(logger, 'Calling the store')
    this.#backoff = new Backoff({ firstMs: FIRST_WAIT_MS, mostMs: LONGEST_WAIT_MS, ...(random && { random }) })
  }

  /** Undefined when it gave up: the signal fired, or the call is not wanted any more. Never rejects. */
  async untilAnswered<T>(
    call: () => Promise<T>,
    isWanted: () => boolean = () => true,
  ): Promise<Answered<T> | undefined> {
    const signal = this.#signal
    for (let resent = false; !signal.aborted && isWanted(); resent = true) {
      try {
        const value = await call()
        this.#failures.succeeded()
        this.#backoff.reset()
        return { value, resent }
      } catch (error) {
        if (!signal.aborted) this.#failures.failed(error)
        await this.#backoff.wait(signal)
      }
    }
    return undefined
  }
}
