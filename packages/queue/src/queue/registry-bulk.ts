import { checkOptionNames } from '@rq/core'
import { mapAtOnce } from '../map-at-once.ts'
import type { RegistryPlace } from './registry-jobs.ts'
import { checkSelection, type RegistrySelection, SELECTION_NAMES, selected } from './registry-selection.ts'

/** What a call for many jobs of a registry has done. */
export interface BulkResult {
  /** How many jobs it has requeued, or deleted. */
  readonly done: number
  /** How many jobs of the registry it has not looked at, because of its `limit`. */
  readonly left: number
}

/** Jobs that are looked at, and moved, at once: enough to fill the connection, few enough not to flood the store. */
const AT_ONCE = 100

/** What became of an entry. `gone`: it was not there any more; `kept`: it is there, and cannot be moved. */
export type Taken = 'done' | 'gone' | 'kept'

/** A place in a registry, and what is to be done with each of its jobs. */
export interface BulkWork extends RegistryPlace {
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
  const { filter, limit } = checkSelection(selection)
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
    const wanted = filter === undefined ? ids : (await selected(ids, filter, context)).map(({ id }) => id)
    const taken = await mapAtOnce(wanted, AT_ONCE, take)
    done += countOf(taken, 'done')
    passed += ids.length - wanted.length + countOf(taken, 'kept')
  }
  return { done, left: Math.max(total - seen, 0) }
}

function countOf(taken: readonly Taken[], what: Taken): number {
  return taken.filter((one) => one === what).length
}
