import type { JobRecord } from '@rq/job'
import type { JobContext } from '../context.ts'
import { DEFAULT_SIZE_LIMITS } from '../payload/size-limits.ts'

/**
 * Read stored jobs for handles, in the order of `ids`; undefined where there is no such job. Payloads above the limits
 * of the context stay in the store: a handle says so when they are read.
 */
export function fetchRecords(ids: readonly string[], context: JobContext): Promise<(JobRecord | undefined)[]> {
  const { limits = DEFAULT_SIZE_LIMITS, storage } = context
  return storage.jobs.fetch(ids, limits.largest)
}
