import { checkOptionNames, type DurationLike, durationMs, invalidOption, type OptionNames } from '@rq/core'
import type { RegistryKind } from '@rq/job'
import type { JobContext } from '../context.ts'
import { fetchRecords } from '../job/fetch-records.ts'
import { handlesOf, type Job } from '../job/job.ts'
import { mapAtOnce } from '../map-at-once.ts'

/** Which jobs of a registry are meant. Without any: all. */
export interface RegistrySelection {
  /** Stop after so many jobs. Default: no limit. */
  readonly limit?: number
  /** Only jobs that ended longer ago than this; those that have not run: that were created longer ago. */
  readonly olderThan?: DurationLike
  /** Only calls of this function: its reference, as `job.funcName` has it. */
  readonly function?: string
}

/** What a call for many jobs of a registry has done. */
export interface BulkResult {
  /** How many jobs it has requeued, or deleted. */
  readonly done: number
  /** How many jobs of the registry it has not looked at, because of its `limit`. */
  readonly left: number
}

export const SELECTION_NAMES: OptionNames<RegistrySelection> = { limit: true, olderThan: true, function: true }

/** Jobs that are looked at, and moved, at once: enough to fill the connection, few enough not to flood the store. */
const AT_ONCE = 100

/** What became of an entry. `gone`: it was not there any more; `kept`: it is there, and cannot be moved. */
export type Taken = 'done' | 'gone' | 'kept'

/** A place in a registry, and what is to be done with each of its jobs. */
export interface BulkWork {
  readonly kind: RegistryKind
  readonly queue: string
  readonly context: JobContext
  /** Take one job out of the registry, in one atomic step. */
  readonly take: (jobId: string) => Promise<Taken>
}

/**
 * Take the selected jobs of a registry out of it, one step for each, in its order. Jobs that come into it meanwhile are
 * left alone.
 * @throws RqError `RQ_INVALID_OPTION` before anything is written; of the store: what is done stays done.
 */
export async function takeAll(work: BulkWork, selection: RegistrySelection, call: string): Promise<BulkResult> {
  checkOptionNames(selection, SELECTION_NAMES, call)
  const { limit = Number.POSITIVE_INFINITY, olderThan, function: func } = selection
  if (limit !== Number.POSITIVE_INFINITY && !(Number.isSafeInteger(limit) && limit >= 1)) {
    throw invalidOption('limit', limit, 'a whole number of at least 1')
  }
  const beforeMs = olderThan === undefined ? undefined : Date.now() - durationMs(olderThan, 'olderThan')
  if (func !== undefined && typeof func !== 'string') throw invalidOption('function', func, 'a reference, as a string')
  const { context, kind, queue, take } = work
  const { queues } = context.storage
  const total = await queues.registryCount(queue, kind, true)
  let done = 0
  let passed = 0
  let seen = 0
  while (seen < total && done < limit) {
    const last = passed + Math.min(AT_ONCE, total - seen, limit - done) - 1
    const ids = await queues.registryIds(queue, kind, passed, last, false)
    if (ids.length === 0) break
    seen += ids.length
    const wanted = await selected(ids, context, beforeMs, func)
    const taken = await mapAtOnce(wanted, AT_ONCE, take)
    done += countOf(taken, 'done')
    passed += ids.length - wanted.length + countOf(taken, 'kept')
  }
  return { done, left: Math.max(total - seen, 0) }
}

function countOf(taken: readonly Taken[], what: Taken): number {
  return taken.filter((one) => one === what).length
}

async function selected(
  ids: readonly string[],
  context: JobContext,
  beforeMs: number | undefined,
  func: string | undefined,
): Promise<readonly string[]> {
  if (beforeMs === undefined && func === undefined) return ids
  const jobs = await handlesOf(await fetchRecords(ids, context), context)
  const isOld = (job: Job) => beforeMs === undefined || (job.endedAt ?? job.createdAt).getTime() < beforeMs
  return jobs.filter((job) => isOld(job) && (func === undefined || nameOf(job) === func)).map(({ id }) => id)
}

/** A call that cannot be read is of no function. */
function nameOf(job: Job): string | undefined {
  try {
    return job.funcName
  } catch {
    return undefined
  }
}
