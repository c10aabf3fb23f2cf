import { type Clock, SECOND_MS } from '@rq/core'
import { DEFAULT_CALLBACK_TIMEOUT_S, DEFAULT_TIMEOUT_S } from '@rq/job'
import type { AbortReason, ErrorFacts, Phase, Task } from '../inside-horse/protocol.ts'

/** How long a task may take to end after it was asked to. */
const GRACE_MS = 500

/**
 * A task in the hands of a horse, and its clock, which starts when the horse says that it begins. At its limit it is
 * asked to end, and after a grace it is due to be killed; each callback has a limit of its own. Times are monotonic
 * milliseconds.
 */
export class HandedTask {
  readonly task: Task
  #begunMs: number | undefined
  #startedAtMs = 0
  #phase: Phase
  #timeoutS: number
  #deadlineMs = Number.POSITIVE_INFINITY
  #killMs = Number.POSITIVE_INFINITY
  #aborted: AbortReason | undefined
  #failedBy: ErrorFacts | undefined

  constructor(task: Task) {
    this.task = task
    const [phase, timeoutS] = firstLimit(task)
    this.#phase = phase
    this.#timeoutS = timeoutS
  }

  /** Undefined until it has begun. */
  get begunMs(): number | undefined {
    return this.#begunMs
  }

  /** Wall clock. */
  get startedAtMs(): number {
    return this.#startedAtMs
  }

  get phase(): Phase {
    return this.#phase
  }

  /** Seconds; the limit of what runs now. */
  get timeoutS(): number {
    return this.#timeoutS
  }

  /** Why it was asked to end. */
  get aborted(): AbortReason | undefined {
    return this.#aborted
  }

  /** The attempt has failed by this, whatever comes. */
  get failedBy(): ErrorFacts | undefined {
    return this.#failedBy
  }

  begin(clock: Clock): void {
    this.#begunMs = clock.monotonicMs()
    this.#startedAtMs = clock.nowMs()
    this.#deadlineMs = this.#begunMs + limitMs(this.#timeoutS)
  }

  /** A callback begins. Its horse ends it by itself at its limit, so from here this is done a grace later. */
  enter(phase: Phase, timeoutS: number, failedBy: ErrorFacts | undefined, nowMs: number): void {
    this.#phase = phase
    this.#timeoutS = timeoutS
    this.#failedBy = failedBy ?? this.#failedBy
    this.#deadlineMs = nowMs + limitMs(timeoutS) + GRACE_MS
    if (this.#aborted !== undefined) this.#killMs = this.#deadlineMs
  }

  /** It is asked to end. False if it has been before. */
  abort(reason: AbortReason, nowMs: number): boolean {
    if (this.#aborted !== undefined) return false
    this.#aborted = reason
    this.#killMs = nowMs + GRACE_MS
    return true
  }

  isOverdue(nowMs: number): boolean {
    return nowMs >= this.#deadlineMs
  }

  /** Asked to end, and past the grace. */
  isDueToBeKilled(nowMs: number): boolean {
    return nowMs >= this.#killMs
  }
}

function firstLimit({ kind, record }: Task): [Phase, number] {
  switch (kind) {
    case 'failure_callback':
      return [kind, record.onFailure?.timeoutS ?? DEFAULT_CALLBACK_TIMEOUT_S]
    case 'stopped_callback':
      return [kind, record.onStopped?.timeoutS ?? DEFAULT_CALLBACK_TIMEOUT_S]
    case 'job':
      // RQ takes 0 and nothing for its default.
      return ['function', record.timeoutS || DEFAULT_TIMEOUT_S]
  }
}

/** -1 means no limit. */
function limitMs(timeoutS: number): number {
  return timeoutS < 0 ? Number.POSITIVE_INFINITY : timeoutS * SECOND_MS
}
