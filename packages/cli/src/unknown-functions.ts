import type { ScheduleInfo } from 'rq'
import type { Session } from './session.ts'

/** What a job fails with whose function its worker does not know. */
const UNKNOWN = 'RQ_FUNCTION_NOT_FOUND'

/** Of these schedules those whose last job failed since its worker did not know its function: name and reference. */
export async function unknownFunctions(
  session: Session,
  schedules: readonly ScheduleInfo[],
): Promise<ReadonlyMap<string, string>> {
  const failed = schedules.filter(({ lastJob }) => lastJob?.status === 'failed')
  const jobs = await session.jobs(failed.map(({ lastJob }) => lastJob?.id ?? ''))
  const errors = new Map<string, string | number | undefined>()
  await Promise.all(jobs.map(async (job) => errors.set(job.id, (await job.latestResult())?.error?.code)))
  const unknown = failed.filter(({ lastJob }) => errors.get(lastJob?.id ?? '') === UNKNOWN)
  return new Map(unknown.map(({ funcName, name }) => [name, funcName]))
}
