import { Backoff, type Clock, type Logger, RqError, SECOND_MS } from '@rq/core'
import type { Horse } from './horse.ts'
import type { HorseExit } from './horse-port.ts'

/** A horse that ends by itself within this time without having done a job counts as one that could not be started. */
const YOUNG_MS = 5 * SECOND_MS
const MOST_FAILURES = 5
/** Failures further apart than this have nothing to do with each other. */
const FORGET_MS = 60 * SECOND_MS

/** Keeps horses that cannot be started (bad `imports`) from being started in a hot loop. */
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

  /** A horse has done something: starting works. */
  reset(): void {
    this.#backoff.reset()
  }

  /** How long to wait before the next start, in milliseconds; 0 while all is well. */
  waitMs(): number {
    return this.#backoff.tries === 0 ? 0 : Math.max(0, this.#failedMs + this.#waitMs - this.#clock.monotonicMs())
  }

  /**
   * A horse has ended. Those that were started together and failed together count as one failure.
   * @returns the error to give up with, after too many in a row.
   */
  judge(horse: Horse, exit: HorseExit, wasBusy: boolean): RqError | undefined {
    const nowMs = this.#clock.monotonicMs()
    const { killCause, startedMs } = horse
    const isWanted = killCause !== undefined && killCause !== 'start_timeout'
    const isUnused = horse.jobsDone === 0 && !wasBusy && (nowMs - startedMs < YOUNG_MS || killCause === 'start_timeout')
    if (isWanted || !isUnused || startedMs < this.#failedMs) return undefined
    if (nowMs - this.#failedMs > FORGET_MS) this.#backoff.reset()
    this.#failedMs = nowMs
    this.#waitMs = this.#backoff.nextMs()
    const reason = horse.fatal ?? exit.cause?.message ?? `exit code ${exit.code}, signal ${exit.signal}`
    this.#logger.error('A work-horse ended while it started', { reason })
    if (this.#backoff.tries < MOST_FAILURES) return undefined
    return new RqError(
      'RQ_HORSE_TERMINATED',
      `No work-horse could be started, ${MOST_FAILURES} times in a row. Check the modules given as imports, and the serializer. The last one ended by: ${reason}`,
    )
  }
}
