import { DAY_MS, MINUTE_MS, SECOND_MS } from '@rq/core'

/** RQ's defaults, in seconds. */
export const DEFAULT_QUEUE_NAME = 'default'
export const DEFAULT_TIMEOUT_S = 180
export const DEFAULT_RESULT_TTL_S = 500
export const DEFAULT_FAILURE_TTL_S = (365 * DAY_MS) / SECOND_MS
export const DEFAULT_CALLBACK_TIMEOUT_S = MINUTE_MS / SECOND_MS
export const UNLIMITED = -1
/** Results kept for one job, newest first. */
export const RESULT_HISTORY = 10
