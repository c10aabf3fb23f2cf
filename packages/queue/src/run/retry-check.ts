import { type DurationLike, durationMs, type ErrorCode, invalidOption, SECOND_MS, startTimer } from '@rq/core'
import { DEFAULT_CALLBACK_TIMEOUT_S, isLastAttempt, type RetryVerdict } from '@rq/job'
import { encodeFacts } from '../failure/encoded-error.ts'
import { type ErrorFacts, errorFacts } from '../failure/error-facts.ts'
import { errorText } from '../failure/error-text.ts'
import { JobTimeoutError } from '../failure/job-errors.ts'
import { type CurrentRun, withCurrentJob } from './current-job.ts'
import type { CallbackInput } from './run-callback.ts'
import { untilAborted } from './until-aborted.ts'

/** The time limit of the function that a `Retry` names with `on`, in seconds. */
export const RETRY_CHECK_TIMEOUT_S = DEFAULT_CALLBACK_TIMEOUT_S

/** Whether an attempt that failed is followed by another one, and its error. */
export interface CheckedFailure {
  readonly verdict: RetryVerdict
  readonly error: ErrorFacts
}

const NO_VERDICT: RetryVerdict = {}
/** Codes of errors that say themselves that another attempt would not help. */
const FINAL_CODES: ReadonlySet<unknown> = new Set<ErrorCode>(['RQ_NO_RETRY', 'RQ_INPUT_INVALID'])
const FINAL: RetryVerdict = { isFinal: true }

/**
 * Find out whether the error of a failed attempt is worth another one. One of `FINAL_CODES` is not. The function that
 * the job's `Retry` names decides about the others; if it fails, or returns anything else than a boolean or a duration,
 * the job is tried again as if there were none, and the text of its error says so. Never rejects.
 */
export function checkFailure(
  input: CallbackInput,
  run: CurrentRun,
  thrown: unknown,
): CheckedFailure | Promise<CheckedFailure> {
  if (isFinal(thrown)) return finalFailure(thrown)
  const error = errorFacts(thrown)
  const { retryOn } = input.record
  if (retryOn === undefined || isLastAttempt(input.record)) return { verdict: NO_VERDICT, error }
  return ask(retryOn, input, run, thrown, error)
}

/** A failure after which another attempt is pointless: its retries are left for a requeue. */
export function finalFailure(thrown: unknown): CheckedFailure {
  return { verdict: FINAL, error: errorFacts(thrown) }
}

async function ask(
  reference: string,
  input: CallbackInput,
  run: CurrentRun,
  thrown: unknown,
  error: ErrorFacts,
): Promise<CheckedFailure> {
  const limit = new AbortController()
  const timer = startTimer(RETRY_CHECK_TIMEOUT_S * SECOND_MS, () =>
    limit.abort(new JobTimeoutError(RETRY_CHECK_TIMEOUT_S)),
  )
  try {
    const { codec } = input.context
    input.onRetryCheck?.(codec === undefined ? error : await encodeFacts(codec, input.record.id, error))
    const answer = await untilAborted(limit.signal, async () => {
      const func = await input.loader.load(reference)
      return withCurrentJob(run, func, [thrown])
    })
    return { verdict: verdictOf(answer), error }
  } catch (failure) {
    return { verdict: NO_VERDICT, error: { ...error, text: errorText(failure, error.text) } }
  } finally {
    clearTimeout(timer)
  }
}

/** @throws RqError `RQ_INVALID_OPTION`. */
function verdictOf(answer: unknown): RetryVerdict {
  if (answer === true) return NO_VERDICT
  if (answer === false) return FINAL
  if (answer === undefined || answer === null) {
    throw invalidOption('return value of retry.on', answer, 'true, false, or how long to wait')
  }
  return { retryDelayMs: durationMs(answer as DurationLike, 'return value of retry.on') }
}

/** It may come from another copy of this library that the job's module has loaded. */
function isFinal(thrown: unknown): boolean {
  try {
    return thrown instanceof Error && 'code' in thrown && FINAL_CODES.has(thrown.code)
  } catch {
    return false
  }
}
