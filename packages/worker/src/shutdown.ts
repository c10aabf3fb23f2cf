import { deferred, type PeriodicDuty, SECOND_MS, startTimer } from '@rq/core'
import type { Lanes } from './lanes.ts'
import type { WorkerSettings } from './options.ts'
import { nameTaken, type Registration } from './registration.ts'

export interface ShutdownOptions {
  readonly settings: WorkerSettings
  readonly burst: boolean
  /** Default: no limit. */
  readonly maxIdleMs: number | undefined
  readonly registration: Registration
  readonly lanes: Lanes
  readonly recovery: PeriodicDuty
}

/** How long an idle worker waits for an unreachable store before it leaves. */
const LEAVE_MS = 300
/** How long a worker that must leave at once waits for the store to take its jobs back. */
const COLD_LEAVE_MS = 2 * SECOND_MS

/**
 * Decides when a run of a worker ends:
 * - after a warm stop, when all running jobs have ended;
 * - after a cold stop, when all jobs are returned, or the store does not answer;
 * - when a burst finds the queues empty, or `maxJobs` or `maxIdleMs` is reached;
 * - when no horse can be started.
 */
export class Shutdown {
  readonly #options: ShutdownOptions
  readonly #over = deferred()
  readonly #leaving = new AbortController()
  #requested: 'no' | 'warm' | 'cold' = 'no'
  #failure: Error | undefined
  #idleSinceMs: number
  #idleTimer: NodeJS.Timeout | undefined
  #leaveTimer: NodeJS.Timeout | undefined
  #graceTimer: NodeJS.Timeout | undefined

  constructor(options: ShutdownOptions) {
    this.#options = options
    this.#idleSinceMs = options.settings.clock.monotonicMs()
  }

  get isRequested(): boolean {
    return this.#requested !== 'no'
  }

  get isCold(): boolean {
    return this.#requested === 'cold'
  }

  /** Why the worker had to leave, if it had to. */
  get failure(): Error | undefined {
    return this.#failure
  }

  /** Fires when the run ends. */
  get leaving(): AbortSignal {
    return this.#leaving.signal
  }

  /** Resolves when the run ends. */
  async whenOver(): Promise<void> {
    await this.#over.promise
    clearTimeout(this.#idleTimer)
    clearTimeout(this.#leaveTimer)
    clearTimeout(this.#graceTimer)
  }

  /** Claim no more jobs, return those that have not begun, and let running jobs finish. */
  stopWarm(): void {
    if (this.isRequested) return
    this.#requested = 'warm'
    const { lanes, registration, settings } = this.#options
    settings.logger.info('Warm shut down requested')
    registration.noteShutdown()
    lanes.drain()
    // A call under way may still bring jobs; but an unreachable store must not keep an idle worker.
    this.#leaveTimer = setTimeout(() => this.#endUnlessBusy(), LEAVE_MS)
    const { graceMs } = settings
    if (graceMs !== undefined) this.#graceTimer = startTimer(graceMs, () => this.stopCold())
  }

  /** Kill running jobs. Every job goes back to the head of its queue, and no attempt is counted. */
  stopCold(): void {
    if (this.isCold) return
    this.#requested = 'cold'
    const { lanes, settings } = this.#options
    settings.logger.warn('Cold shut down requested: running jobs go back to their queues')
    lanes.drain()
    clearTimeout(this.#leaveTimer)
    void lanes.killHorses().then(() => {
      if (this.leaving.aborted) return
      lanes.giveBackAll()
      // This limit is for the store, so it begins only when the horses have ended.
      this.#leaveTimer = setTimeout(() => this.#end(), COLD_LEAVE_MS)
      this.#endUnlessBusy()
    })
  }

  /** Stop cold, since the worker cannot go on. */
  fail(error: Error): void {
    this.#failure = error
    this.stopCold()
  }

  /** Another worker has this one's name: this one was frozen for a whole lease. What still runs here may end. */
  loseName(): void {
    if (this.isRequested) return
    const { logger, name } = this.#options.settings
    this.#failure = nameTaken(name)
    logger.error('Another worker has taken the name of this one, which was frozen or cut off; leaving')
    this.stopWarm()
  }

  /** A job was settled, so the worker is not idle. */
  noteSettled(): void {
    this.#idleSinceMs = this.#options.settings.clock.monotonicMs()
  }

  /** After a stop: end the run if no job is left. */
  endIfStopped(): void {
    if (this.isRequested) this.#endUnlessBusy()
  }

  /** End the run if it has nothing more to do. Called when there is nothing to send to the store. */
  endIfDone(): void {
    const { burst, lanes, maxIdleMs = Number.POSITIVE_INFINITY, recovery, settings } = this.#options
    // A recovery may bring jobs, which belong to this run.
    if (lanes.jobs > 0 || (recovery.isRunning && !this.isCold)) return
    // It is not idle before it has looked for jobs, which it does when its first horse has started.
    if (lanes.mayFindJobs || !lanes.isQuiet) return
    const isBurstDone = burst && lanes.foundNothing
    if (isBurstDone && !this.isRequested && lanes.lookAgain()) return
    const leftMs = this.#idleSinceMs + maxIdleMs - settings.clock.monotonicMs()
    clearTimeout(this.#idleTimer)
    if (isBurstDone || lanes.isSpent || leftMs <= 0) this.#end()
    else if (leftMs < Number.POSITIVE_INFINITY) this.#idleTimer = startTimer(leftMs, () => lanes.nudge())
  }

  #endUnlessBusy(): void {
    const { lanes } = this.#options
    if (lanes.jobs === 0 && !lanes.isWriting) this.#end()
  }

  #end(): void {
    this.#leaving.abort()
    this.#over.resolve()
  }
}
