import { type Logger, PeriodicDuty } from '@rq/core'
import type { WorkerIdentity, WorkerState, WorkerStore } from '@rq/job'
import type { Lanes } from '../lanes.ts'
import { warnIfSlow } from '../store/slow-store-warning.ts'

export interface HeartbeatOptions {
  readonly store: WorkerStore
  readonly worker: WorkerIdentity
  /** The jobs whose leases it renews. */
  readonly jobs: Pick<Lanes, 'firstJobId' | 'leasesForHeartbeat' | 'lose'>
  readonly leaseMs: number
  readonly everyMs: number
  readonly state: () => WorkerState
  /** Whether a heartbeat with this state, which is about to be sent, must keep the state that the record shows. */
  readonly mustKeep: (state: WorkerState) => boolean
  /** Called when the store has renewed the leases. */
  readonly onAnswered: () => void
  /** Called when another worker has taken the name of this one. */
  readonly onNameTaken: () => void
  /** Whether the leases were renewed by other means since the last call. Default: never. */
  readonly wasRenewed?: () => boolean
  readonly logger: Logger
}

/**
 * Renews all leases and the worker's own record. It runs in the worker's event loop, which no job can block, unless the
 * worker's horse is `inline`: then a {@link LeaseRenewer} renews them, and this duty only where that fails.
 */
export function heartbeat(options: HeartbeatOptions): PeriodicDuty {
  const { everyMs, jobs, leaseMs, logger, mustKeep, onAnswered, onNameTaken, store, wasRenewed, worker } = options
  return new PeriodicDuty({
    name: 'The heartbeat',
    everyMs,
    logger,
    atStart: true,
    async run() {
      if (wasRenewed?.() === true) return
      const currentJobId = jobs.firstJobId
      const state = options.state()
      const beat = { worker, leaseMs, state, keepState: mustKeep(state), leases: jobs.leasesForHeartbeat() }
      const answer = store.heartbeat({ ...beat, ...(currentJobId !== undefined && { currentJobId }) })
      const { isNameTaken, lost } = await warnIfSlow(answer, logger)
      onAnswered()
      for (const { executionId } of lost) jobs.lose(executionId)
      if (isNameTaken) onNameTaken()
    },
  })
}
