import { type Clock, FailureLog, type Logger, pause, SECOND_MS } from '@rq/core'
import type { WorkerStore } from '@rq/job'
import type { StoreRetry } from './store-retry.ts'

export interface WorkWaitOptions {
  readonly store: WorkerStore
  readonly queues: readonly string[]
  readonly clock: Clock
  readonly retry: StoreRetry
  readonly signal: AbortSignal
  /** Whether to wait; asked just before the wait. */
  readonly isWanted: () => boolean
  /** Called once after each wait: there may be work. */
  readonly onWork: () => void
  readonly logger: Logger
}

const LONGEST_MS = 10 * SECOND_MS
/** How long to wait without the store after it refused to report work. */
const REFUSED_PAUSE_MS = SECOND_MS
/** After several wake-ups this fast with nothing to claim, back off. */
const SHORT_MS = 20
const MOST_SHORT_WAITS = 3

/** Waits for the store to report possible work, concurrently with all other calls. */
export class WorkWait {
  readonly #options: WorkWaitOptions
  readonly #failures: FailureLog
  #soon: NodeJS.Immediate | undefined
  #waiting = false
  #shortWaits = 0

  constructor(options: WorkWaitOptions) {
    this.#options = options
    this.#failures = new FailureLog(options.logger, 'Waiting for jobs')
  }

  /** Work was claimed, so the waits are useful. */
  foundWork(): void {
    this.#shortWaits = 0
  }

  /**
   * Wait for work after two turns of the event loop. So the result of a short job is sent first, and that call may
   * claim more work; and so those who wait for the job in this process learn of its end first.
   */
  startSoon(): void {
    this.#soon ??= setImmediate(() => {
      this.#soon = setImmediate(() => {
        this.#soon = undefined
        if (this.#options.isWanted()) this.#start()
      })
    })
  }

  /** Does nothing while a wait is under way. */
  #start(): void {
    if (this.#waiting) return
    this.#waiting = true
    void this.#wait().then(() => {
      this.#waiting = false
      this.#options.onWork()
    })
  }

  async #wait(): Promise<void> {
    const { clock, retry, queues, signal, store } = this.#options
    const sinceMs = clock.monotonicMs()
    const wait = async () => unlessAborted(store.waitForWork(queues, LONGEST_MS, signal), signal)
    const reply = await retry.untilAnswered(wait)
    if (reply !== undefined && 'refusal' in reply) {
      this.#failures.failed(reply.refusal)
      return pause(REFUSED_PAUSE_MS, signal)
    }
    this.#failures.succeeded()
    this.#shortWaits = clock.monotonicMs() - sinceMs < SHORT_MS ? this.#shortWaits + 1 : 0
    if (this.#shortWaits > MOST_SHORT_WAITS) await pause(Math.min(SECOND_MS, 2 ** this.#shortWaits), signal)
  }
}

/** Resolves with the promise, or as soon as `signal` fires: an unreachable store may never answer. */
function unlessAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const giveUp = () => resolve()
    signal.addEventListener('abort', giveUp, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp))
  })
}
