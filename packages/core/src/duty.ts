import { FailureLog } from './failure-log.ts'
import type { Logger } from './logger.ts'
import { startTimer } from './wait.ts'

/**
 * A background task. Start and stop it any number of times, in any order.
 * There is never more than one run at a time.
 */
export interface Duty {
  /** Returns at once. Does nothing when the duty is started already. */
  start(): void
  /**
   * Begins no further run. Resolves when the run under way has ended, and never rejects. A run that waits for a store
   * may never end, so give the wait a limit.
   */
  stop(): Promise<void>
  /** Do the work now, started or not. Callers during a run share it. Rejects with the error of the work. */
  runOnce(): Promise<unknown>
}

export interface PeriodicDutyOptions<T> {
  /** The subject of log lines, such as `The heartbeat`. */
  readonly name: string
  /** Milliseconds from the end of one run to the start of the next. A function is called after each run. */
  readonly everyMs: number | (() => number)
  /** The part of the wait that is random, 0 to 1, so that many workers do not run in step. Default 0. */
  readonly jitter?: number
  /** Run at once when started. Default false: after one interval. */
  readonly atStart?: boolean
  /**
   * The work. `stopped` fires when the duty is stopped during the run. A run that rejects is logged, once until the
   * work succeeds again, and the next one begins after the interval.
   */
  readonly run: (stopped: AbortSignal) => Promise<T>
  /** Called after each run, whether it succeeded or not. */
  readonly onDone?: () => void
  readonly logger: Logger
}

/** A {@link Duty} that repeats its work at an interval. It keeps the process alive while it is started. */
export class PeriodicDuty<T = void> implements Duty {
  readonly #options: PeriodicDutyOptions<T>
  readonly #failures: FailureLog
  #isStarted = false
  #timer: NodeJS.Timeout | undefined
  /** When the timer fires, by `performance.now()`. */
  #dueMs = Number.POSITIVE_INFINITY
  #running: Promise<T> | undefined
  #abort = new AbortController()
  /** The longest wait after the run under way. */
  #waitAtMostMs = Number.POSITIVE_INFINITY

  constructor(options: PeriodicDutyOptions<T>) {
    this.#options = options
    this.#failures = new FailureLog(options.logger, options.name)
  }

  get isStarted(): boolean {
    return this.#isStarted
  }

  get isRunning(): boolean {
    return this.#running !== undefined
  }

  start(): void {
    if (this.#isStarted) return
    this.#isStarted = true
    if (this.#options.atStart === true) this.runWithin(0)
    else if (!this.isRunning) this.#schedule(this.#intervalMs())
  }

  async stop(): Promise<void> {
    this.#isStarted = false
    clearTimeout(this.#timer)
    this.#abort.abort()
    await this.#running?.catch(() => {})
  }

  runOnce(): Promise<T> {
    this.#running ??= this.#run()
    return this.#running
  }

  /**
   * Bring the next run forward: it begins within `ms` milliseconds, with 0 at once. During a run, the time counts from
   * its end. Does nothing when the duty is stopped.
   */
  runWithin(ms: number): void {
    if (!this.#isStarted) return
    if (this.isRunning) this.#waitAtMostMs = Math.min(this.#waitAtMostMs, ms)
    else if (ms <= 0) this.#runAndLog()
    else if (performance.now() + ms < this.#dueMs) this.#schedule(ms)
  }

  #run(): Promise<T> {
    clearTimeout(this.#timer)
    this.#abort = new AbortController()
    this.#waitAtMostMs = Number.POSITIVE_INFINITY
    const { signal } = this.#abort
    // Async, so that work which throws rejects instead.
    const work = async () => this.#options.run(signal)
    return work().finally(() => this.#end())
  }

  #end(): void {
    this.#running = undefined
    if (this.#isStarted) this.#schedule(Math.min(this.#waitAtMostMs, this.#intervalMs()))
    this.#options.onDone?.()
  }

  #runAndLog(): void {
    this.runOnce().then(
      () => this.#failures.succeeded(),
      (error: unknown) => {
        if (this.#isStarted) this.#failures.failed(error)
      },
    )
  }

  #intervalMs(): number {
    const { everyMs, jitter = 0 } = this.#options
    return (typeof everyMs === 'number' ? everyMs : everyMs()) * (1 - jitter * Math.random())
  }

  #schedule(waitMs: number): void {
    clearTimeout(this.#timer)
    this.#dueMs = performance.now() + waitMs
    this.#timer = startTimer(waitMs, () => this.#runAndLog())
  }
}
