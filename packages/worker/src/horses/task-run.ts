import { type Clock, SECOND_MS } from '@rq/core'
import type { ErrorFacts } from '@rq/queue/run'
import { InvalidMessage } from '../inside-horse/invalid-message.ts'
import type { AbortReason, Phase, Task, TaskEnd } from '../inside-horse/protocol.ts'
import type { KilledTask } from './killed-task.ts'
import { firstPhase, laterPhases, type PhaseLimit } from './phases.ts'

/**
 * How a task ended:
 * - `ended`: its horse reported the end; `aborted` says why the task was asked to end, if it was;
 * - `killed`: its horse was lost while the task ran;
 * - `canceled`: it was aborted before it began;
 * - `returned`: no horse began it, and none will.
 */
export type TaskOutcome =
  | { readonly kind: 'ended'; readonly end: TaskEnd; readonly aborted: AbortReason | undefined }
  | { readonly kind: 'killed'; readonly killed: KilledTask }
  | { readonly kind: 'canceled'; readonly reason: AbortReason }
  | { readonly kind: 'returned' }

/** How long a task may take to end after it was asked to. */
const GRACE_MS = 500

/** Called once, with the outcome of a task. Must not throw. A callback, since each promise of a job costs it more. */
export type OnOutcome = (outcome: TaskOutcome) => void

/**
 * One task from the moment the pool accepts it until its {@link end}, with its time limits. The clock starts when
 * the horse reports that the task begins. At the limit the task is asked to end, and after a grace it is due to be
 * killed; each callback has a limit of its own. Times are monotonic milliseconds unless the name says otherwise.
 */
export class TaskRun {
  readonly task: Task
  readonly #onOutcome: OnOutcome
  #begunMs: number | undefined
  #startedAtMs = 0
  #begunBeside = 1
  #phase: Phase
  #timeoutS: number
  /** The phases that may still come. Most tasks have none, and need no list. */
  #later: readonly PhaseLimit[] | undefined
  #deadlineMs = Number.POSITIVE_INFINITY
  #killMs = Number.POSITIVE_INFINITY
  #aborted: AbortReason | undefined
  #canceled: AbortReason | undefined
  #canceledWhy: string | undefined
  #failedBy: ErrorFacts | undefined
  #exposedTo: readonly string[] | undefined
  /** Whether it ran before, and its horse was killed in doubt. */
  readonly isSecond: boolean

  constructor(task: Task, onOutcome: OnOutcome, isSecond = false) {
    this.task = task
    this.isSecond = isSecond
    this.#onOutcome = onOutcome
    const { phase, timeoutS } = firstPhase(task)
    this.#phase = phase
    this.#timeoutS = timeoutS
  }

  get id(): string {
    return this.task.id
  }

  /** Undefined until it has begun. */
  get begunMs(): number | undefined {
    return this.#begunMs
  }

  /** When it began, by the wall clock. */
  get startedAtMs(): number {
    return this.#startedAtMs
  }

  get phase(): Phase {
    return this.#phase
  }

  /** The limit of the current phase, in seconds. */
  get timeoutS(): number {
    return this.#timeoutS
  }

  /** Why the running task was asked to end. */
  get aborted(): AbortReason | undefined {
    return this.#aborted
  }

  /** Why the task must not begin. */
  get canceled(): AbortReason | undefined {
    return this.#canceled
  }

  /** What the one who stopped a job said that must not begin. */
  get canceledWhy(): string | undefined {
    return this.#canceledWhy
  }

  /** The error of an attempt that has already failed, while its failure callback or handlers run. */
  get failedBy(): ErrorFacts | undefined {
    return this.#failedBy
  }

  /**
   * Set while it gives the event loop away where earlier jobs may have left something behind: the last of these jobs,
   * as far as they are known.
   */
  get exposedTo(): readonly string[] | undefined {
    return this.#exposedTo
  }

  /** How many tasks ran in its horse when it began, with itself. */
  get begunBeside(): number {
    return this.#begunBeside
  }

  begin(clock: Clock, begunBeside: number): void {
    this.#begunBeside = begunBeside
    this.#begunMs = clock.monotonicMs()
    this.#startedAtMs = clock.nowMs()
    this.#deadlineMs = this.#begunMs + limitMs(this.#timeoutS)
  }

  /**
   * A callback or a handler begins. The horse enforces its limit itself, so the worker adds a grace to it.
   * @param handlers - how many exception handlers the horse has.
   * @returns false, and changes nothing, when the task has no such phase to come.
   */
  enter(phase: Phase, failedBy: ErrorFacts | undefined, handlers: number, nowMs: number): boolean {
    this.#later ??= laterPhases(this.task, handlers)
    const at = this.#later.findIndex((later) => later.phase === phase)
    const entered = this.#later[at]
    if (entered === undefined) return false
    this.#later = this.#later.slice(at + 1)
    this.#phase = phase
    this.#timeoutS = entered.timeoutS
    this.#failedBy = failedBy ?? this.#failedBy
    this.#deadlineMs = nowMs + limitMs(entered.timeoutS) + GRACE_MS
    if (this.#aborted !== undefined) this.#killMs = this.#deadlineMs
    return true
  }

  /** What these jobs left behind may block it from now on; undefined: nothing but itself. */
  expose(earlierJobs: readonly string[] | undefined): void {
    this.#exposedTo = earlierJobs
  }

  /**
   * Whether it may not be to blame when its horse has to be killed at its time limit. A horse whose event loop turns
   * ends the task in time, whatever the task does; so the horse is blocked, and surely by the task if that has not
   * given the event loop away.
   */
  get isDoubtful(): boolean {
    return this.#aborted === 'timeout' && this.#exposedTo !== undefined && !this.isSecond
  }

  /** The same task from its beginning, for another horse. */
  again(): TaskRun {
    return new TaskRun(this.task, this.#onOutcome, true)
  }

  /** Note that the running task is asked to end. Returns false when it was before. */
  abort(reason: AbortReason, nowMs: number): boolean {
    if (this.#aborted !== undefined) return false
    this.#aborted = reason
    this.#killMs = nowMs + GRACE_MS
    return true
  }

  /** Note that the task must not begin. The first reason counts. */
  cancel(reason: AbortReason, why?: string): void {
    if (this.#canceled !== undefined) return
    this.#canceled = reason
    this.#canceledWhy = why
  }

  isOverdue(nowMs: number): boolean {
    return nowMs >= this.#deadlineMs
  }

  /** Whether it was asked to end and its grace is over. */
  isDueToBeKilled(nowMs: number): boolean {
    return nowMs >= this.#killMs
  }

  /** @throws InvalidMessage when this end does not fit the task. */
  checkEnd({ chainEnded, outcome }: TaskEnd): void {
    if (this.#begunMs === undefined) throw new InvalidMessage('a task ends that has not begun')
    if (chainEnded === true && this.#phase !== 'handlers') throw new InvalidMessage('no exception handler has begun')
    if (outcome?.kind === 'stopped' && this.#aborted !== 'stopped') {
      throw new InvalidMessage('nobody has stopped the task')
    }
  }

  /** Report how it ended. */
  end(outcome: TaskOutcome): void {
    this.#onOutcome(outcome)
  }
}

/** -1 means no limit. */
function limitMs(timeoutS: number): number {
  return timeoutS < 0 ? Number.POSITIVE_INFINITY : timeoutS * SECOND_MS
}
