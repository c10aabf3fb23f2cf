import { RqError } from '@rq/core'
import {
  dependencyCycle,
  isDependencyCycle,
  isTooManyDependencies,
  type NewJob,
  type Placement,
  tooManyDependencies,
} from '@rq/job'
import { DuplicateJobError } from '../failure/job-errors.ts'
import type { Job } from '../job/job.ts'
import { setPlacement } from './placing.ts'

/** What became of the jobs of a list that was not written whole: their ids. The details of the error hold it. */
export interface ListOutcome {
  /** They are in their queue, or wait for what they have to wait for. */
  readonly written: readonly string[]
  /** Jobs that exist, for which others were refused: `unique` was set. */
  readonly duplicates: readonly string[]
  /** Refused, since they would wait for each other forever. */
  readonly cycles: readonly string[]
  /** They were sent, and the connection broke before the answer. */
  readonly unknown: readonly string[]
  readonly unwritten: readonly string[]
}

const WORDS: Readonly<Record<keyof ListOutcome, (count: number) => string>> = {
  written: () => 'written',
  duplicates: (count) => (count === 1 ? 'duplicate' : 'duplicates'),
  cycles: () => 'in a cycle',
  unknown: () => 'unknown',
  unwritten: () => 'not written',
}

/** Collects the answers of a store for the jobs of a list. A job that is refused does not keep others from it. */
export class EnqueuedList {
  readonly #size: number
  readonly #written = new Set<NewJob>()
  /** Why the store refused a job, in the order of its answers. */
  readonly #refused = new Map<NewJob, RqError>()
  readonly #unknown: NewJob[] = []
  readonly #unwritten: NewJob[] = []
  #error: unknown

  constructor(size: number) {
    this.#size = size
  }

  /** Whether an error ended it. What is left of the list should be given to {@link leave}. */
  get hasFailed(): boolean {
    return this.#error !== undefined
  }

  /** The jobs that were refused since jobs of their ids exist, or hold their keys; each with the id of that job. */
  get duplicates(): ReadonlyMap<NewJob, string> {
    const found = new Map<NewJob, string>()
    for (const [job, error] of this.#refused) if (error instanceof DuplicateJobError) found.set(job, error.jobId)
    return found
  }

  isWritten(job: NewJob): boolean {
    return this.#written.has(job)
  }

  /** Take the answer for a job, and set its status. */
  place(job: NewJob, placement: Placement): void {
    try {
      setPlacement(job, placement)
      this.written(job)
    } catch (error) {
      if (!this.refuse(job, error)) throw error
    }
  }

  written(job: NewJob): void {
    this.#written.add(job)
  }

  /** Take the error of a job, if it is that of a job which the store refused. @returns whether it is. */
  refuse(job: NewJob, error: unknown): boolean {
    if (!(error instanceof DuplicateJobError) && !isDependencyCycle(error) && !isTooManyDependencies(error))
      return false
    this.#refused.set(job, error)
    return true
  }

  /** The refusal of these jobs does not count. */
  forgive(jobs: Iterable<NewJob>): void {
    for (const job of jobs) this.#refused.delete(job)
  }

  /** Take the error of a call for these jobs. */
  fail(jobs: readonly NewJob[], error: unknown): void {
    this.#error ??= error
    const isUnknown = !(error instanceof RqError) || error.code === 'RQ_REDIS_UNREACHABLE'
    for (const job of jobs) (isUnknown ? this.#unknown : this.#unwritten).push(job)
  }

  /** These jobs are not sent any more. */
  leave(jobs: readonly NewJob[]): void {
    for (const job of jobs) this.#unwritten.push(job)
  }

  /**
   * @param jobs the handles of the list, in its order; null for a job that was not written.
   * @throws if not all jobs were written: the error that ended the list, else that of the first job that was refused,
   *   with the {@link ListOutcome} and these handles in its details.
   */
  end(jobs: readonly (Job | null)[]): void {
    const [firstRefusal] = this.#refused.values()
    const error = this.#error ?? firstRefusal
    if (error === undefined) return
    const outcome = this.#outcome()
    const details = { ...outcome, jobs }
    const isNothingWritten = this.#written.size + this.#unknown.length === 0
    const became = isNothingWritten ? 'Nothing was written.' : this.#summary(outcome)
    if (error instanceof DuplicateJobError) throw new DuplicateJobError(error.jobId, details, became, error.why)
    if (isDependencyCycle(error)) throw dependencyCycle(error.details.cycle, became, details)
    if (isTooManyDependencies(error)) throw tooManyDependencies(error.details.jobId, became, details)
    if (!(error instanceof RqError)) throw error
    throw new RqError(error.code, `${error.message} ${became}`, {
      cause: error,
      retryable: error.retryable,
      details: { ...error.details, ...details },
    })
  }

  #outcome(): ListOutcome {
    const refused = [...this.#refused]
    const refusedFor = (isReason: (error: RqError) => boolean) =>
      refused.flatMap(([{ record }, error]) => (isReason(error) ? [record.id] : []))
    return {
      written: idsOf(this.#written),
      duplicates: [...this.duplicates.values()],
      cycles: refusedFor(isDependencyCycle),
      unknown: idsOf(this.#unknown),
      unwritten: [...refusedFor(isTooManyDependencies), ...idsOf(this.#unwritten)],
    }
  }

  #summary(outcome: ListOutcome): string {
    const counts = Object.entries(WORDS).flatMap(([name, word]) => {
      const { length } = outcome[name as keyof ListOutcome]
      return length === 0 ? [] : [`${length} ${word(length)}`]
    })
    return `Of ${this.#size} jobs: ${counts.join(', ')}; the details of this error have their ids.`
  }
}

function idsOf(jobs: Iterable<NewJob>): string[] {
  return Array.from(jobs, ({ record }) => record.id)
}
