import { MOST_SETTLED_AT_ONCE } from './next-step.ts'
import type { QueueOrder } from './queue-order.ts'

export interface FreeHorses {
  /** How many more jobs the horses can take now. */
  freeSlots(): number
}

export interface ClaimRoomOptions {
  readonly horses: FreeHorses
  readonly order: QueueOrder
  /** Claim at most this many jobs in all. */
  readonly maxJobs: number | undefined
  /** How many jobs run at once now. */
  readonly concurrency: () => number
  /** How many jobs the worker has, also those whose settlements wait or are under way. */
  readonly jobsHeld: () => number
  /** How many bytes the arguments and meta of those jobs have. */
  readonly bytesHeld: () => number
}

/** As many as are settled at once. */
const MOST_CLAIMED_AT_ONCE = MOST_SETTLED_AT_ONCE
const MB = 1024 ** 2
/** With this much data in the jobs that are held, no job is claimed ahead. */
const MOST_BYTES_AHEAD = 16 * MB
/** With this much, none is claimed at all. */
const MOST_BYTES_HELD = 48 * MB

/** The room for more jobs: in the horses, in the memory of the worker, and in what it may claim in all. */
export class ClaimRoom {
  readonly #options: ClaimRoomOptions
  /** How many more jobs may be claimed. */
  #budget: number
  /** How many jobs the calls under way ask for. */
  #requested = 0
  #isClosed = false

  constructor(options: ClaimRoomOptions) {
    this.#options = options
    this.#budget = options.maxJobs ?? Number.POSITIVE_INFINITY
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Whether no more is claimed: `maxJobs` is reached, or it is closed. */
  get isSpent(): boolean {
    return this.#isClosed || this.#budget <= 0
  }

  /** How many jobs a claim may ask for now. */
  free(): number {
    if (this.isSpent) return 0
    const { horses, order } = this.#options
    const free = Math.min(horses.freeSlots(), this.#budget, this.#ahead()) - this.#requested
    return Math.max(0, Math.min(free, order.mostAtOnce, MOST_CLAIMED_AT_ONCE))
  }

  /** A call asks for jobs, while others may be sent. */
  request(jobs: number): void {
    this.#requested += jobs
  }

  /** Such a call has ended. */
  requestEnded(jobs: number): void {
    this.#requested -= jobs
  }

  claimed(jobs: number): void {
    this.#budget -= jobs
  }

  /** A claimed job goes back to its queue, so it does not count. */
  givenBack(): void {
    this.#budget++
  }

  close(): void {
    this.#isClosed = true
  }

  /** While the jobs that are held are large, none is claimed ahead of those that run, or beside them. */
  #ahead(): number {
    const { bytesHeld, concurrency, jobsHeld } = this.#options
    const bytes = bytesHeld()
    if (bytes < MOST_BYTES_AHEAD) return Number.POSITIVE_INFINITY
    return bytes < MOST_BYTES_HELD ? Math.max(0, concurrency() - jobsHeld()) : 0
  }
}
