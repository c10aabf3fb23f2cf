import type { Claimed, Lease } from '@rq/job'

/**
 * - `held`: waits for a horse, runs, or has callbacks to come;
 * - `settling`: its settlement is on the way to the store;
 * - `returning`: it is on its way back to its queue.
 */
export type LeaseState = 'held' | 'settling' | 'returning'

/** Somebody else who renews the leases, too. */
export interface LeaseRenewer {
  /** Moves whenever what was held by then is about to be renewed. */
  readonly beats: number
  hold(claimed: readonly Claimed[]): void
  drop(executionId: string): void
}

interface Entry {
  readonly claimed: Claimed
  /** Of the renewer, from before it knew. */
  readonly beats: number | undefined
  state: LeaseState
  /** Another worker has the job by now. */
  isLost: boolean
  /** A heartbeat has been sent for it, so the store may hold a record of the execution. */
  beaten: boolean
}

/** The jobs that are leased to this worker, from claim to answer, by execution id. */
export class LeaseBook {
  readonly #entries = new Map<string, Entry>()
  readonly #renewer: LeaseRenewer | undefined

  constructor(renewer?: LeaseRenewer) {
    this.#renewer = renewer
  }

  get size(): number {
    return this.#entries.size
  }

  add(...jobs: readonly Claimed[]): void {
    const beats = this.#renewer?.beats
    for (const claimed of jobs) {
      this.#entries.set(claimed.executionId, { claimed, beats, state: 'held', isLost: false, beaten: false })
    }
    this.#renewer?.hold(jobs)
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

  /** Note that another worker has the job. What runs of it is still to end. */
  markLost(executionId: string): void {
    const entry = this.#entries.get(executionId)
    if (entry !== undefined) entry.isLost = true
  }

  /** Whether {@link markLost} was called for it. */
  isLost(executionId: string): boolean {
    return this.#entries.get(executionId)?.isLost ?? false
  }

  delete(executionId: string): Claimed | undefined {
    const entry = this.#entries.get(executionId)
    this.#entries.delete(executionId)
    this.#renewer?.drop(executionId)
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

  /** All leases that are not lost, for a heartbeat that is about to be sent. */
  beat(): Lease[] {
    const leases: Lease[] = []
    for (const entry of this.#entries.values()) {
      if (entry.isLost) continue
      entry.beaten = true
      leases.push(leaseOf(entry.claimed))
    }
    return leases
  }

  /** Whether a heartbeat was ever sent for it. */
  wasBeaten(executionId: string): boolean {
    const entry = this.#entries.get(executionId)
    return entry !== undefined && (entry.beaten || entry.beats !== this.#renewer?.beats)
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
