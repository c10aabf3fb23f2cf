import type { ClaimReply, WorkerState } from '@rq/job'

/**
 * The state that the worker's record shows. A call that claims or settles changes it in the same step, if the worker
 * has no jobs beside those of the call; so it costs a busy worker nothing. Heartbeats write the state, too, but not
 * while such a call is under way, which may change it. The lanes of a worker share one: while a call of another lane
 * may bring jobs, a claim may show that the worker is busy, but not that it is idle.
 */
export class ShownState {
  #state: WorkerState = 'started'
  #calls = 0

  get state(): WorkerState {
    return this.#state
  }

  /** A call begins that may change the state. Returns what the record shows, for the call. */
  begin(): WorkerState {
    this.#calls++
    return this.#state
  }

  /** A claim begins, while other lanes have calls under way. Returns the state at which it writes nothing. */
  beginBeside(): WorkerState {
    this.#calls++
    return 'idle'
  }

  /**
   * Such a call has ended: with this reply, or without an answer.
   * @param shown - what the call has shown.
   */
  end(claimed: ClaimReply | undefined, shown: WorkerState): void {
    this.#calls--
    // A claim that brought nothing, and did not come to the end of the queues, has written nothing.
    if (claimed === undefined || (claimed.again === true && claimed.jobs.length === 0)) return
    const state = claimed.suspended ? 'suspended' : claimed.jobs.length > 0 ? 'busy' : 'idle'
    // What the record has shown it does not write again.
    if (state !== shown) this.#state = state
  }

  /** A heartbeat with this state is about to be sent. Returns whether it must keep the state of the record. */
  mustKeep(state: WorkerState): boolean {
    if (this.#calls > 0) return true
    this.#state = state
    return false
  }
}
