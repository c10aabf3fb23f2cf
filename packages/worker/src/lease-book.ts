import type { Claimed, Lease } from '@rq/job'

/**
 * - `held`: waits for a horse, runs, or has callbacks to come;
 * - `settling`: its settlement is on the way to the store;
 * - `returning`: it is on its way back to its queue.
 */
export type LeaseState = 'held' | 'settling' | 'returning'

interface Entry {
  readonly claimed: Claimed
  state: LeaseState
  /** A heartbeat has been sent for it, so the store may hold a record of the execution. */
  beaten: boolean
}

/** The jobs that are leased to this worker, from claim to answer, by execution id. */
export class LeaseBook {
  readonly #entries = new Map<string, Entry>()

  get size(): number {
    return this.#entries.size
  }

  add(claimed: Claimed): void {
    this.#entries.set(claimed.executionId, { claimed, state: 'held', beaten: false })
  }

  get(executionId: string): Claimed | undefined {
    return this.#entries.get(executionId)?.claimed
  }

  stateOf(executionId: string): LeaseState | undefined {
    return this.#entries.get(executionId)?.state
  }

  mark(executionId: string, state: LeaseState): void {
    const entry = this.#entries.get(executionId)
    if (entry !== undefined) entry.state = state
  }

  delete(executionId: string): Claimed | undefined {
    const entry = this.#entries.get(executionId)
    this.#entries.delete(executionId)
    return entry?.claimed
  }

  /** The lease of a job, if it is here. */
  ofJob(jobId: string, executionId: string | undefined): Claimed | undefined {
    for (const { claimed } of this.#entries.values()) {
      if (claimed.job.id !== jobId) continue
      if (executionId === undefined || executionId === claimed.executionId) return claimed
    }
    return undefined
  }

  /** In order of claim. */
  inState(state: LeaseState): Claimed[] {
    return [...this.#entries.values()].filter((entry) => entry.state === state).map(({ claimed }) => claimed)
  }

  /** All leases, for a heartbeat that is about to be sent. */
  beat(): Lease[] {
    return [...this.#entries.values()].map((entry) => {
      entry.beaten = true
      return leaseOf(entry.claimed)
    })
  }

  /** Whether a heartbeat was ever sent for it. */
  wasBeaten(executionId: string): boolean {
    return this.#entries.get(executionId)?.beaten ?? false
  }

  /** One of the jobs, for the worker's record. */
  get firstJobId(): string | undefined {
    for (const { claimed } of this.#entries.values()) return claimed.job.id
    return undefined
  }
}

export function leaseOf({ executionId, job }: Claimed): Lease {
  return { queue: job.origin, jobId: job.id, executionId }
}
