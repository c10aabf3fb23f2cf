import { checkId, invalidOption } from '@rq/core'
import { flag } from './flag.ts'

/** A job or its id. */
export type JobLike = string | { readonly id: string }

export interface DependencyOptions {
  jobs: JobLike | readonly JobLike[]
  /** Run also when a dependency failed. Default false. */
  allowFailure?: boolean
  /** Put the dependent at the head of its queue when its turn comes. Default false. */
  enqueueAtFront?: boolean
}

/**
 * The jobs that must end before another may start.
 * @throws RqError `RQ_INVALID_OPTION` when empty, or when an entry is neither a job nor an id.
 */
export class Dependency {
  readonly jobIds: readonly string[]
  readonly allowFailure: boolean
  readonly enqueueAtFront: boolean

  constructor(options: DependencyOptions) {
    this.jobIds = jobIdsOf(options.jobs, 'dependency.jobs')
    this.allowFailure = flag(options.allowFailure, 'dependency.allowFailure')
    this.enqueueAtFront = flag(options.enqueueAtFront, 'dependency.enqueueAtFront')
  }
}

/** The ids of one or several jobs, in order, each once. */
export function jobIdsOf(jobs: JobLike | readonly JobLike[], option: string): readonly string[] {
  const list = Array.isArray(jobs) ? (jobs as readonly JobLike[]) : [jobs as JobLike]
  if (list.length === 0) throw invalidOption(option, jobs, 'at least one job or job id')
  return [...new Set(list.map((job) => idOf(job, option)))]
}

export function idOf(job: JobLike, option: string): string {
  return checkId(typeof job === 'object' && job !== null ? job.id : job, option)
}
