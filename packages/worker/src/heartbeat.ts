import type { Logger } from '@rq/core'
import type { Lease, WorkerBirth, WorkerState, WorkerStore } from '@rq/job'
import { Duty } from './duty.ts'
import type { LeaseBook } from './lease-book.ts'

export interface HeartbeatOptions {
  readonly store: WorkerStore
  readonly worker: WorkerBirth
  readonly book: LeaseBook
  readonly leaseMs: number
  readonly everyMs: number
  readonly state: () => WorkerState
  /** A lease that another worker has by now. */
  readonly onLost: (lease: Lease) => void
  readonly logger: Logger
}

/**
 * Renews all leases, and the worker's own record. It runs in the worker's event loop, which no job can block unless the
 * worker's horse is `inline`: there, a thread that is told the leases and has a connection of its own would be needed.
 */
export function heartbeat(options: HeartbeatOptions): Duty {
  const { book, everyMs, leaseMs, logger, onLost, state, store, worker } = options
  return new Duty({
    name: 'heartbeat',
    everyMs,
    logger,
    atStart: true,
    async runOnce() {
      const currentJobId = book.firstJobId
      const beat = { worker, leaseMs, state: state(), leases: book.beat() }
      const lost = await store.heartbeat({ ...beat, ...(currentJobId !== undefined && { currentJobId }) })
      for (const lease of lost) onLost(lease)
    },
  })
}
