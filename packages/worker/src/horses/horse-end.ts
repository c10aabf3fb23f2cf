import { show } from '@rq/core'
import { InvalidMessage } from '../inside-horse/invalid-message.ts'
import type { HorseExit } from './horse-port.ts'
import type { HorseRuns } from './horse-runs.ts'
import { isAbortReason, type KillCause, type KilledTask } from './killed-task.ts'
import type { TaskRun } from './task-run.ts'

/** Why a horse ends, for those who only read it. */
export type EndFacts = Pick<HorseEnd, 'fatal' | 'invalid' | 'invalidFrom' | 'isInDoubt' | 'killCause' | 'leftoverOf'>

/** Why one horse ends, and which of its jobs is to blame. What comes first counts, whatever follows from it. */
export class HorseEnd {
  readonly #runs: HorseRuns
  #killCause: KillCause | undefined
  /** The task that it is killed for, if that is perhaps not to blame. */
  #doubtful: TaskRun | undefined
  #fatal: string | undefined
  /** The id of the job that made the horse end. */
  #culprit: string | undefined
  #isByLeftover = false
  /** Whether a task has ended in it. */
  #hasEndedTask = false
  #invalid: InvalidMessage | undefined
  #invalidFrom: string | undefined

  constructor(runs: HorseRuns) {
    this.#runs = runs
  }

  /** Why its worker killed it, if it did. */
  get killCause(): KillCause | undefined {
    return this.#killCause
  }

  /** The uncaught error that ends it. */
  get fatal(): string | undefined {
    return this.#fatal
  }

  /** The job that ended the horse by what it had left behind. Known when the horse is gone. */
  get leftoverOf(): string | undefined {
    return this.#isByLeftover ? this.#culprit : undefined
  }

  get invalid(): InvalidMessage | undefined {
    return this.#invalid
  }

  /** The id of the job that ran when the invalid message came. */
  get invalidFrom(): string | undefined {
    return this.#invalidFrom
  }

  /** Whether it is being killed, and a task of it will have to run again in an unused horse. */
  get isInDoubt(): boolean {
    return this.#doubtful !== undefined && this.#runs.get(this.#doubtful.id) !== undefined
  }

  isDoubtful(run: TaskRun): boolean {
    return run === this.#doubtful
  }

  /** Its worker kills it. */
  kill(cause: KillCause): void {
    if (this.#killCause !== undefined) return
    this.#killCause = cause
    this.#doubtful = cause === 'timeout' ? [...this.#runs].find(({ isDoubtful }) => isDoubtful) : undefined
  }

  /** Its message cannot be right. `from`: the job that runs. */
  refuse(error: unknown, from: string | undefined): void {
    this.#invalidFrom ??= from
    this.#invalid ??=
      error instanceof InvalidMessage ? error : new InvalidMessage(`it failed with ${show(String(error))}`)
  }

  /** It reports an uncaught error. */
  fail(error: string, culprit: string | undefined): void {
    this.#fatal = error
    this.#culprit = culprit
  }

  /** It reports that it ends. */
  exit(culprit: string | undefined): void {
    this.#culprit ??= culprit
  }

  taskEnded(): void {
    this.#hasEndedTask = true
  }

  /** It is gone, and has the tasks that it had then. */
  gone(): void {
    // Where no task has ended, only one that runs can have ended it, whatever it says.
    this.#isByLeftover =
      this.#killCause === undefined &&
      this.#hasEndedTask &&
      this.#culprit !== undefined &&
      !this.#runs.isRunning(this.#culprit)
  }

  /** What is known of a task that ran when the horse was lost. */
  killed(run: TaskRun, exit: HorseExit, pid: number | undefined): KilledTask {
    const { aborted, failedBy, phase, startedAtMs, timeoutS } = run
    const cause = this.#killCause ?? 'exit'
    const isOthersFault = this.#isByLeftover || cause === 'silent' || (isAbortReason(cause) && cause !== aborted)
    return {
      // A task that began while its horse ended because of another task, or of silence, is run again.
      cause: isOthersFault ? 'shutdown' : cause,
      exit,
      pid,
      phase,
      timeoutS,
      startedAtMs,
      ...(failedBy === undefined ? {} : { failedBy }),
      ...(this.#fatal === undefined ? {} : { fatal: this.#fatal }),
      ...(cause === 'invalid_message' && this.#invalid !== undefined && { invalid: this.#invalid }),
    }
  }
}
