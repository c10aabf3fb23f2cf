import type { Logger } from '@rq/core'
import type { WorkerStore } from '@rq/job'
import type { StoreRetry } from './store-retry.ts'

export interface DependentsReleaseOptions {
  readonly store: WorkerStore
  readonly retry: StoreRetry
  readonly logger: Logger
  /** Ends the work early. */
  readonly signal: AbortSignal
  /** Called after each step, which may have queued jobs. */
  readonly onReleased: () => void
}

/** Releases the dependents that a settling call has left, beside the other calls. */
export class DependentsRelease {
  readonly #options: DependentsReleaseOptions
  #isRunning = false

  constructor(options: DependentsReleaseOptions) {
    this.#options = options
  }

  get isRunning(): boolean {
    return this.#isRunning
  }

  /** Returns at once; a run that is under way releases these dependents, too. */
  start(): void {
    if (!this.#isRunning) void this.#run()
  }

  async #run(): Promise<void> {
    const { logger, onReleased, retry, signal, store } = this.#options
    this.#isRunning = true
    for (let hasMore = true; hasMore && !signal.aborted; ) {
      const reply = await retry.untilAnswered(() => store.releaseDependents())
      hasMore = reply !== undefined && 'value' in reply && reply.value
      if (reply !== undefined && 'refusal' in reply) {
        logger.error('The store refused to release dependents; the next maintenance tries again', {
          error: reply.refusal.message,
        })
      }
      onReleased()
    }
    this.#isRunning = false
  }
}
