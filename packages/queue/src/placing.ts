import { dependencyCycle, type JobRecord, type NewJob, type Placement, type QueueStore } from '@rq/job'
import { MOST_PER_CALL } from './enqueue-batch.ts'
import { DuplicateJobError } from './job-errors.ts'

/**
 * Set the status of a job's record to where the store placed the job.
 * @returns the record.
 * @throws DuplicateJobError, RqError `RQ_INVALID_OPTION` (cycle): nothing was written.
 */
export function setPlacement({ record }: NewJob, placement: Placement): JobRecord {
  switch (placement) {
    case 'duplicate':
      throw new DuplicateJobError(record.id)
    case 'cycle':
      throw dependencyCycle([record.id, ...(record.dependencyIds ?? [])])
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

/** Calls in flight at once, unless a job needs the jobs of an earlier call to be stored. */
const IN_FLIGHT = 2

/**
 * Enqueue a long list in calls of up to 500. Sets the status in each record.
 * @throws the first error, when no call is in flight any more; sends nothing after an error.
 */
export async function enqueueInChunks(queues: QueueStore, jobs: readonly NewJob[]): Promise<void> {
  const inFlight = jobs.some((job) => job.record.dependencyIds !== undefined) ? 1 : IN_FLIGHT
  let next = 0
  let failed = false
  async function send(): Promise<void> {
    while (next < jobs.length && !failed) {
      const chunk = jobs.slice(next, next + MOST_PER_CALL)
      next += MOST_PER_CALL
      try {
        setPlacements(chunk, await queues.enqueue(chunk))
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  const ends = await Promise.allSettled(Array.from({ length: inFlight }, send))
  for (const end of ends) if (end.status === 'rejected') throw end.reason
}

/** Sets the status of every job that was placed, then throws for the first one that was refused. */
function setPlacements(chunk: readonly NewJob[], placements: readonly Placement[]): void {
  let refusal: unknown
  for (const [index, job] of chunk.entries()) {
    try {
      setPlacement(job, placements[index] as Placement)
    } catch (error) {
      refusal ??= error
    }
  }
  if (refusal !== undefined) throw refusal
}
