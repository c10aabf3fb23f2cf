import type { ErrorFacts } from '@rq/queue/run'
import type { InvalidMessage } from '../inside-horse/invalid-message.ts'
import type { AbortReason, Phase } from '../inside-horse/protocol.ts'
import type { HorseExit } from './horse-port.ts'

/**
 * Why the worker ends a horse. `silent`: it was given a task and did not begin it. `invalid_message`: what it sent is
 * no message, or does not fit what it was given to do. `setup_failed`: it cannot set up what its jobs need.
 */
export type KillCause =
  | AbortReason
  | 'kill_horse'
  | 'shutdown'
  | 'leaking'
  | 'invalid_message'
  | 'start_timeout'
  | 'setup_failed'
  | 'silent'

/** The facts about a task whose horse was lost while the task ran. */
export interface KilledTask {
  /** `exit`: the horse ended without being killed by its worker. */
  readonly cause: KillCause | 'exit'
  readonly exit: HorseExit
  readonly pid: number | undefined
  /** What was running. */
  readonly phase: Phase
  /** The limit of the phase, in seconds. */
  readonly timeoutS: number
  /** The error of the attempt, if it had already failed. */
  readonly failedBy?: ErrorFacts
  /** The uncaught error that ended the horse. */
  readonly fatal?: string
  /** What is wrong with the message that it was killed for. */
  readonly invalid?: InvalidMessage
  readonly startedAtMs: number
}

/** Whether a horse was killed because of one of its tasks. */
export function isAbortReason(cause: KillCause | 'exit'): cause is AbortReason {
  return cause === 'timeout' || cause === 'stopped' || cause === 'lease_lost'
}
