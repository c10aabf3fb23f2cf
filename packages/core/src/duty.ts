import { FailureLog } from './failure-log.ts'
import type { Logger } from './logger.ts'

/** A background task with a life of its own. It can be started and stopped any number of times, in any order. */
export interface Duty {
  /** Returns at once. Does nothing when it is running already. */
  start(): void
  /** No further run begins. Resolves when the one under way is over; never rejects. */
  stop(): Promise<void>
  /** Do the work now, started or not. Rejects with the error of the work. */
  runOnce(): Promise<unknown>
}

export interface PeriodicDutyOptions {
  /** The subject of log lines, such as `The heartbeat`. */
  readonly name: string
  /** From the end of one run to the start of the next. */
  readonly everyMs: number
  /** The part of the wait that is random, 0 to 1, so that many workers do not run in step. Default 0. */
  readonly jitter?: number
  /** Run at once when started. Default false: after one interval. */
  readonly atStart?: boolean
  /** The work. A run that rejects is logged, once until it works again, and retried after the interval. */
  readonly run: () => Promise<void>
  /** Called after each run, whether it succeeded or not. */
  readonly onDone?: () => void
  readonly logger: Logger
}

/** A {@link Duty} that repeats its work at an interval. There is never more than one run at a time. */
export class PeriodicDuty implements Duty {
  readonly #options: PeriodicDutyOptions
  readonly #failures: FailureLog
  #timer: NodeJS.Timeout | undefined
  #isStarted = false
  #running: Promise<void> | undefined
  #soonMs: number | undefined

  constructor(options: PeriodicDutyOptions) {
    this.#options = options
    this.#failures = new FailureLog(options.logger, options.name)
  }

  get isRunning(): boolean {
    return this.#running !== undefined
  }

  start(): void {
    if (this.#isStarted) return
    this.#isStarted = true
    if (this.#options.atStart === true) void this.#runAndSchedule()
    else this.#schedule()
  }

  /** The run under way may take for ever: a store may not answer. Give the wait a limit. */
  async stop(): Promise<void> {
    this.#isStarted = false
    this.#soonMs = undefined
    clearTimeout(this.#timer)
    await this.#running?.catch(() => {})
  }

  /** Callers during a run share it. */
  runOnce(): Promise<void> {
    this.#running ??= this.#run()
    return this.#running
  }

  /** Bring the next run forward: it begins within `ms` milliseconds. Does nothing when stopped. */
  runWithin(ms: number): void {
    if (!this.#isStarted || this.#soonMs !== undefined) return
    this.#soonMs = ms
    if (!this.isRunning) this.#schedule()
  }

  async #run(): Promise<void> {
    this.#soonMs = undefined
    try {
      await this.#options.run()
    } finally {
      this.#running = undefined
      if (this.#isStarted && this.#soonMs !== undefined) this.#schedule()
      this.#options.onDone?.()
    }
  }

  #schedule(): void {
    const { everyMs, jitter = 0 } = this.#options
    clearTimeout(this.#timer)
    const waitMs = this.#soonMs ?? everyMs * (1 - jitter * Math.random())
    this.#timer = setTimeout(() => void this.#runAndSchedule(), waitMs)
  }

  async #runAndSchedule(): Promise<void> {
    try {
      await this.runOnce()
      this.#failures.succeeded()
    } catch (error) {
      if (this.#isStarted) this.#failures.failed(error)
    }
    if (this.#isStarted) this.#schedule()
  }
}
