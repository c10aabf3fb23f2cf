import type { JobBudget } from './job-budget.ts'
import { MOST_SETTLED_AT_ONCE } from './next-step.ts'
import type { QueueOrder } from './queue-order.ts'

export interface FreeHorses {
  /** How many more jobs the horses can take now. */
  freeSlots(): number
}

export interface ClaimRoomOptions {
  readonly horses: FreeHorses
  readonly order: QueueOrder
  readonly budget: JobBudget
  /** How many jobs of the lane run at once now. */
  readonly concurrency: () => number
  /** How many jobs the lane has, also those whose settlements wait or are under way. */
  readonly jobsHeld: () => number
  /** How many bytes the arguments and meta of the worker's jobs have, those of other lanes too. */
  readonly bytesHeld: () => number
}

/** As many as are settled at once. */
const MOST_CLAIMED_AT_ONCE = MOST_SETTLED_AT_ONCE
const MB = 1024 ** 2
/** With this much data in the jobs that are held, no job is claimed ahead. */
const MOST_BYTES_AHEAD = 16 * MB
/** With this much, none is claimed at all. */
const MOST_BYTES_HELD = 48 * MB

/** The room for more jobs of a lane: in its horses, in the memory of the worker, and in what that may claim in all. */
export class ClaimRoom {
  readonly #options: ClaimRoomOptions
  /** How many jobs the calls under way ask for. */
  #requested = 0
  #isClosed = false

  constructor(options: ClaimRoomOptions) {
    this.#options = options
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Whether no more is claimed: `maxJobs` is reached, or it is closed. */
  get isSpent(): boolean {
    return this.#isClosed || this.#options.budget.isSpent
  }

  /** How many jobs a claim may ask for now. */
  free(): number {
    if (this.isSpent) return 0
    const { budget, horses, order } = this.#options
    const free = Math.min(horses.freeSlots(), this.#ahead()) - this.#requested
    return Math.max(0, Math.min(free, budget.free, order.mostAtOnce, MOST_CLAIMED_AT_ONCE))
  }

  /** A call asks for jobs, while others may be sent. */
  request(jobs: number): void {
    this.#requested += jobs
    this.#options.budget.ask(jobs)
  }

  /** Such a call has ended. */
  requestEnded(jobs: number): void {
    this.#requested -= jobs
    this.#options.budget.askEnded(jobs)
  }

  claimed(jobs: number): void {
    this.#options.budget.claimed(jobs)
  }

  /** A claimed job goes back to its queue, so it does not count. */
  givenBack(): void {
    this.#options.budget.givenBack()
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
