import { type Clock, invalidOption, type Logger, maskUserInfo, SECOND_MS, startTimer } from '@rq/core'
import { errorMessage } from '@rq/queue/run'
import type { ClaimAnswer } from './held-queues.ts'

/** Whether jobs of a queue may be claimed now. See `canClaim` of the options of a worker. */
export type CanClaim = (queue: string) => boolean | Promise<boolean>

/** @throws RqError `RQ_INVALID_OPTION`. */
export function checkCanClaim(value: unknown): CanClaim | undefined {
  if (value === undefined || typeof value === 'function') return value as CanClaim | undefined
  throw invalidOption('canClaim', value, 'a function that returns true or false, or a promise of one')
}

export interface ClaimCheckOptions {
  readonly queue: string
  readonly canClaim: CanClaim
  readonly clock: Clock
  readonly logger: Logger
  /** Called with each answer, and when there was none in time. */
  readonly onAnswer: (answer: ClaimAnswer) => void
  /** Called when a promise has settled, or it is time to ask again. */
  readonly onNews: () => void
}

/** How long a yes counts. */
const YES_MS = 100
/** How long it counts while the next answer is awaited, so that a slow answer does not stop a busy worker. */
const OLD_YES_MS = SECOND_MS
/** How long a no counts, and a failure. */
const NO_MS = SECOND_MS
/** After so long without an answer the question has failed, and is asked again. */
const SILENT_MS = 10 * SECOND_MS

/**
 * Asks `canClaim` for one queue, when the worker is about to claim and the last answer is too old. Nothing is claimed
 * without a yes: not while there is no answer, and not after an error. One question at a time is under way.
 */
export class ClaimCheck {
  readonly #options: ClaimCheckOptions
  #isYes = false
  /** When the last answer came; undefined before the first. */
  #answeredMs: number | undefined
  /** Number of the last question. Answers to earlier ones do not count. */
  #asked = 0
  #isAsking = false
  #isFailing = false
  #timer: NodeJS.Timeout | undefined
  #isStopped = false

  constructor(options: ClaimCheckOptions) {
    this.#options = options
  }

  /** Whether the queue may be claimed from now. Asks if it has to. */
  mayClaim(): boolean {
    if (this.#isStopped) return false
    const nowMs = this.#options.clock.monotonicMs()
    if (!this.#isAsking && this.#ageMs(nowMs) >= (this.#isYes ? YES_MS : NO_MS)) this.#ask()
    return this.#isYes && this.#ageMs(nowMs) < (this.#isAsking ? OLD_YES_MS : YES_MS)
  }

  /** Ask no more. */
  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#timer)
  }

  #ageMs(nowMs: number): number {
    return this.#answeredMs === undefined ? Number.POSITIVE_INFINITY : nowMs - this.#answeredMs
  }

  #ask(): void {
    const { canClaim, queue } = this.#options
    const question = ++this.#asked
    this.#isAsking = true
    try {
      const answer: unknown = canClaim(queue)
      if (typeof answer === 'boolean') this.#answered(answer)
      else this.#await(question, Promise.resolve(answer))
    } catch (error) {
      this.#failed(errorMessage(error))
    }
  }

  #await(question: number, answer: Promise<unknown>): void {
    const ifLast = (take: () => void) => {
      if (question !== this.#asked || !this.#isAsking) return
      take()
      if (!this.#isStopped) this.#options.onNews()
    }
    this.#wakeIn(SILENT_MS, () => ifLast(() => this.#failed(`no answer for ${SILENT_MS / SECOND_MS} s`)))
    answer.then(
      (value) => ifLast(() => this.#answered(value)),
      (error) => ifLast(() => this.#failed(errorMessage(error))),
    )
  }

  #answered(answer: unknown): void {
    if (typeof answer !== 'boolean') {
      this.#failed(`it returned ${answer === null ? 'null' : `a value of type ${typeof answer}`}, not true or false`)
      return
    }
    const { logger, queue } = this.#options
    if (this.#isFailing) logger.info(`canClaim works again for the queue ${queue}`, { queue })
    this.#isFailing = false
    this.#note(answer ? undefined : 'no')
  }

  /** Logs the first of several failures. */
  #failed(reason: string): void {
    const { logger, queue } = this.#options
    const what = `canClaim failed for the queue ${queue}: nothing is claimed from it until canClaim works again`
    if (!this.#isFailing) logger.error(what, { queue, error: maskUserInfo(reason) })
    this.#isFailing = true
    this.#note('failed')
  }

  #note(answer: ClaimAnswer): void {
    this.#isAsking = false
    this.#isYes = answer === undefined
    this.#answeredMs = this.#options.clock.monotonicMs()
    clearTimeout(this.#timer)
    if (!this.#isYes) this.#wakeIn(NO_MS, this.#options.onNews)
    this.#options.onAnswer(answer)
  }

  #wakeIn(ms: number, wake: () => void): void {
    clearTimeout(this.#timer)
    if (!this.#isStopped) this.#timer = startTimer(ms, wake)
  }
}
