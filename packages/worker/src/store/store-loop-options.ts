import type { Clock, Logger } from '@rq/core'
import type { Claimed, WorkerStore } from '@rq/job'
import type { CanClaim } from '../holds/claim-check.ts'
import type { HeldQueues } from '../holds/held-queues.ts'
import type { PausedQueues } from '../holds/paused-queues.ts'
import type { ClaimRoomOptions, FreeHorses } from './claim-room.ts'
import type { ShownState } from './shown-state.ts'
import type { StoreFailures } from './store-retry.ts'

/** What the loop asks the horses before it claims. */
interface HorseCapacity extends FreeHorses {
  /** Whether the horses have work for some milliseconds, so that a call can wait for more to carry. */
  hasBacklog(): boolean
  /** Whether some of the jobs may have to wait behind others. */
  readonly isPrefetching: boolean
}

export interface StoreLoopOptions extends ClaimRoomOptions {
  readonly store: WorkerStore
  readonly workerName: string
  readonly leaseMs: number
  readonly queues: readonly string[]
  readonly horses: HorseCapacity
  /** Queues that are not claimed from until they are resumed. */
  readonly paused: PausedQueues
  /** Asked before a claim. Default: claim at any time. */
  readonly canClaim: CanClaim | undefined
  /** Where its answers are noted. */
  readonly held: HeldQueues
  readonly clock: Clock
  readonly logger: Logger
  /** 0 to 1. Default `Math.random`. */
  readonly random?: () => number
  /** The state that the worker's record shows. Its lanes share one. */
  readonly shown: ShownState
  /** The lanes of a worker share them. */
  readonly failures: StoreFailures
  /** Whether other lanes of the worker have neither jobs nor calls under way. */
  readonly isAlone: () => boolean
  /** Whether other lanes of the worker wait for work at the same time: then a wait claims nothing. */
  readonly sharesWaits: boolean
  /** Called with the jobs of a claim, in order. */
  readonly onClaimed: (jobs: readonly Claimed[]) => void
  /** How large a value of a job may be. */
  readonly largestBytes: number
  /** Called when `suspend` or `resume` takes effect. */
  readonly onSuspended: (isSuspended: boolean) => void
  /** Called when there is nothing to send. */
  readonly onIdle: () => void
}
