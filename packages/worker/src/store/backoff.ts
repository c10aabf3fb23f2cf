import { setTimeout as delay } from 'node:timers/promises'

export interface BackoffOptions {
  readonly firstMs: number
  readonly mostMs: number
  /** 0 to 1. Default `Math.random`. */
  readonly random?: () => number
}

/** Growing waits between tries: doubled each time up to a cap, and each one drawn from its upper half. */
export class Backoff {
  readonly #options: BackoffOptions
  #tries = 0

  constructor(options: BackoffOptions) {
    this.#options = options
  }

  /** Tries in a row that failed. */
  get tries(): number {
    return this.#tries
  }

  reset(): void {
    this.#tries = 0
  }

  /** The next wait, in milliseconds. */
  nextMs(): number {
    const { firstMs, mostMs, random = Math.random } = this.#options
    const fullMs = Math.min(mostMs, firstMs * 2 ** Math.min(this.#tries, 30))
    this.#tries++
    return fullMs * (0.5 + random() / 2)
  }

  /** Wait that long, or until `signal` fires; never rejects. */
  async wait(signal: AbortSignal): Promise<void> {
    await pause(this.nextMs(), signal)
  }
}

/** Resolves after `ms`, or when `signal` fires. Never rejects. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal })
  } catch {
    // Woken early.
  }
}
