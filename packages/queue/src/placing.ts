import { RqError } from '@rq/core'
import { dependencyCycle, type JobRecord, type NewJob, type Placement, type QueueStore } from '@rq/job'
import { MOST_PER_CALL } from './enqueue-batch.ts'
import { DuplicateJobError } from './job-errors.ts'

/**
 * The record as the store placed it.
 * @throws DuplicateJobError, RqError `RQ_INVALID_OPTION` (cycle): nothing was written.
 */
export function accept({ record }: NewJob, placement: Placement): JobRecord {
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

/** The record as it will probably be placed, when a caller's pipeline keeps the answer. */
export function assume({ record, dueMs, delayMs }: NewJob): JobRecord {
  if (dueMs !== undefined || delayMs !== undefined) record.status = 'scheduled'
  else if (record.dependencyIds !== undefined) record.status = 'deferred'
  else if (record.rateLimit !== undefined) record.status = 'rate_limited'
  else record.status = 'queued'
  if (record.status === 'queued') record.enqueuedAtMs = Date.now()
  return record
}

/** Calls under way at once, where no job needs the jobs of an earlier call to be there. */
const IN_FLIGHT = 2

/**
 * Enqueue a long list in calls of up to 500. Sets the status in each record.
 * @throws the first error, when no call is under way any more; nothing is sent after it.
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
        const placements = await queues.enqueue(chunk)
        placeAll(chunk, placements)
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  const ends = await Promise.allSettled(Array.from({ length: inFlight }, send))
  for (const end of ends) if (end.status === 'rejected') throw end.reason
}

/** Every job that was placed says so before the first that was not throws. */
function placeAll(chunk: readonly NewJob[], placements: readonly Placement[]): void {
  let refusal: unknown
  for (const [index, job] of chunk.entries()) {
    const placement = placements[index]
    if (placement === undefined) throw new RqError('RQ_REDIS', 'The store did not say what became of a job.')
    try {
      accept(job, placement)
    } catch (error) {
      refusal ??= error
    }
  }
  if (refusal !== undefined) throw refusal
}
