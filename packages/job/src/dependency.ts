import { checkId, checkOptionNames, invalidOption, type OptionNames } from '@rq/core'
import { flag } from './flag.ts'
import { LONGEST_DEPENDENCIES, MOST_DEPENDENCIES } from './limits.ts'

/** A job or its id. */
export type JobLike = string | { readonly id: string }

export interface DependencyOptions {
  jobs: JobLike | readonly JobLike[]
  /** Let the dependent run even if a dependency fails. Default false. */
  allowFailure?: boolean
  /** Put the dependent at the head of its queue when its dependencies are done. Default false. */
  enqueueAtFront?: boolean
}

const NAMES: OptionNames<DependencyOptions> = { jobs: true, allowFailure: true, enqueueAtFront: true }

/**
 * Jobs that must succeed before another job may start.
 * @throws RqError `RQ_INVALID_OPTION` when there are none, or when an entry is neither a job nor an id.
 */
export class Dependency {
  readonly jobIds: readonly string[]
  readonly allowFailure: boolean
  readonly enqueueAtFront: boolean

  constructor(options: DependencyOptions) {
    checkOptionNames(options, NAMES, 'Dependency')
    this.jobIds = jobIdsOf(options.jobs, 'dependency.jobs')
    this.allowFailure = flag(options.allowFailure, 'dependency.allowFailure')
    this.enqueueAtFront = flag(options.enqueueAtFront, 'dependency.enqueueAtFront')
  }
}

/**
 * The ids of one or several jobs, in order, without duplicates.
 * @throws RqError `RQ_INVALID_OPTION` naming `option`.
 */
export function jobIdsOf(jobs: JobLike | readonly JobLike[], option: string): readonly string[] {
  const list = Array.isArray(jobs) ? (jobs as readonly JobLike[]) : [jobs as JobLike]
  if (list.length === 0) throw invalidOption(option, jobs, 'at least one job or job id')
  return checkCount([...new Set(list.map((job) => idOf(job, option)))], option)
}

/** @throws RqError `RQ_INVALID_OPTION` when these are more dependencies than one job may have. */
export function checkCount(ids: readonly string[], option: string): readonly string[] {
  const { length } = ids
  const isShort = length <= MOST_DEPENDENCIES && ids.reduce((sum, id) => sum + id.length + 3, 0) <= LONGEST_DEPENDENCIES
  if (isShort) return ids
  throw invalidOption(option, ids, `at most ${MOST_DEPENDENCIES} jobs, whose ids take ${LONGEST_DEPENDENCIES} bytes`)
}

/** The id of a job, checked. @throws RqError `RQ_INVALID_OPTION` naming `option`. */
export function idOf(job: JobLike, option: string): string {
  return checkId(typeof job === 'object' && job !== null ? job.id : job, option)
}
