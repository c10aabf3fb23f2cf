import type { WorkerState } from '@rq/job'

const STATES: readonly WorkerState[] = ['started', 'suspended', 'busy', 'idle']

/** Places in the memory. */
const TURNS = 0
const STATE = 1
const BEGUN = 2
const ENDED = 3
const ANSWERED = 4
const CLOSED = 5
const PLACES = 6

/**
 * What a worker's event loop and the thread that renews its leases know of each other, in memory that both share: read
 * and written without waking the other one, and without waiting for it. Its counters only grow, and may wrap around.
 */
export class LeasePulse {
  readonly memory: SharedArrayBuffer
  readonly #places: Int32Array

  constructor(memory = new SharedArrayBuffer(PLACES * Int32Array.BYTES_PER_ELEMENT)) {
    this.memory = memory
    this.#places = new Int32Array(memory)
  }

  /** The loop has gone round, and the worker is in this state. */
  turn(state: WorkerState): void {
    Atomics.store(this.#places, STATE, STATES.indexOf(state))
    Atomics.add(this.#places, TURNS, 1)
  }

  get turns(): number {
    return this.#at(TURNS)
  }

  get state(): WorkerState {
    return STATES[this.#at(STATE)] ?? 'idle'
  }

  /** The thread is about to send a heartbeat. False: it must not, nor ever again. */
  begin(): boolean {
    Atomics.add(this.#places, BEGUN, 1)
    return !this.isClosed
  }

  /** The heartbeat is over. `answered`: the store has taken it. */
  end(answered: boolean): void {
    if (answered) Atomics.add(this.#places, ANSWERED, 1)
    Atomics.add(this.#places, ENDED, 1)
  }

  /** Heartbeats of the thread that were begun. */
  get beats(): number {
    return this.#at(BEGUN)
  }

  /** Those that the store has taken. */
  get answers(): number {
    return this.#at(ANSWERED)
  }

  /** No heartbeat shall begin any more. Returns whether one is under way. */
  close(): boolean {
    Atomics.store(this.#places, CLOSED, 1)
    return this.#at(BEGUN) !== this.#at(ENDED)
  }

  get isClosed(): boolean {
    return this.#at(CLOSED) === 1
  }

  #at(place: number): number {
    return Atomics.load(this.#places, place)
  }
}
