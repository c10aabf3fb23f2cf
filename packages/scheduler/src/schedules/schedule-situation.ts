import { isKnownToNone, isNameOfJob, type JobRecord } from '@rq/job'
import { handleOf, type JobContext } from '@rq/queue'
import type { LastError, ScheduleSituation } from './schedule-explanation.ts'

/** Read what decides about a schedule. Several reads, not one atomic step. @returns undefined when it is gone. */
export async function readSituation(name: string, context: JobContext): Promise<ScheduleSituation | undefined> {
  const { jobs, recurring, workers } = context.storage
  const [{ nowMs, schedule }, [jobId]] = await Promise.all([recurring.read(name), recurring.history(name, 0, 0)])
  if (schedule === undefined) return undefined
  const [serving, inUse, [job]] = await Promise.all([
    workers.workerCount(schedule.queue),
    isNameOfJob(schedule.funcName) ? workers.namesInUse(schedule.queue) : undefined,
    jobId === undefined ? [] : jobs.fetch([jobId]),
  ])
  const failure = job?.status === 'failed' ? { id: job.id, error: await lastErrorOf(job, context) } : undefined
  const returnedId = job !== undefined && isReturned(job) ? job.id : undefined
  const knownToNone = inUse !== undefined && isKnownToNone(schedule.funcName, inUse)
  return { schedule, nowMs, workers: serving, failure, returnedId, knownToNone }
}

/** Whether workers gave it back, since they do not know its function. */
function isReturned({ returnedMs = 0, status }: JobRecord): boolean {
  return returnedMs > 0 && (status === 'scheduled' || status === 'queued')
}

async function lastErrorOf(record: JobRecord, context: JobContext): Promise<LastError | undefined> {
  const result = await (await handleOf(record, context)).latestResult()
  return result?.error
}
