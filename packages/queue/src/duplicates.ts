import type { NewJob } from '@rq/job'
import type { JobContext } from './context.ts'
import { handleOf, type Job } from './job.ts'
import type { EnqueuedList } from './list-outcome.ts'

/** How often a job is sent again whose duplicate was gone when it was looked up. */
const MOST_SENDS = 3

/**
 * The handles of the jobs that a list could not write since jobs of their ids exist. One that is gone by now, such as
 * one that has just ended with `resultTtl: 0`, no longer stands in the way: its job is sent again.
 * @param send enqueues jobs; the list gets what becomes of them.
 */
export async function handlesOfDuplicates(
  list: EnqueuedList,
  context: JobContext,
  send: (jobs: readonly NewJob[]) => Promise<void>,
): Promise<ReadonlyMap<NewJob, Job>> {
  const found = new Map<NewJob, Job>()
  for (let sends = 0; ; sends++) {
    const refused = list.duplicates
    if (refused.length === 0) return found
    const records = await context.storage.jobs.fetch(refused.map(({ record }) => record.id))
    const gone: NewJob[] = []
    for (const [at, job] of refused.entries()) {
      const record = records[at]
      if (record === undefined) gone.push(job)
      else found.set(job, await handleOf(record, context, 'duplicate'))
    }
    list.forgive(found.keys())
    if (gone.length === 0 || sends === MOST_SENDS) return found
    list.forgive(gone)
    await send(gone)
  }
}
