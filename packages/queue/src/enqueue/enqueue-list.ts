import type { NewJob, Placement, QueueStore } from '@rq/job'
import { MOST_PER_CALL } from './enqueue-batch.ts'
import type { EnqueuedList } from './list-outcome.ts'

/** Calls in flight at once, unless a job needs the jobs of an earlier call to be stored. */
const IN_FLIGHT = 2

/**
 * Enqueue a long list in calls of up to 500. Sets the status in each record. A job that the store refuses does not keep
 * others from being sent; another error ends the list.
 * @param list gets what became of each job, when no call is in flight any more.
 */
export async function enqueueInChunks(queues: QueueStore, jobs: readonly NewJob[], list: EnqueuedList): Promise<void> {
  const inFlight = jobs.some((job) => job.record.dependencyIds !== undefined) ? 1 : IN_FLIGHT
  let next = 0
  async function send(): Promise<void> {
    while (next < jobs.length && !list.hasFailed) {
      const chunk = jobs.slice(next, next + MOST_PER_CALL)
      next += MOST_PER_CALL
      try {
        const placements = await queues.enqueue(chunk)
        for (const [index, job] of chunk.entries()) list.place(job, placements[index] as Placement)
      } catch (error) {
        list.fail(chunk, error)
      }
    }
  }
  await Promise.all(Array.from({ length: inFlight }, send))
  list.leave(jobs.slice(next))
}

/**
 * Run the jobs of a list in this process, one after the other. A job that is refused does not keep others from being
 * run; another error ends the list.
 * @param list gets what became of each job.
 */
export async function runList(
  jobs: readonly NewJob[],
  run: (job: NewJob) => Promise<unknown>,
  list: EnqueuedList,
): Promise<void> {
  for (const [index, job] of jobs.entries()) {
    try {
      await run(job)
      list.written(job)
    } catch (error) {
      if (list.refuse(job, error)) continue
      list.fail([job], error)
      list.leave(jobs.slice(index + 1))
      break
    }
  }
}
