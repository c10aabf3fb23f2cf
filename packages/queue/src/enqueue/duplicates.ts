import type { NewJob } from '@rq/job'
import type { JobContext } from '../context.ts'
import { fetchRecords } from '../job/fetch-records.ts'
import { handleOf, Job } from '../job/job.ts'
import type { EnqueuedList } from './list-outcome.ts'

/** How often a job is sent again whose duplicate was gone when it was looked up. */
const MOST_SENDS = 3

/**
 * The handles of the jobs for which a list could not write others: jobs of their ids, or that hold their keys. One that
 * is gone by now, such as one that has just ended with `resultTtl: 0`, no longer stands in the way: the other job is
 * sent again. Unless it holds its key for a time, whatever has become of it: its handle is made of what is known.
 * @param isWanted whether the handle is wanted for a job that was refused.
 * @param send enqueues jobs; the list gets what becomes of them.
 */
export async function handlesOfDuplicates(
  list: EnqueuedList,
  context: JobContext,
  isWanted: (job: NewJob) => boolean,
  send: (jobs: readonly NewJob[]) => Promise<void>,
): Promise<ReadonlyMap<NewJob, Job>> {
  const found = new Map<NewJob, Job>()
  for (let sends = 0; ; sends++) {
    const refused = [...list.duplicates].filter(([job]) => isWanted(job))
    if (refused.length === 0) return found
    const records = await fetchRecords(
      refused.map(([, id]) => id),
      context,
    )
    const gone: NewJob[] = []
    for (const [at, [job, id]] of refused.entries()) {
      const record = records[at]
      if (record !== undefined) found.set(job, await handleOf(record, context, 'duplicate'))
      else if (job.uniqueKey?.forMs !== undefined) found.set(job, handleOfGone(job, id, context))
      else gone.push(job)
    }
    list.forgive(found.keys())
    if (gone.length === 0 || sends === MOST_SENDS) return found
    list.forgive(gone)
    await send(gone)
  }
}

/** The handle of a job that is not stored any more: its id, and what the new job has in common with it. */
function handleOfGone({ record }: NewJob, id: string, context: JobContext): Job {
  return new Job({ ...record, id, status: 'finished' }, context, record, 'duplicate')
}
