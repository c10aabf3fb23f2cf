import type { Claimed, Limits } from '@rq/job'
import type { ExecutionEnd, ExecutionParts } from './execution.ts'
import { Executions } from './executions.ts'
import type { PausedQueues } from './holds/paused-queues.ts'
import { HorsePool } from './horses/horse-pool.ts'
import type { HorseStarter } from './horses/horse-port.ts'
import type { LaneSettings } from './lane-settings.ts'
import type { WorkerSettings } from './options.ts'
import { horseCount, poolOptions } from './pool-options.ts'
import { type DequeueStrategy, QueueOrder } from './store/queue-order.ts'
import { StoreLoop } from './store/store-loop.ts'
import type { StoreLoopOptions } from './store/store-loop-options.ts'

/** What a worker wants to know of its lanes. */
export interface LaneReports {
  /** Called with the names of the jobs that the first horse of a lane knows by the option `jobs`. */
  readonly onJobsKnown: (names: readonly string[]) => void
  /** Called when no horse can be started. */
  readonly onBroken: (error: Error) => void
  /** Called when a lane has nothing to send. */
  readonly onIdle: () => void
  /** Called when an execution has ended and is no longer among the others. */
  readonly onEnd: (end: ExecutionEnd) => void
}

/** What the lanes of a worker share. {@link Lanes} makes it once. */
export interface SharedByLanes {
  readonly settings: WorkerSettings
  /** What the executions of all lanes work with. */
  readonly parts: Omit<ExecutionParts, 'horses' | 'store'>
  /** Of the worker. */
  readonly paused: PausedQueues
  readonly strategy: DequeueStrategy
  /** What the calls of all lanes count, log and show together. */
  readonly calls: Pick<StoreLoopOptions, SharedCalls>
  readonly reports: LaneReports
}

type SharedCalls = 'budget' | 'bytesHeld' | 'failures' | 'held' | 'onSuspended' | 'sharesWaits' | 'shown'

export interface LaneOptions extends Pick<StoreLoopOptions, 'isAlone'> {
  readonly shared: SharedByLanes
  readonly lane: LaneSettings
  /** Makes its horses. */
  readonly start: HorseStarter
}

/**
 * Some queues of a worker, with horses of their own, and the calls that claim and settle their jobs. What a worker has
 * only once, such as its heartbeat, is in {@link WorkerRun}.
 */
export class Lane {
  readonly queues: readonly string[]
  readonly horses: HorsePool
  readonly store: StoreLoop
  readonly executions: Executions
  readonly #options: LaneOptions
  #concurrency: number

  constructor(options: LaneOptions) {
    const { lane, shared, start } = options
    const { parts, reports, settings } = shared
    this.#options = options
    this.#concurrency = lane.concurrency
    this.queues = lane.queues
    this.horses = new HorsePool({
      ...poolOptions(settings, lane, start),
      log: parts.log,
      onRoom: () => this.store.nudge(),
      onBroken: reports.onBroken,
      onJobsKnown: reports.onJobsKnown,
    })
    this.store = this.#makeStoreLoop(options)
    this.executions = new Executions({
      ...parts,
      horses: this.horses,
      store: this.store,
      onEnd: (end) => {
        if (end === 'dropped' || this.executions.size === 0) this.store.nudge()
        reports.onEnd(end)
      },
    })
  }

  /** Whether it has no jobs, and no call is under way that may bring some. */
  get isQuiet(): boolean {
    return this.executions.size === 0 && this.store.isQuiet
  }

  /** Run so many jobs at once from now on. Those that run are not ended. */
  setConcurrency(concurrency: number): void {
    this.#concurrency = concurrency
    this.horses.resize(horseCount(this.#options.lane.horse, concurrency))
    this.store.nudge()
  }

  /** Claim of the queues that are not paused, and return the jobs of the others that have not begun. */
  followPauses(): void {
    const { paused } = this.#options.shared
    const isHeld = (queue: string) => paused.has(queue)
    this.horses.hold(this.queues.some(isHeld) ? isHeld : undefined)
    this.store.pausesChanged()
  }

  /** Conclude a job that was taken over from a dead worker. */
  takeOver(claimed: Claimed): void {
    this.executions.takeOver(claimed)
  }

  #makeStoreLoop({ isAlone, lane, shared }: LaneOptions): StoreLoop {
    const { calls, paused, reports, settings, strategy } = shared
    const { canClaim, clock, leaseMs, limits, logger, name, storage } = settings
    return new StoreLoop({
      ...calls,
      store: storage.workers,
      workerName: name,
      leaseMs,
      queues: lane.queues,
      order: new QueueOrder(lane.queues, strategy),
      horses: this.horses,
      paused,
      canClaim,
      clock,
      logger,
      isAlone,
      onIdle: reports.onIdle,
      onClaimed: (jobs) => this.executions.start(jobs),
      jobsHeld: () => this.executions.size,
      concurrency: () => this.#concurrency,
      largestBytes: largestValue(limits),
    })
  }
}

/** How large a value of a job may be that is claimed. */
export function largestValue(limits: Limits): number {
  return Math.max(limits.arguments, limits.meta)
}
