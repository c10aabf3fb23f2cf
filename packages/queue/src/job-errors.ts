import { RqError } from '@rq/core'

/** What `job.result()` throws when the job has failed. */
export class JobFailedError extends RqError {
  override readonly name = 'JobFailedError'
  readonly jobId: string
  /** The error with its stack and causes, as the worker wrote it; empty when none was kept. */
  readonly remoteStack: string

  constructor(jobId: string, remoteStack: string) {
    super('RQ_JOB_FAILED', `Job ${jobId} failed: ${lastLine(remoteStack)}`, { details: { jobId } })
    this.jobId = jobId
    this.remoteStack = remoteStack
  }
}

/** What a bounded wait throws when its time is over. The job goes on. */
export class TimeoutError extends RqError {
  override readonly name = 'TimeoutError'

  constructor(message: string, details: Readonly<Record<string, unknown>> = {}) {
    super('RQ_TIMEOUT', message, { details, retryable: true })
  }
}

/** Why a job or callback was ended: it ran longer than it may. The reason of the `AbortSignal` in such a job. */
export class JobTimeoutError extends RqError {
  override readonly name = 'JobTimeoutError'

  constructor(limitS: number) {
    super('RQ_JOB_TIMEOUT', `Task exceeded maximum timeout value (${limitS} seconds)`, { details: { limitS } })
  }
}

/** What a `unique` enqueue throws when a job with its id exists. Nothing was written. */
export class DuplicateJobError extends RqError {
  override readonly name = 'DuplicateJobError'
  readonly jobId: string

  constructor(jobId: string) {
    super(
      'RQ_DUPLICATE_JOB',
      `A job with id ${jobId} exists already, and this one was to be unique. Nothing was written.`,
      {
        details: { jobId },
      },
    )
    this.jobId = jobId
  }
}

export function noSuchJob(jobId: string, hint = 'It was deleted, has expired, or never existed.'): RqError {
  return new RqError('RQ_NO_SUCH_JOB', `No job with id ${jobId}. ${hint}`, { details: { jobId } })
}

/** The readable end of a stack: `TypeError: x is not a function`. */
function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1)?.trim() || 'it left no error text'
}
