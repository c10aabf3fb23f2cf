import type { Clock } from '@rq/core'
import type { HeldQueue } from '@rq/job'

/** Why `canClaim` holds a queue back; undefined: it does not. */
export type ClaimAnswer = HeldQueue['reason'] | undefined

/** Which queues of a worker its `canClaim` holds back, by its last answers. Before the first answer, it holds none. */
export class HeldQueues {
  readonly #clock: Clock
  readonly #held = new Map<string, HeldQueue>()
  #onChange: () => void = () => {}

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get isEmpty(): boolean {
    return this.#held.size === 0
  }

  /** Those that have been held back for longest come first. */
  get all(): readonly HeldQueue[] {
    return [...this.#held.values()]
  }

  /** Call `listener` after each change, in the place of the one before. */
  onChange(listener: () => void): void {
    this.#onChange = listener
  }

  /** Note an answer. A queue that stays held back for another reason is held back since the first one. */
  note(queue: string, answer: ClaimAnswer): void {
    const known = this.#held.get(queue)
    if (known?.reason === answer) return
    if (answer === undefined) this.#held.delete(queue)
    else this.#held.set(queue, { queue, reason: answer, sinceMs: known?.sinceMs ?? this.#clock.nowMs() })
    this.#onChange()
  }
}
