import type { JobRecord } from '@rq/job'

/** A job that was lost with this many workers is not run again. */
export const POISON_COUNT = 3

/** Whether a job was lost with so many workers that it is not run again. */
export function isPoisoned({ abandonedCount = 0 }: JobRecord): boolean {
  return abandonedCount >= POISON_COUNT
}
