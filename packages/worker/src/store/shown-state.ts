import type { ClaimReply, WorkerState } from '@rq/job'

/**
 * The state that the worker's record shows. A call that claims or settles changes it in the same step, if the worker
 * has no jobs beside those of the call; so it costs a busy worker nothing. Heartbeats write the state, too, but not
 * while such a call is under way, which may change it.
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

  /** Such a call has ended: with this reply, or without an answer. */
  end(claimed: ClaimReply | undefined): void {
    this.#calls--
    // A claim that brought nothing, and did not come to the end of the queues, has written nothing.
    if (claimed === undefined || (claimed.again === true && claimed.jobs.length === 0)) return
    this.#state = claimed.suspended ? 'suspended' : claimed.jobs.length > 0 ? 'busy' : 'idle'
  }

  /** A heartbeat with this state is about to be sent. Returns whether it must keep the state of the record. */
  mustKeep(state: WorkerState): boolean {
    if (this.#calls > 0) return true
    this.#state = state
    return false
  }
}
