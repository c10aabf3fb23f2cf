import type { Clock, Logger } from '@rq/core'
import { type CanClaim, ClaimCheck } from './claim-check.ts'
import type { HeldQueues } from './held-queues.ts'
import type { PausedQueues } from './paused-queues.ts'

export interface QueueHoldsOptions {
  /** The queues of a lane. */
  readonly queues: readonly string[]
  /** Of the whole worker. */
  readonly paused: PausedQueues
  /** Undefined: every queue may be claimed from at any time. */
  readonly canClaim: CanClaim | undefined
  /** Of the whole worker: where the answers of `canClaim` are noted. */
  readonly held: HeldQueues
  readonly clock: Clock
  readonly logger: Logger
  /** Called when {@link QueueHolds.look} may find something else than before. */
  readonly onNews: () => void
  /** Called by {@link QueueHolds.look} when it finds a queue open that it found held back before. */
  readonly onOpened: () => void
}

/**
 * Which queues of a lane may be claimed from: not those that are paused, nor those that `canClaim` holds back. Where
 * nothing is paused and there is no `canClaim`, it costs a claim nothing.
 */
export class QueueHolds {
  readonly #options: QueueHoldsOptions
  readonly #checks: ReadonlyMap<string, ClaimCheck> | undefined
  /** As the last look has found it. */
  #open: readonly string[]

  constructor(options: QueueHoldsOptions) {
    const { canClaim, clock, held, logger, onNews, queues } = options
    this.#options = options
    this.#open = queues
    if (canClaim === undefined) return
    const check = (queue: string) =>
      new ClaimCheck({ queue, canClaim, clock, logger, onNews, onAnswer: (answer) => held.note(queue, answer) })
    this.#checks = new Map(queues.map((queue) => [queue, check(queue)]))
  }

  /** Whether every queue may be claimed from, now and for as long as nothing is paused. */
  get areNone(): boolean {
    return this.#checks === undefined && this.#options.paused.isEmpty
  }

  /** Whether a queue was open at the last look. */
  get areSome(): boolean {
    return this.#open.length > 0
  }

  /** Whether all queues are paused. */
  get allPaused(): boolean {
    const { paused, queues } = this.#options
    return !paused.isEmpty && queues.every((queue) => paused.has(queue))
  }

  /** Whether `canClaim` held a queue back that is not paused, when it was looked at last. */
  get isRefused(): boolean {
    if (this.#checks === undefined) return false
    const { paused, queues } = this.#options
    return queues.some((queue) => !paused.has(queue) && !this.#open.includes(queue))
  }

  /** The queues that were open at the last look, in the order given. */
  open(queues: readonly string[]): readonly string[] {
    return this.areNone ? queues : queues.filter((queue) => this.#open.includes(queue))
  }

  /** Find out which queues may be claimed from now. Asks `canClaim` where it has to. @returns whether any may. */
  look(): boolean {
    const { onOpened, queues } = this.#options
    const before = this.#open
    // Every claim of every worker passes here.
    if (this.areNone && before === queues) return true
    this.#open = this.areNone ? queues : queues.filter((queue) => this.#mayClaim(queue))
    if (this.#open.some((queue) => !before.includes(queue))) onOpened()
    return this.#open.length > 0
  }

  /** Ask `canClaim` no more. */
  stop(): void {
    for (const check of this.#checks?.values() ?? []) check.stop()
  }

  #mayClaim(queue: string): boolean {
    return !this.#options.paused.has(queue) && (this.#checks?.get(queue)?.mayClaim() ?? true)
  }
}
