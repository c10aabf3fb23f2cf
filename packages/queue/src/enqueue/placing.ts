import { dependencyCycle, type JobRecord, type NewJob, type Placement, tooManyDependencies } from '@rq/job'
import { DuplicateJobError, duplicateOfKey } from '../failure/job-errors.ts'

/**
 * Set the status of a job's record to where the store placed the job.
 * @returns the record.
 * @throws DuplicateJobError, RqError `RQ_INVALID_OPTION` (cycle), `RQ_TOO_MANY_DEPENDENCIES`: nothing was written.
 */
export function setPlacement({ record }: NewJob, placement: Placement): JobRecord {
  if (typeof placement === 'object') throw duplicateOfKey(record, placement.duplicateOf)
  switch (placement) {
    case 'duplicate':
      throw new DuplicateJobError(record.id)
    case 'cycle':
      throw dependencyCycle([record.id, ...(record.dependencyIds ?? [])])
    case 'too_many':
      throw tooManyDependencies(record.id)
    default:
      record.status = placement
      if (placement === 'queued') record.enqueuedAtMs = Date.now()
      return record
  }
}

/**
 * Where the store will probably place a job that goes into a caller's pipeline, which keeps the store's answer to
 * itself.
 */
export function expectedPlacement({ record, dueMs, delayMs }: NewJob): Placement {
  if (dueMs !== undefined || delayMs !== undefined) return 'scheduled'
  if (record.dependencyIds !== undefined) return 'deferred'
  return record.rateLimit !== undefined ? 'rate_limited' : 'queued'
}
