import { type Logger, PeriodicDuty } from '@rq/core'
import type { Lease, WorkerIdentity, WorkerState, WorkerStore } from '@rq/job'
import type { LeaseBook } from '../lease/lease-table.ts'
import { noticed } from '../store/slow-store-warning.ts'

export interface HeartbeatOptions {
  readonly store: WorkerStore
  readonly worker: WorkerIdentity
  readonly book: LeaseBook
  readonly leaseMs: number
  readonly everyMs: number
  readonly state: () => WorkerState
  /** The store has taken it. */
  readonly onBeaten: () => void
  /** A lease that another worker has by now. */
  readonly onLost: (lease: Lease) => void
  /** Whether somebody else has done it since the last time. Default: nobody has. */
  readonly isDone?: () => boolean
  readonly logger: Logger
}

/**
 * Renews all leases, and the worker's own record. It runs in the worker's event loop, which no job can block unless the
 * worker's horse is `inline`: there a {@link LeaseKeeper} does it, and this only where that fails.
 */
export function heartbeat(options: HeartbeatOptions): PeriodicDuty {
  const { book, everyMs, isDone, leaseMs, logger, onBeaten, onLost, state, store, worker } = options
  return new PeriodicDuty({
    name: 'The heartbeat',
    everyMs,
    logger,
    atStart: true,
    async run() {
      if (isDone?.() === true) return
      const currentJobId = book.firstJobId
      const beat = { worker, leaseMs, state: state(), leases: book.beat() }
      const answer = store.heartbeat({ ...beat, ...(currentJobId !== undefined && { currentJobId }) })
      const lost = await noticed(answer, logger)
      onBeaten()
      for (const lease of lost) onLost(lease)
    },
  })
}
