import { type DurationLike, durationMs, invalidOption, type OptionNames } from '@rq/core'
import type { JobContext } from '../context.ts'
import { fetchRecords } from '../job/fetch-records.ts'
import { handlesOf, type Job } from '../job/job.ts'
import { resultOf } from '../job/result.ts'
import { mapAtOnce } from '../map-at-once.ts'

/** Which jobs of a registry are meant. Without any: all. */
export interface RegistrySelection {
  /** Stop after so many jobs. Default: no limit. */
  readonly limit?: number
  /** Only jobs that ended longer ago than this; those that have not run: that were created longer ago. */
  readonly olderThan?: DurationLike
  /** Only calls of this function: its reference, as `job.funcName` has it. */
  readonly function?: string
  /**
   * Only jobs whose last attempt failed with this error: its code, such as `RQ_INPUT_INVALID` or `ECONNRESET`, or the
   * name of its class. With a codec the code is encoded, and needs the codec to be read.
   */
  readonly error?: string
}

export const SELECTION_NAMES: OptionNames<RegistrySelection> = {
  limit: true,
  olderThan: true,
  function: true,
  error: true,
}

/** What has to be read of a job to know whether it is meant. */
interface Filter {
  readonly beforeMs: number | undefined
  readonly func: string | undefined
  readonly error: string | undefined
}

/** A selection that was checked. Without a filter, no job has to be read. */
export interface CheckedSelection {
  readonly limit: number
  readonly filter: Filter | undefined
}

/** Results that are read at once. Each may have some hundred kilobytes. */
const RESULTS_AT_ONCE = 20
/** What the record of a job may have to be read for its results: its payloads do not matter. */
const SMALL_BYTES = 1024

/** @throws RqError `RQ_INVALID_OPTION`. */
export function checkSelection({ error, function: func, limit, olderThan }: RegistrySelection): CheckedSelection {
  if (limit !== undefined && limit !== Number.POSITIVE_INFINITY && !(Number.isSafeInteger(limit) && limit >= 1)) {
    throw invalidOption('limit', limit, 'a whole number of at least 1')
  }
  const beforeMs = olderThan === undefined ? undefined : Date.now() - durationMs(olderThan, 'olderThan')
  if (func !== undefined && typeof func !== 'string') throw invalidOption('function', func, 'a reference, as a string')
  if (error !== undefined && (typeof error !== 'string' || error === '')) {
    throw invalidOption('error', error, 'the code or the class name of an error, as a string')
  }
  const isFiltered = beforeMs !== undefined || func !== undefined || error !== undefined
  return { limit: limit ?? Number.POSITIVE_INFINITY, filter: isFiltered ? { beforeMs, func, error } : undefined }
}

/** Those of these jobs that fit the filter, in their order. Two calls of the store, and one more for each error. */
export async function selected(ids: readonly string[], filter: Filter, context: JobContext): Promise<Job[]> {
  const { beforeMs, error, func } = filter
  const jobs = await handlesOf(await fetchRecords(ids, context), context)
  const isOld = (job: Job) => beforeMs === undefined || (job.endedAt ?? job.createdAt).getTime() < beforeMs
  const fitting = jobs.filter((job) => isOld(job) && (func === undefined || nameOf(job) === func))
  if (error === undefined) return fitting
  const failedSo = await mapAtOnce(fitting, RESULTS_AT_ONCE, ({ id }) => failedWith(id, error, context))
  return fitting.filter((_, index) => failedSo[index])
}

/** A call that cannot be read is of no function. */
function nameOf(job: Job): string | undefined {
  try {
    return job.funcName
  } catch {
    return undefined
  }
}

async function failedWith(jobId: string, wanted: string, context: JobContext): Promise<boolean> {
  const [newest] = await context.storage.jobs.results(jobId, SMALL_BYTES)
  if (newest?.excString === undefined) return false
  const { error } = await resultOf(jobId, newest, context)
  return error?.name === wanted || (error?.code !== undefined && String(error.code) === wanted)
}
