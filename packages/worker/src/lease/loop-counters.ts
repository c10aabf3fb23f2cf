import type { WorkerState } from '@rq/job'

const STATES: readonly WorkerState[] = ['started', 'suspended', 'busy', 'idle']

/** Indexes into the memory. */
const TURNS = 0
const STATE = 1
const BEGUN = 2
const ENDED = 3
const ANSWERED = 4
const CLOSED = 5
const COUNT = 6

/**
 * Counters in memory that a worker's event loop shares with the thread that renews its leases. Both read and write them
 * without waking the other one or waiting for it. Counters only grow, and may wrap around.
 */
export class LoopCounters {
  readonly memory: SharedArrayBuffer
  readonly #counters: Int32Array

  constructor(memory = new SharedArrayBuffer(COUNT * Int32Array.BYTES_PER_ELEMENT)) {
    this.memory = memory
    this.#counters = new Int32Array(memory)
  }

  /** The event loop has turned, and the worker is in this state. */
  turn(state: WorkerState): void {
    Atomics.store(this.#counters, STATE, STATES.indexOf(state))
    Atomics.add(this.#counters, TURNS, 1)
  }

  get turns(): number {
    return this.#at(TURNS)
  }

  get state(): WorkerState {
    return STATES[this.#at(STATE)] ?? 'idle'
  }

  /** The thread is about to send a heartbeat. Returns false when it must send no more. */
  begin(): boolean {
    Atomics.add(this.#counters, BEGUN, 1)
    return !this.isClosed
  }

  /** The heartbeat is over. `answered`: the store has renewed the leases. */
  end(answered: boolean): void {
    if (answered) Atomics.add(this.#counters, ANSWERED, 1)
    Atomics.add(this.#counters, ENDED, 1)
  }

  /** How many heartbeats the thread has begun. */
  get renewals(): number {
    return this.#at(BEGUN)
  }

  /** How many of them the store has answered. */
  get answers(): number {
    return this.#at(ANSWERED)
  }

  /** Let no further heartbeat begin. Returns whether one is under way. */
  close(): boolean {
    Atomics.store(this.#counters, CLOSED, 1)
    return this.#at(BEGUN) !== this.#at(ENDED)
  }

  get isClosed(): boolean {
    return this.#at(CLOSED) === 1
  }

  #at(index: number): number {
    return Atomics.load(this.#counters, index)
  }
}
