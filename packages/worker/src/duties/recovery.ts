import { type Logger, PeriodicDuty } from '@rq/core'
import type { Claimed, RecoverReply, WorkerStore } from '@rq/job'

export interface RecoveryOptions {
  readonly store: WorkerStore
  readonly workerName: string
  readonly queues: readonly string[]
  readonly leaseMs: number
  /** Returns false when no further job should be taken over now. */
  readonly isWanted: () => boolean
  /** Called with a job of a dead worker, which is leased to this one now. */
  readonly onRecovered: (claimed: Claimed) => void
  /** Called after each run, whether it succeeded or not. */
  readonly onDone: () => void
  readonly logger: Logger
}

/** How many leases one call looks at, so that no call blocks the store for long. */
const MOST_AT_ONCE = 250
/** Runs this often per lease, so that a dead worker's job waits for a lease and a third at most. */
const RUNS_PER_LEASE = 3

/** Takes over the jobs of workers that have stopped renewing their leases. */
export function recovery(options: RecoveryOptions): PeriodicDuty {
  const { isWanted, leaseMs, logger, onDone, onRecovered, queues, store, workerName } = options
  const request = { workerName, leaseMs, most: MOST_AT_ONCE }
  return new PeriodicDuty({
    name: 'The recovery of jobs of dead workers',
    everyMs: leaseMs / RUNS_PER_LEASE,
    jitter: 0.3,
    logger,
    atStart: true,
    onDone,
    async run() {
      for (const queue of queues) {
        // A worker may have held thousands of jobs. All are looked at in this run; between two calls of it the store
        // serves others.
        let from: number | undefined = 0
        while (from !== undefined) {
          if (!isWanted()) return
          const { jobs, next }: RecoverReply = await store.recover({ ...request, queue, from })
          for (const claimed of jobs) onRecovered(claimed)
          from = next
        }
      }
      // A worker may have died before it released all dependents of a job.
      while (isWanted() && (await store.releaseDependents()));
    },
  })
}
