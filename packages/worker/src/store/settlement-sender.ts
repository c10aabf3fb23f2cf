import type { ClaimReply, ClaimRequest, SettleAnswer, Settlement, SettleReply, WorkerState, WorkerStore } from '@rq/job'
import type { Refused, StoreRetry } from './store-retry.ts'

/** A settlement that waits to be sent. */
export interface PendingSettlement {
  /** Length of the value that it stores. */
  readonly bytes: number
  /** Returns the settlement as it should be sent now. Called at each attempt to send. */
  readonly current: () => Settlement
  /**
   * Called once, with the answer of the store: never `lost` for a settlement that was resent, since the first one may
   * have been applied; `Refused` when this settlement cannot be sent, or the store refuses it. Must not throw.
   */
  readonly onAnswer: (answer: SettleAnswer | Refused) => void
}

/** What became of a call. */
export interface SettleCallEnd {
  /** Empty without a claim. Undefined when the call as a whole was not answered. */
  readonly claimed?: ClaimReply
  readonly releasing?: boolean | undefined
  /** These were not answered before the end of the retries. */
  readonly unsent?: readonly PendingSettlement[]
}

/**
 * Sends settlements until the store has answered each of them. If it refuses those of a call, or they cannot even be
 * packed, they are sent again without a claim, then in halves, so that only what is to blame ends as {@link Refused}.
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

  /**
   * Resolves after all `onAnswer`, or with what was not sent. Never rejects.
   * @param shown - see `WorkerStore.settle`.
   */
  async send(
    pending: readonly PendingSettlement[],
    claim: ClaimRequest | undefined,
    shown?: WorkerState,
    wasRefused = false,
  ): Promise<SettleCallEnd> {
    const answer = await this.#retry.untilAnswered(async () => {
      const settlements = pending.map(({ current }) => current())
      return this.#store.settle(this.#workerName, settlements, claim, shown)
    })
    if (answer === undefined) return { unsent: pending }
    if ('refusal' in answer) return this.#sendApart(pending, claim, answer)
    const { resent, value } = answer
    reportAnswers(pending, value, resent || wasRefused)
    return { releasing: value.releasing, claimed: value.claimed }
  }

  async #sendAgain(pending: readonly PendingSettlement[]): Promise<SettleCallEnd> {
    const { releasing, unsent } = await this.send(pending, undefined, undefined, true)
    return { releasing, ...(unsent !== undefined && { unsent }) }
  }

  async #sendApart(
    pending: readonly PendingSettlement[],
    claim: ClaimRequest | undefined,
    refused: Refused,
  ): Promise<SettleCallEnd> {
    if (claim !== undefined) return this.#sendAgain(pending)
    if (pending.length === 1) {
      for (const { onAnswer } of pending) onAnswer(refused)
      return {}
    }
    const middle = pending.length >> 1
    const first = await this.#sendAgain(pending.slice(0, middle))
    const second = await this.#sendAgain(pending.slice(middle))
    return {
      releasing: first.releasing === true || second.releasing === true,
      unsent: [...(first.unsent ?? []), ...(second.unsent ?? [])],
    }
  }
}

/** @param wasSent - the store may have applied the settlements before, so none of them is lost. */
function reportAnswers(pending: readonly PendingSettlement[], { answers }: SettleReply, wasSent: boolean): void {
  pending.forEach(({ onAnswer }, index) => {
    const answer = answers[index] ?? 'applied'
    onAnswer(answer === 'lost' && wasSent ? 'applied' : answer)
  })
}
