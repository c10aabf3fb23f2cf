import { oneLine, RqError } from '@rq/core'
import type { JobRecord } from '@rq/job'
import { storedSummary } from './error-summary.ts'
import { type RemoteError, remoteOf } from './remote-error.ts'

/** Thrown by `job.result()` when the job has failed. */
export class JobFailedError extends RqError {
  override readonly name = 'JobFailedError'
  readonly jobId: string
  /** The error with its stack and causes, as the worker stored it; empty when there is none. */
  readonly remoteStack: string
  /** The error as data: its name, message, code and plain fields. */
  readonly remote: RemoteError

  constructor(jobId: string, remoteStack: string, remote: RemoteError = remoteOf(remoteStack, undefined)) {
    super('RQ_JOB_FAILED', `Job ${jobId} failed: ${storedSummary(remoteStack)}`, { details: { jobId } })
    this.jobId = jobId
    this.remoteStack = remoteStack
    this.remote = remote
  }
}

/** Throw it in a job: the job fails at once, whatever retries are left. They stay, for a requeue. */
export class NoRetryError extends RqError {
  override readonly name: string = 'NoRetryError'

  constructor(message: string, options: { cause?: unknown; details?: Readonly<Record<string, unknown>> } = {}) {
    super('RQ_NO_RETRY', message, options)
  }
}

/** Thrown by a wait whose timeout is over. The job continues. */
export class TimeoutError extends RqError {
  override readonly name = 'TimeoutError'

  constructor(message: string, details: Readonly<Record<string, unknown>> = {}) {
    super('RQ_TIMEOUT', message, { details, retryable: true })
  }
}

/** The error of a job or callback that exceeded its timeout, and the reason of its `AbortSignal`. */
export class JobTimeoutError extends RqError {
  override readonly name = 'JobTimeoutError'

  constructor(limitS: number) {
    super('RQ_JOB_TIMEOUT', `Task exceeded maximum timeout value (${limitS} seconds)`, { details: { limitS } })
  }
}

/**
 * Thrown by an enqueue with `unique` when a job with its id exists, or another one holds its key. Of a single job
 * nothing was written. Of a list, all jobs were written but those that were refused.
 */
export class DuplicateJobError extends RqError {
  override readonly name = 'DuplicateJobError'
  /** The job that is in the way; of a list, of the first one that was refused. */
  readonly jobId: string
  /** The ids of all that were refused because they exist. */
  readonly duplicates: readonly string[]
  /** The ids of the jobs of the same list that were written. */
  readonly written: readonly string[]

  /** Why it was refused: what that job does. */
  readonly why: string

  /** @param became the sentence that says what was written. */
  constructor(
    jobId: string,
    list: { readonly duplicates: readonly string[]; readonly written: readonly string[] } = {
      duplicates: [jobId],
      written: [],
    },
    became = 'Nothing was written.',
    why = 'already exists, and unique was set',
  ) {
    super('RQ_DUPLICATE_JOB', `Job ${jobId} ${why}. ${became}`, { details: { ...list, jobId } })
    this.why = why
    this.jobId = jobId
    this.duplicates = list.duplicates
    this.written = list.written
  }
}

/** The error for a job whose unique key another one holds. */
export function duplicateOfKey({ origin, unique }: JobRecord, jobId: string): DuplicateJobError {
  return new DuplicateJobError(
    jobId,
    undefined,
    undefined,
    `holds the key "${oneLine(unique?.key ?? '')}" of the queue ${origin}`,
  )
}

/** The longest id that rq gives a job. */
const LONGEST_ID = 200

/** The error for an id without a job. */
export function noSuchJob(jobId: string, hint = 'It was deleted, has expired, or never existed.'): RqError {
  const shown = oneLine(jobId.slice(0, LONGEST_ID))
  return new RqError('RQ_NO_SUCH_JOB', `No job with id ${shown}. ${hint}`, { details: { jobId } })
}
