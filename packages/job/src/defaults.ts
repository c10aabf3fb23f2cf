import { DAY_MS, MINUTE_MS, SECOND_MS } from '@rq/core'

/** The queue of a program that names none, as in RQ. */
export const DEFAULT_QUEUE_NAME = 'default'
/** RQ's default timeout of a job, in seconds. */
export const DEFAULT_TIMEOUT_S = 180
/** How long RQ keeps a finished job, in seconds. */
export const DEFAULT_RESULT_TTL_S = 500
/** How long RQ keeps a failed job: a year, in seconds. */
export const DEFAULT_FAILURE_TTL_S = (365 * DAY_MS) / SECOND_MS
/** RQ's default timeout of a callback, in seconds. */
export const DEFAULT_CALLBACK_TIMEOUT_S = MINUTE_MS / SECOND_MS
/** Stands for "no limit" where RQ stores a number of seconds. */
export const UNLIMITED = -1
/** Number of results kept for one job; the oldest are dropped first. */
export const RESULT_HISTORY = 10
