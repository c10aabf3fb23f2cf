import { RqError } from '@rq/core'
import {
  dependencyCycle,
  isDependencyCycle,
  isTooManyDependencies,
  type NewJob,
  type Placement,
  tooManyDependencies,
} from '@rq/job'
import { DuplicateJobError } from './job-errors.ts'
import { setPlacement } from './placing.ts'

/** What became of the jobs of a list that was not written whole: their ids. The details of the error hold it. */
export interface ListOutcome {
  /** They are in their queue, or wait for what they have to wait for. */
  readonly written: readonly string[]
  /** Refused, since jobs with these ids exist and `unique` was set. */
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
  readonly #outcome = {
    written: [] as string[],
    duplicates: [] as string[],
    cycles: [] as string[],
    unknown: [] as string[],
    unwritten: [] as string[],
  }
  readonly #size: number
  #firstRefusal: unknown
  #error: unknown

  constructor(size: number) {
    this.#size = size
  }

  /** Whether an error ended it. What is left of the list should be given to {@link leave}. */
  get hasFailed(): boolean {
    return this.#error !== undefined
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

  written({ record }: NewJob): void {
    this.#outcome.written.push(record.id)
  }

  /** Take the error of a job, if it is that of a job which the store refused. @returns whether it is. */
  refuse({ record }: NewJob, error: unknown): boolean {
    if (error instanceof DuplicateJobError) this.#outcome.duplicates.push(record.id)
    else if (isDependencyCycle(error)) this.#outcome.cycles.push(record.id)
    else if (isTooManyDependencies(error)) this.#outcome.unwritten.push(record.id)
    else return false
    this.#firstRefusal ??= error
    return true
  }

  /** Take the error of a call for these jobs. */
  fail(jobs: readonly NewJob[], error: unknown): void {
    this.#error ??= error
    const isUnknown = !(error instanceof RqError) || error.code === 'RQ_REDIS_UNREACHABLE'
    for (const { record } of jobs) this.#outcome[isUnknown ? 'unknown' : 'unwritten'].push(record.id)
  }

  /** These jobs are not sent any more. */
  leave(jobs: readonly NewJob[]): void {
    for (const { record } of jobs) this.#outcome.unwritten.push(record.id)
  }

  /**
   * @throws if not all jobs were written: the error that ended the list, else that of the first job that was refused,
   *   with the {@link ListOutcome} in its details.
   */
  end(): void {
    const error = this.#error ?? this.#firstRefusal
    if (error === undefined) return
    const outcome: ListOutcome = this.#outcome
    const { written, unknown } = outcome
    const became = written.length + unknown.length === 0 ? 'Nothing was written.' : this.#summary()
    if (error instanceof DuplicateJobError) throw new DuplicateJobError(error.jobId, outcome, became)
    if (isDependencyCycle(error)) throw dependencyCycle(error.details.cycle, became, outcome)
    if (isTooManyDependencies(error)) throw tooManyDependencies(error.details.jobId, became, outcome)
    if (!(error instanceof RqError)) throw error
    throw new RqError(error.code, `${error.message} ${became}`, {
      cause: error,
      retryable: error.retryable,
      details: { ...error.details, ...outcome },
    })
  }

  #summary(): string {
    const counts = Object.entries(WORDS).flatMap(([name, word]) => {
      const { length } = this.#outcome[name as keyof ListOutcome]
      return length === 0 ? [] : [`${length} ${word(length)}`]
    })
    return `Of ${this.#size} jobs: ${counts.join(', ')}; the details of this error have their ids.`
  }
}
