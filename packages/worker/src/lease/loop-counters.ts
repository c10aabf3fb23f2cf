import type { WorkerState } from '@rq/job'

const STATES: readonly WorkerState[] = ['started', 'suspended', 'busy', 'idle']

/** Indexes into the memory. */
const TURNS = 0
const STATE = 1
const BEGUN = 2
const ENDED = 3
const ANSWERED = 4
const CLOSED = 5
const ANSWERED_MS = 6
const COUNT = 7

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
    if (answered) {
      Atomics.store(this.#counters, ANSWERED_MS, sharedMs())
      Atomics.add(this.#counters, ANSWERED, 1)
    }
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

  /** How long ago the store last answered a heartbeat, in milliseconds; Infinity before the first answer. */
  get answeredAgoMs(): number {
    return this.answers === 0 ? Number.POSITIVE_INFINITY : (sharedMs() - this.#at(ANSWERED_MS)) | 0
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

/** Monotonic milliseconds, the same in all threads, which `performance.now()` is not. They wrap around. */
function sharedMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n) | 0
}
