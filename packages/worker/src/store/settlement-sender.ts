import type { ClaimReply, ClaimRequest, SettleAnswer, Settlement, SettleReply, WorkerStore } from '@rq/job'
import { asRefused, type Refused, type StoreRetry } from './store-retry.ts'

/** A settlement that waits to be sent, and who waits for its answer. */
export interface PendingSettlement {
  /** Asked at each attempt to send. */
  readonly current: () => Settlement
  /** Called with the answer. Its promise, if it makes one, must not reject. */
  readonly onAnswer: (answer: SettleAnswer | Refused) => Promise<void> | undefined
  /** Called after `onAnswer` with what that returned. */
  readonly resolve: (end: Promise<void> | undefined) => void
}

/** What became of a call. */
export interface SettleCallEnd {
  /** Undefined without a claim, and when the claim was not answered. */
  readonly claimed?: ClaimReply
  readonly releasing?: boolean | undefined
  /** These were not answered before the end of the retries. */
  readonly unsent?: readonly PendingSettlement[]
}

/**
 * Sends settlements until the store has answered each of them. If it refuses those of a call, they are sent again
 * without a claim, then in halves, so that only what the store refuses by itself ends as {@link Refused}.
 */
export class SettlementSender {
  readonly #store: WorkerStore
  readonly #workerName: string
  readonly #retry: StoreRetry

  constructor(store: WorkerStore, workerName: string, retry: StoreRetry) {
    this.#store = store
    this.#workerName = workerName
    this.#retry = retry
  }

  /** Resolves when all answers have reached those who wait for them, or with what was not sent. Never rejects. */
  async send(
    pending: readonly PendingSettlement[],
    claim: ClaimRequest | undefined,
    wasRefused = false,
  ): Promise<SettleCallEnd> {
    const answer = await this.#retry.untilAnswered(() => {
      const settlements = pending.map(({ current }) => current())
      return this.#store.settle(this.#workerName, settlements, claim).catch(asRefused)
    })
    if (answer === undefined) return { unsent: pending }
    const { resent, value } = answer
    if ('refusal' in value) return this.#sendApart(pending, claim, value)
    resolveAll(pending, value, resent || wasRefused)
    return { releasing: value.releasing, ...(claim !== undefined && { claimed: value.claimed }) }
  }

  async #sendApart(
    pending: readonly PendingSettlement[],
    claim: ClaimRequest | undefined,
    refused: Refused,
  ): Promise<SettleCallEnd> {
    if (claim !== undefined) return this.send(pending, undefined, true)
    if (pending.length === 1) {
      for (const { onAnswer, resolve } of pending) resolve(onAnswer(refused))
      return {}
    }
    const middle = pending.length >> 1
    const first = await this.send(pending.slice(0, middle), undefined, true)
    const second = await this.send(pending.slice(middle), undefined, true)
    return {
      releasing: first.releasing === true || second.releasing === true,
      unsent: [...(first.unsent ?? []), ...(second.unsent ?? [])],
    }
  }
}

/** @param wasSent - the store may have applied the settlements before, so none of them is lost. */
function resolveAll(pending: readonly PendingSettlement[], { answers }: SettleReply, wasSent: boolean): void {
  pending.forEach(({ onAnswer, resolve }, index) => {
    const answer = answers[index] ?? 'applied'
    resolve(onAnswer(answer === 'lost' && wasSent ? 'applied' : answer))
  })
}
