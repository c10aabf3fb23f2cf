import { pause } from './wait.ts'

export interface BackoffOptions {
  /** The wait after the first failure, in milliseconds. */
  readonly firstMs: number
  /** The longest wait, in milliseconds. */
  readonly mostMs: number
  /** Returns a number from 0 to 1. Default `Math.random`. */
  readonly random?: () => number
}

/**
 * The wait after failure number `attempt` (from 0), in milliseconds: doubled each time up to `mostMs`, then drawn from
 * the upper half, so that many clients do not retry in step.
 */
export function backoffMs(attempt: number, { firstMs, mostMs, random = Math.random }: BackoffOptions): number {
  const fullMs = Math.min(mostMs, firstMs * 2 ** Math.min(attempt, 30))
  return fullMs * (0.5 + random() / 2)
}

/** Counts failures in a row, and waits longer after each. */
export class Backoff {
  readonly #options: BackoffOptions
  #tries = 0

  constructor(options: BackoffOptions) {
    this.#options = options
  }

  /** Failures in a row. */
  get tries(): number {
    return this.#tries
  }

  /** Call after a success: the next wait is the first one again. */
  reset(): void {
    this.#tries = 0
  }

  /** Count a failure. Returns the wait after it, in milliseconds. */
  nextMs(): number {
    return backoffMs(this.#tries++, this.#options)
  }

  /** Count a failure, and wait as {@link nextMs} says or until `signal` fires. Never rejects. */
  async wait(signal: AbortSignal): Promise<void> {
    await pause(this.nextMs(), signal)
  }
}
