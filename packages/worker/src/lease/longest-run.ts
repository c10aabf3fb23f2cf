import { SECOND_MS } from '@rq/core'
import { DEFAULT_CALLBACK_TIMEOUT_S, DEFAULT_TIMEOUT_S, type JobRecord } from '@rq/job'

/** How long a job may block its worker's event loop, callbacks included, in milliseconds; Infinity = forever. */
export function longestRunMs({ onFailure, onSuccess, onStopped, timeoutS }: JobRecord): number {
  // RQ treats 0 and an absent timeout as its default.
  const limits = [timeoutS || DEFAULT_TIMEOUT_S]
  for (const callback of [onSuccess, onFailure, onStopped]) {
    if (callback !== undefined) limits.push(callback.timeoutS ?? DEFAULT_CALLBACK_TIMEOUT_S)
  }
  if (limits.some((limitS) => limitS < 0)) return Number.POSITIVE_INFINITY
  return limits.reduce((sum, limitS) => sum + limitS, 0) * SECOND_MS
}
