import type { CheckedOptions, JobRecord, NewJob } from '@rq/job'
import { newUniqueKey } from './unique-key.ts'

/** When a new job is due. */
export type DueTime = Pick<NewJob, 'dueMs' | 'delayMs'>

export const AT_ONCE: DueTime = {}

/**
 * A record with what a store has to know to enqueue it.
 * @param hasNewId whether the id was made for this job, so that no other one can have it.
 */
export function newJobOf(record: JobRecord, options: CheckedOptions, hasNewId: boolean, time: DueTime): NewJob {
  const atFront = options.atFront || record.enqueueAtFront === true
  const { unique } = options
  if (typeof unique !== 'object') return { record, atFront, unique, hasNewId, ...time }
  return { record, atFront, unique: false, uniqueKey: newUniqueKey(unique), hasNewId, ...time }
}
