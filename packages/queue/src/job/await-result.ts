import { type DurationLike, durationMs, MINUTE_MS, pause, RqError, SECOND_MS } from '@rq/core'
import { type AwaitedResult, isTerminal } from '@rq/job'
import type { JobContext } from '../context.ts'
import { JobFailedError, noSuchJob, TimeoutError } from '../failure/job-errors.ts'
import { explain } from './explanation.ts'
import { type Result, resultOf } from './result.ts'

/** The longest single wait in the store: the delay that a lost wake-up costs. */
const LONGEST_WAIT_MS = MINUTE_MS
/**
 * Pauses after answers that came too early: a store that answers "not yet" at once must not be polled in a tight loop.
 */
const FIRST_PAUSE_MS = 20
const LONGEST_PAUSE_MS = SECOND_MS

/** The newest result; if there is none, waits up to `timeout` for one. Null when none came in time. */
export async function latestResult<R>(
  jobId: string,
  context: JobContext,
  timeout: DurationLike,
): Promise<Result<R> | null> {
  const timeoutMs = durationMs(timeout, 'timeout')
  const { result } = await context.storage.jobs.awaitResult(jobId, timeoutMs, context.signal)
  return result === null ? null : resultOf<R>(jobId, result, context)
}

/** Waits in the store for the end of a job. */
type WaitForEnd = (timeoutMs: number) => Promise<AwaitedResult>

/** {@link awaitReturnValue} of a job that is stored. */
export function awaitStored<R>(jobId: string, context: JobContext, timeout?: DurationLike): Promise<R> {
  const { signal, storage } = context
  const wait: WaitForEnd = (waitMs) => storage.jobs.awaitResult(jobId, waitMs, signal, 'end')
  return awaitReturnValue<R>(jobId, context, waitMsOf(timeout), wait)
}

/** A timeout in milliseconds; default: no limit. @throws RqError `RQ_INVALID_OPTION`. */
export function waitMsOf(timeout: DurationLike | undefined): number {
  return timeout === undefined ? Number.POSITIVE_INFINITY : durationMs(timeout, 'timeout')
}

/**
 * Wait until a job has ended, and return its return value.
 * @throws JobFailedError with the remote stack; RqError `RQ_JOB_STOPPED`, `RQ_INVALID_OPERATION` (canceled),
 *   `RQ_NO_SUCH_JOB`; TimeoutError when it has not ended within `timeoutMs`.
 */
export async function awaitReturnValue<R>(
  jobId: string,
  context: JobContext,
  timeoutMs: number,
  wait: WaitForEnd,
): Promise<R> {
  const deadlineMs = performance.now() + timeoutMs
  let pauseMs = FIRST_PAUSE_MS
  for (;;) {
    const leftMs = Math.max(deadlineMs - performance.now(), 0)
    const waitMs = Math.min(leftMs, LONGEST_WAIT_MS)
    const startMs = performance.now()
    const awaited = await wait(Math.ceil(waitMs))
    if (hasEnded(awaited)) return returnedBy<R>(jobId, awaited, context)
    context.signal?.throwIfAborted()
    if (performance.now() >= deadlineMs) {
      const why = await whyNot(jobId, context)
      throw new TimeoutError(
        `Job ${jobId} has not ended within ${timeoutMs / SECOND_MS} s: it is ${awaited.status}.${why}`,
        { jobId, status: awaited.status },
      )
    }
    if (performance.now() - startMs < waitMs / 2) {
      await pause(Math.min(pauseMs, leftMs))
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
    }
  }
}

/** Why a job has not ended, as a sentence to append. Empty if it has ended meanwhile, or cannot be read. */
async function whyNot(jobId: string, { storage }: JobContext): Promise<string> {
  const facts = await storage.jobs.explain(jobId).catch(() => undefined)
  if (facts === undefined || isTerminal(facts.record.status)) return ''
  return ` ${explain(facts).text}`
}

function hasEnded({ status }: AwaitedResult): boolean {
  return status === undefined || isTerminal(status)
}

async function returnedBy<R>(jobId: string, awaited: AwaitedResult, context: JobContext): Promise<R> {
  const { status } = awaited
  const result = awaited.result === null ? null : await resultOf<R>(jobId, awaited.result, context)
  switch (status) {
    case 'finished':
      return (result === null ? null : result.returnValue) as R
    case 'failed':
      throw new JobFailedError(
        jobId,
        result?.excString ?? (result?.type === 'max_retries_exceeded' ? RETRIED : ''),
        result?.error,
      )
    case 'stopped':
      throw new RqError('RQ_JOB_STOPPED', `Job ${jobId} was stopped while it ran. It has no result.`, {
        details: { jobId, status },
      })
    case 'canceled':
      throw new RqError('RQ_INVALID_OPERATION', `Job ${jobId} was canceled. It has no result.`, {
        details: { jobId, status },
      })
    default:
      throw noSuchJob(jobId, 'It was deleted, has expired, or was kept for 0 seconds (resultTtl).')
  }
}

const RETRIED = 'it returned a Retry more often than the Retry allows'
