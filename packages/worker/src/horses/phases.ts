import { DEFAULT_CALLBACK_TIMEOUT_S, DEFAULT_TIMEOUT_S } from '@rq/job'
import { HANDLER_TIMEOUT_S, RETRY_CHECK_TIMEOUT_S } from '@rq/queue/run'
import type { Phase, Task } from '../inside-horse/protocol.ts'

/** A part of a task with its time limit. */
export interface PhaseLimit {
  readonly phase: Phase
  /** Seconds; -1 = no limit. */
  readonly timeoutS: number
}

/** The part that a task begins with. */
export function firstPhase({ kind, record }: Task): PhaseLimit {
  switch (kind) {
    case 'failure_callback':
      return { phase: kind, timeoutS: record.onFailure?.timeoutS ?? DEFAULT_CALLBACK_TIMEOUT_S }
    case 'stopped_callback':
      return { phase: kind, timeoutS: record.onStopped?.timeoutS ?? DEFAULT_CALLBACK_TIMEOUT_S }
    case 'job':
      // RQ treats 0 and an absent timeout as its default.
      return { phase: 'function', timeoutS: record.timeoutS || DEFAULT_TIMEOUT_S }
  }
}

/**
 * The parts that may come after it, in order: each once or not at all. The callback of a callback task is among them,
 * since it begins when its module is loaded.
 * @param handlers - how many exception handlers the horse has.
 */
export function laterPhases({ kind, record }: Task, handlers: number): readonly PhaseLimit[] {
  const { onFailure, onStopped, onSuccess, retryOn } = record
  const later: PhaseLimit[] = []
  if (kind === 'job' && onSuccess) later.push({ phase: 'success_callback', timeoutS: onSuccess.timeoutS })
  if (kind !== 'failure_callback' && onStopped) later.push({ phase: 'stopped_callback', timeoutS: onStopped.timeoutS })
  if (kind === 'stopped_callback') return later
  if (kind === 'job' && retryOn !== undefined) later.push({ phase: 'retry_check', timeoutS: RETRY_CHECK_TIMEOUT_S })
  if (onFailure) later.push({ phase: 'failure_callback', timeoutS: onFailure.timeoutS })
  for (let n = 0; n < handlers; n++) later.push({ phase: 'handlers', timeoutS: HANDLER_TIMEOUT_S })
  return later
}
