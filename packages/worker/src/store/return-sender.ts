import type { Logger } from '@rq/core'
import type { GiveBackAnswer, Lease, WorkerStore } from '@rq/job'
import type { StoreRetry } from './store-retry.ts'

/** A job that waits to be returned to its queue. */
export interface PendingReturn {
  readonly lease: Lease
  readonly resolve: (answer: GiveBackAnswer) => void
}

/** Returns jobs in one call; one by one if the store refuses that. What it refuses by itself stays leased. */
export class ReturnSender {
  readonly #store: WorkerStore
  readonly #retry: StoreRetry
  readonly #logger: Logger

  constructor(store: WorkerStore, retry: StoreRetry, logger: Logger) {
    this.#store = store
    this.#retry = retry
    this.#logger = logger
  }

  /** Resolves after all `resolve`, with what was not sent before the end of the retries. Never rejects. */
  async send(pending: readonly PendingReturn[]): Promise<readonly PendingReturn[]> {
    const leases = pending.map(({ lease }) => lease)
    const reply = await this.#retry.untilAnswered(() => this.#store.giveBack(leases))
    if (reply === undefined) return pending
    if ('value' in reply) {
      for (const [n, { resolve }] of pending.entries()) resolve(reply.value[n] ?? 'lost')
      return []
    }
    if (pending.length > 1) {
      const unsent: PendingReturn[] = []
      for (const one of pending) unsent.push(...(await this.send([one])))
      return unsent
    }
    const { jobId, queue } = leases[0] ?? {}
    this.#logger.error(`The store refused to take job ${jobId} back; it is taken over when its lease ends`, {
      jobId,
      queue,
      error: reply.refusal.message,
    })
    pending[0]?.resolve('lost')
    return []
  }
}
