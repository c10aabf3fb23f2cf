import type { Logger } from '@rq/core'

export interface DutyOptions {
  /** For the log. */
  readonly name: string
  /** From the end of one run to the start of the next. */
  readonly everyMs: number
  /** Part of the wait that is left to chance, 0 to 1, so that many workers do not come at once. Default 0. */
  readonly jitter?: number
  /** Run at once when it starts. Default false: after one interval. */
  readonly atStart?: boolean
  readonly runOnce: () => Promise<void>
  /** Called after each run, when it counts as over. */
  readonly onDone?: () => void
  readonly logger: Logger
}

/** Something done over and over beside the main loop. One run at a time; a run that fails is logged and tried again. */
export class Duty {
  readonly #options: DutyOptions
  #timer: NodeJS.Timeout | undefined
  #stopped = true
  #failing = false
  #running: Promise<void> | undefined

  constructor(options: DutyOptions) {
    this.#options = options
  }

  /** Returns at once. */
  start(): void {
    if (!this.#stopped) return
    this.#stopped = false
    if (this.#options.atStart === true) void this.#runAndSchedule()
    else this.#schedule()
  }

  /** No further run begins. Resolves when the one under way is over, which may be never: the store may not answer. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    await this.#running
  }

  get isRunning(): boolean {
    return this.#running !== undefined
  }

  /** Never rejects. */
  async runOnce(): Promise<void> {
    this.#running = this.#run()
    await this.#running
    this.#running = undefined
    this.#options.onDone?.()
  }

  async #run(): Promise<void> {
    const { logger, name, runOnce } = this.#options
    try {
      await runOnce()
      this.#failing = false
    } catch (error) {
      if (!this.#failing && !this.#stopped) {
        logger.warn(`The worker's ${name} failed; it will be tried again`, { error: String(error) })
      }
      this.#failing = true
    }
  }

  #schedule(): void {
    const { everyMs, jitter = 0 } = this.#options
    const waitMs = everyMs * (1 - jitter * Math.random())
    this.#timer = setTimeout(() => void this.#runAndSchedule(), waitMs)
  }

  async #runAndSchedule(): Promise<void> {
    await this.runOnce()
    if (!this.#stopped) this.#schedule()
  }
}
