import { checkOptionNames, invalidOption, type OptionNames } from '@rq/core'
import type { RegistryKind } from '@rq/job'
import type { JobContext } from '../context.ts'
import { fetchRecords } from '../job/fetch-records.ts'
import { handlesOf, type Job } from '../job/job.ts'
import { checkSelection, type RegistrySelection, SELECTION_NAMES, selected } from './registry-selection.ts'

export interface RegistryJobsOptions extends RegistrySelection {
  /** Highest score first: of failed and finished jobs, those that ended last. Default false. */
  readonly desc?: boolean
}

const NAMES: OptionNames<RegistryJobsOptions> = { ...SELECTION_NAMES, desc: true }

/** Jobs that are read at once. */
const PAGE = 100

/** A registry, by its queue. */
export interface RegistryPlace {
  readonly kind: RegistryKind
  readonly queue: string
  readonly context: JobContext
}

/**
 * The selected jobs of a registry, in its order, read a hundred at a time, and no more of them than are asked for. At
 * most as many entries are looked at as there were at first. A job that leaves the registry meanwhile may hide another.
 * @throws RqError `RQ_INVALID_OPTION`, when the first job is asked for.
 */
export async function* jobsOf(place: RegistryPlace, options: RegistryJobsOptions): AsyncGenerator<Job, void, void> {
  const { desc = false, ...selection } = checkOptionNames(options, NAMES, 'registry.jobs')
  if (typeof desc !== 'boolean') throw invalidOption('desc', desc, 'true or false')
  const { filter, limit } = checkSelection(selection)
  const { context, kind, queue } = place
  const { queues } = context.storage
  const total = await queues.registryCount(queue, kind, true)
  let left = limit
  for (let at = 0; at < total && left > 0; at += PAGE) {
    const most = filter === undefined ? Math.min(PAGE, left) : PAGE
    const ids = await queues.registryIds(queue, kind, at, at + most - 1, desc)
    const jobs =
      filter === undefined
        ? await handlesOf(await fetchRecords(ids, context), context)
        : await selected(ids, filter, context)
    for (const job of jobs) {
      if (left-- <= 0) return
      yield job
    }
  }
}
