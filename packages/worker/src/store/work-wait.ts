import { type Clock, pause, SECOND_MS } from '@rq/core'
import type { WorkerStore } from '@rq/job'
import type { Persistence } from './store-retry.ts'

export interface WorkWaitOptions {
  readonly store: WorkerStore
  readonly queues: readonly string[]
  readonly clock: Clock
  readonly persistence: Persistence
  readonly signal: AbortSignal
}

const LONGEST_MS = 10 * SECOND_MS
/** A wait that ends this soon, time after time, with nothing to claim is no wait. */
const SHORT_MS = 20
const SHORT_WAITS_ALLOWED = 3

/** Waits until the queues may have work, beside everything else. */
export class WorkWait {
  readonly #options: WorkWaitOptions
  #waiting = false
  #shortWaits = 0

  constructor(options: WorkWaitOptions) {
    this.#options = options
  }

  /** A wait has led to work. */
  paidOff(): void {
    this.#shortWaits = 0
  }

  /** Call `onWork` once there may be work; nothing when a wait is going on already. */
  start(onWork: () => void): void {
    if (this.#waiting) return
    this.#waiting = true
    void this.#wait().then(() => {
      this.#waiting = false
      onWork()
    })
  }

  async #wait(): Promise<void> {
    const { clock, persistence, queues, signal, store } = this.#options
    const sinceMs = clock.monotonicMs()
    await persistence.insist(() => unlessAborted(store.waitForWork(queues, LONGEST_MS, signal), signal))
    this.#shortWaits = clock.monotonicMs() - sinceMs < SHORT_MS ? this.#shortWaits + 1 : 0
    if (this.#shortWaits > SHORT_WAITS_ALLOWED) await pause(Math.min(SECOND_MS, 2 ** this.#shortWaits), signal)
  }
}

/** The promise, or nothing as soon as `signal` fires: a store that is away may never answer. */
function unlessAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = () => resolve()
    signal.addEventListener('abort', leave, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave))
  })
}
