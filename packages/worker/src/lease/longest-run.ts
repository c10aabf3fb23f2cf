import { SECOND_MS } from '@rq/core'
import { type CallbackRecord, DEFAULT_CALLBACK_TIMEOUT_S, DEFAULT_TIMEOUT_S, type JobRecord } from '@rq/job'

/** How long a job may block its worker's event loop, callbacks included, in milliseconds; Infinity = forever. */
export function longestRunMs({ onFailure, onSuccess, onStopped, timeoutS }: JobRecord): number {
  // RQ treats 0 and an absent timeout as its default.
  const ownMs = limitMs(timeoutS || DEFAULT_TIMEOUT_S)
  return ownMs + callbackMs(onSuccess) + callbackMs(onFailure) + callbackMs(onStopped)
}

function callbackMs(callback: CallbackRecord | undefined): number {
  return callback === undefined ? 0 : limitMs(callback.timeoutS ?? DEFAULT_CALLBACK_TIMEOUT_S)
}

function limitMs(seconds: number): number {
  return seconds < 0 ? Number.POSITIVE_INFINITY : seconds * SECOND_MS
}
