import type { FromHorse, SetupError, TaskEnd } from '../inside-horse/protocol.ts'
import type { Horse } from './horse.ts'
import type { HorseExit } from './horse-port.ts'
import type { TaskRun } from './task-run.ts'

export type HorseCall = Extract<FromHorse, { type: 'call' }>
export type HorseWarning = Extract<FromHorse, { type: 'warning' }>

/** What a horse reports to its pool. */
export interface HorseOwner {
  /** The horse takes tasks now. `jobNames`: those of the jobs that the option `jobs` has defined. */
  onReady(horse: Horse, jobNames: readonly string[] | undefined): void
  /** The horse cannot set up what its jobs need, and is killed. */
  onSetupFailed(error: SetupError): void
  onBegin(horse: Horse, run: TaskRun): void
  /** A task has ended in an orderly way, and has reported its outcome. `atOnce`: how many ran at once, about. */
  onEnd(run: TaskRun, end: TaskEnd, atOnce: number): void
  /** After a message with ends and beginnings was processed: the horse may have room, or be worn out. */
  onProgress(horse: Horse): void
  /** The horse takes no more tasks. */
  onLeaving(horse: Horse): void
  /** These tasks had not begun, and will not begin in this horse. */
  onReleased(runs: readonly TaskRun[]): void
  onWarning(warning: HorseWarning): void
  /** An exception handler cannot be loaded. */
  onBadHandler(error: string): void
  /** A job in the horse calls the store. */
  onCall(horse: Horse, call: HorseCall): void
  /**
   * The horse is gone. It was blocked at the time limit of this task, perhaps by what an earlier job left behind: the
   * task has to run again where nothing ran before.
   */
  onDoubt(horse: Horse, run: TaskRun): void
  /** The horse is gone, and the tasks that ran in it were killed. `unbegun` had not begun. */
  onGone(horse: Horse, exit: HorseExit, wasBusy: boolean, unbegun: readonly TaskRun[]): void
}
