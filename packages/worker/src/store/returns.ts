import type { Logger } from '@rq/core'
import type { GiveBackAnswer, Lease, WorkerStore } from '@rq/job'
import { type PendingReturn, ReturnSender } from './return-sender.ts'
import type { StoreRetry } from './store-retry.ts'

/** The jobs that go back to their queues. Those that are added in the same turn keep their order. */
export class Returns {
  readonly #sender: ReturnSender
  #pending: PendingReturn[] = []
  #isSending = false

  constructor(store: WorkerStore, retry: StoreRetry, logger: Logger) {
    this.#sender = new ReturnSender(store, retry, logger)
  }

  /** How many wait to be sent. */
  get length(): number {
    return this.#pending.length
  }

  get isSending(): boolean {
    return this.#isSending
  }

  /** Resolves with the answer of the store, if there is one. */
  add(lease: Lease): Promise<GiveBackAnswer> {
    return new Promise((resolve) => {
      this.#pending.push({ lease, resolve })
    })
  }

  /** Send those that wait. Never rejects. */
  async send(): Promise<void> {
    const pending = this.#pending
    this.#pending = []
    this.#isSending = true
    const unsent = await this.#sender.send(pending)
    if (unsent.length > 0) this.#pending = [...unsent, ...this.#pending]
    this.#isSending = false
  }
}
