import { Backoff, type ErrorCode, FailureLog, type Logger, RqError } from '@rq/core'

export interface StoreRetryOptions {
  /** Where it logs that calls fail, and that they work again. */
  readonly failures: FailureLog
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

/** The call failed because of what it carries, and would fail again. */
export interface Refused {
  readonly refusal: Error
}

/** What says that the store, or the way to it, is at fault, whatever is sent. Some of it is for people to put right. */
const OUTAGES: ReadonlySet<ErrorCode> = new Set([
  'RQ_REDIS_UNREACHABLE',
  'RQ_REDIS_AUTH',
  'RQ_REDIS_VERSION',
  'RQ_CONFIG',
  'RQ_CLOSED',
])

/** Whether a call failed because the store is away, or refuses whatever is sent. Any other error is a fault. */
function isOutage(error: unknown): boolean {
  return error instanceof RqError && (error.retryable || OUTAGES.has(error.code))
}

/** Make a value of the error of a call that is not to be repeated. @throws the error of an outage. */
export function asRefused(error: unknown): Refused {
  if (isOutage(error)) throw error
  return { refusal: error instanceof Error ? error : new Error(String(error)) }
}

const FIRST_WAIT_MS = 50
const LONGEST_WAIT_MS = 5000

/** Where it is logged that calls fail and work again: waits apart, since they may use connections of their own. */
export interface StoreFailures {
  readonly calls: FailureLog
  readonly waits: FailureLog
}

export function storeFailures(logger: Logger): StoreFailures {
  const one = () => new FailureLog(logger, 'Calling the store')
  return { calls: one(), waits: one() }
}

/**
 * Repeats calls until the store answers, with growing waits. Logs once per outage. The store reconnects by itself. A
 * call that fails for any other reason, be it a mistake in this program, is not repeated: it would fail again.
 */
export class StoreRetry {
  readonly #signal: AbortSignal
  readonly #backoff: Backoff
  readonly #failures: FailureLog

  constructor({ failures, random, signal }: StoreRetryOptions) {
    this.#signal = signal
    this.#failures = failures
    this.#backoff = new Backoff({ firstMs: FIRST_WAIT_MS, mostMs: LONGEST_WAIT_MS, ...(random && { random }) })
  }

  /** Undefined when it gave up: the signal fired, or the call is not wanted any more. Never rejects. */
  async untilAnswered<T>(
    call: () => Promise<T>,
    isWanted: () => boolean = () => true,
  ): Promise<Answered<T> | Refused | undefined> {
    const signal = this.#signal
    for (let resent = false; !signal.aborted && isWanted(); resent = true) {
      try {
        const value = await call()
        this.#answered()
        return { value, resent }
      } catch (error) {
        if (!isOutage(error)) {
          this.#answered()
          return asRefused(error)
        }
        if (!signal.aborted) this.#failures.failed(error)
        await this.#backoff.wait(signal)
      }
    }
    return undefined
  }

  #answered(): void {
    this.#failures.succeeded()
    this.#backoff.reset()
  }
}
