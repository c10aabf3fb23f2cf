import type { Claimed, Limits } from '@rq/job'
import type { ExecutionEnd, ExecutionParts } from './execution.ts'
import { Executions } from './executions.ts'
import type { PausedQueues } from './holds/paused-queues.ts'
import { HorsePool } from './horses/horse-pool.ts'
import type { HorseStarter } from './horses/horse-port.ts'
import type { WorkerSettings } from './options.ts'
import { horseCount, poolOptions } from './pool-options.ts'
import { type DequeueStrategy, QueueOrder } from './store/queue-order.ts'
import { StoreLoop } from './store/store-loop.ts'

export interface LaneOptions {
  readonly settings: WorkerSettings
  /** Makes its horses. */
  readonly start: HorseStarter
  readonly strategy: DequeueStrategy
  /** Default: no limit. */
  readonly maxJobs: number | undefined
  /** What its executions share with those of other lanes. */
  readonly parts: Omit<ExecutionParts, 'horses' | 'store'>
  /** Of the worker. */
  readonly paused: PausedQueues
  /** Called when no horse can be started. */
  readonly onBroken: (error: Error) => void
  /** Called when `suspend` or `resume` takes effect. */
  readonly onSuspended: (isSuspended: boolean) => void
  /** Called when there is nothing to send. */
  readonly onIdle: () => void
  /** Called when an execution has ended and is no longer among the others. */
  readonly onEnd: (end: ExecutionEnd) => void
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
    const { parts, settings, start } = options
    this.#options = options
    this.#concurrency = settings.concurrency
    this.queues = settings.queues
    this.horses = new HorsePool({
      ...poolOptions(settings, start),
      log: parts.log,
      onRoom: () => this.store.nudge(),
      onBroken: options.onBroken,
    })
    this.store = this.#makeStoreLoop(options)
    this.executions = new Executions({
      ...parts,
      horses: this.horses,
      store: this.store,
      onEnd: (end) => {
        if (end === 'dropped' || this.executions.size === 0) this.store.nudge()
        options.onEnd(end)
      },
    })
  }

  /** Run so many jobs at once from now on. Those that run are not ended. */
  setConcurrency(concurrency: number): void {
    this.#concurrency = concurrency
    this.horses.resize(horseCount(this.#options.settings.horse, concurrency))
    this.store.nudge()
  }

  /** Claim of the queues that are not paused, and return the jobs of the others that have not begun. */
  followPauses(): void {
    const { paused } = this.#options
    const isHeld = (queue: string) => paused.has(queue)
    this.horses.hold(this.queues.some(isHeld) ? isHeld : undefined)
    this.store.pausesChanged()
  }

  /** Conclude a job that was taken over from a dead worker. */
  takeOver(claimed: Claimed): void {
    this.executions.takeOver(claimed)
  }

  #makeStoreLoop({ maxJobs, onIdle, onSuspended, paused, settings, strategy }: LaneOptions): StoreLoop {
    const { canClaim, clock, leaseMs, limits, logger, name, queues, storage } = settings
    return new StoreLoop({
      store: storage.workers,
      workerName: name,
      leaseMs,
      queues,
      order: new QueueOrder(queues, strategy),
      horses: this.horses,
      paused,
      canClaim,
      clock,
      logger,
      maxJobs,
      onClaimed: (jobs) => this.executions.start(jobs),
      jobsHeld: () => this.executions.size,
      bytesHeld: () => this.executions.bytes,
      concurrency: () => this.#concurrency,
      largestBytes: largestValue(limits),
      onSuspended,
      onIdle,
    })
  }
}

/** How large a value of a job may be that is claimed. */
export function largestValue(limits: Limits): number {
  return Math.max(limits.arguments, limits.meta)
}
