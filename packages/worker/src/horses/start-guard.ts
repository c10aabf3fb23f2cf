import { Backoff, type Clock, type Logger, RqError, SECOND_MS } from '@rq/core'
import type { Horse } from './horse.ts'
import type { HorseExit } from './horse-port.ts'

/** A horse that ends by itself within this time, without having done a job, counts as a failed start. */
const YOUNG_MS = 5 * SECOND_MS
const MOST_FAILURES = 5
/** Failures further apart than this are unrelated. */
const FORGET_MS = 60 * SECOND_MS

/** Slows down the restarts of horses that cannot be started (bad `imports`), and gives up after some. */
export class StartGuard {
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #backoff = new Backoff({ firstMs: 100, mostMs: 5 * SECOND_MS })
  #failedMs = Number.NEGATIVE_INFINITY
  #waitMs = 0

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock
    this.#logger = logger
  }

  /** A horse has finished a task, so starting works. */
  reset(): void {
    this.#backoff.reset()
  }

  /** How long to wait before the next start, in milliseconds; 0 when the last one did not fail. */
  waitMs(): number {
    return this.#backoff.tries === 0 ? 0 : Math.max(0, this.#failedMs + this.#waitMs - this.#clock.monotonicMs())
  }

  /**
   * Check how a horse ended. Horses that were started together and failed together count as one failure. One whose
   * setup failed is no reason to give up: what it needs, such as a database, may be back soon.
   * @returns the error to give up with, after too many failures in a row.
   */
  check(horse: Horse, exit: HorseExit, wasBusy: boolean): RqError | undefined {
    const nowMs = this.#clock.monotonicMs()
    const { startedMs } = horse
    const { fatal, killCause } = horse.end
    const hasNotStarted = killCause === 'start_timeout' || killCause === 'setup_failed'
    const isWanted = horse.hasQuit || (killCause !== undefined && !hasNotStarted)
    const isUnused = horse.jobsDone === 0 && !wasBusy && (nowMs - startedMs < YOUNG_MS || hasNotStarted)
    if (isWanted || !isUnused || startedMs < this.#failedMs) return undefined
    if (nowMs - this.#failedMs > FORGET_MS) this.#backoff.reset()
    this.#failedMs = nowMs
    this.#waitMs = this.#backoff.nextMs()
    const reason = fatal ?? exit.cause?.message ?? `exit code ${exit.code}, signal ${exit.signal}`
    this.#logger.error('A work-horse ended during its start', { reason })
    if (this.#backoff.tries < MOST_FAILURES || killCause === 'setup_failed') return undefined
    return new RqError(
      'RQ_HORSE_TERMINATED',
      `No work-horse could be started in ${MOST_FAILURES} attempts. Check the imports, the serializer, the codec and the jobs. The last attempt failed with: ${reason}`,
    )
  }
}
