import { type Logger, PeriodicDuty } from '@rq/core'
import type { Claimed, RecoverReply, WorkerStore } from '@rq/job'
import { asRefused, type Refused } from '../store/store-retry.ts'

export interface RecoveryOptions {
  readonly store: WorkerStore
  readonly workerName: string
  readonly queues: readonly string[]
  readonly leaseMs: number
  readonly largestBytes: number
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
  const { isWanted, leaseMs, logger, onDone, store } = options
  return new PeriodicDuty({
    name: 'The recovery of jobs of dead workers',
    everyMs: leaseMs / RUNS_PER_LEASE,
    jitter: 0.3,
    logger,
    atStart: true,
    onDone,
    async run() {
      let refused: Refused | undefined
      for (const queue of await queuesToRecover(options)) {
        // What the store refuses to do for one queue must not keep the jobs of the others.
        refused = (await recoverQueue({ ...options, queue }).catch(asRefused)) ?? refused
      }
      // A worker may have died before it released all dependents of a job.
      while (isWanted() && (await store.releaseDependents()));
      if (refused !== undefined) throw refused.refusal
    },
  })
}

/** With many queues, one call finds the few that have something to recover. For one queue it would be a call more. */
async function queuesToRecover({ isWanted, leaseMs, queues, store }: RecoveryOptions): Promise<readonly string[]> {
  if (queues.length === 1 || !isWanted()) return queues
  return store.findRecoverable({ queues, leaseMs })
}

/** A worker may have held thousands of jobs. All are looked at; between two calls the store serves others. */
async function recoverQueue(options: RecoveryOptions & { readonly queue: string }): Promise<undefined> {
  const { isWanted, largestBytes, leaseMs, onRecovered, queue, store, workerName } = options
  let from: number | undefined = 0
  while (from !== undefined && isWanted()) {
    const { jobs, next }: RecoverReply = await store.recover({
      ...{ queue, workerName, leaseMs, largestBytes, most: MOST_AT_ONCE, from },
    })
    for (const claimed of jobs) onRecovered(claimed)
    from = next
  }
  return undefined
}
