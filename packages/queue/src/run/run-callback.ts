import { SECOND_MS, startTimer } from '@rq/core'
import { type AnyFunction, type CallbackRecord, isLastAttempt, type JobRecord } from '@rq/job'
import type { JobContext } from '../context.ts'
import { encodeFacts } from '../failure/encoded-error.ts'
import { type ErrorFacts, errorFacts, errorFromFacts } from '../failure/error-facts.ts'
import { errorText } from '../failure/error-text.ts'
import { JobTimeoutError } from '../failure/job-errors.ts'
import { handleOf } from '../job/job.ts'
import { type CurrentRun, withCurrentJob } from './current-job.ts'
import { RunContext } from './run-context.ts'
import type { RunSignal } from './run-limit.ts'
import { untilAborted } from './until-aborted.ts'

export type CallbackKind = 'success' | 'failure' | 'stopped'

/** Turns a stored reference into a function. `FunctionLoader` of @rq/functions is one. */
export interface Loader {
  load(reference: string): Promise<AnyFunction>
  /** The function if it was loaded before. */
  loaded?(reference: string): AnyFunction | undefined
}

/** What is needed to call a job's callbacks. */
export interface CallbackInput {
  readonly record: JobRecord
  readonly context: JobContext
  /** The execution that writes meta. */
  readonly executionId?: string | undefined
  readonly loader: Loader
  /** The signal of the job. Default: one that never fires. */
  readonly signal?: RunSignal
  /**
   * Called before each callback, with its limit in seconds, counted from now: the job's own limit no longer holds.
   * A callback that blocks its event loop past the limit can only be ended from outside. Before a failure callback,
   * `error` is the error of the attempt, encoded if there is a codec.
   */
  readonly onCallback?: (kind: CallbackKind, timeoutS: number, error?: ErrorFacts) => void
  /** Called before the function that decides about a retry is, with the error of the attempt, encoded as above. */
  readonly onRetryCheck?: (error: ErrorFacts) => void
}

const FIELDS = { success: 'onSuccess', failure: 'onFailure', stopped: 'onStopped' } as const satisfies Record<
  CallbackKind,
  keyof JobRecord
>

/**
 * Call one of a job's callbacks with (job, connection, ...rest) under its own time limit. Does nothing when the job has
 * none.
 * @throws what the callback or its loading throws; JobTimeoutError at the limit.
 */
export async function runCallback(
  kind: CallbackKind,
  input: CallbackInput,
  run: CurrentRun,
  rest: readonly unknown[] = [],
  error?: ErrorFacts,
): Promise<void> {
  const callback: CallbackRecord | undefined = input.record[FIELDS[kind]]
  if (callback === undefined) return
  const { name, timeoutS } = callback
  input.onCallback?.(kind, timeoutS, error)
  const limit = new AbortController()
  const expire = () => limit.abort(new JobTimeoutError(timeoutS))
  const timer = startTimer(timeoutS * SECOND_MS, expire)
  try {
    await untilAborted(limit.signal, async () => {
      const func = await input.loader.load(name)
      await withCurrentJob(run, func, [run.job, input.context.storage.client(), ...rest])
    })
  } finally {
    clearTimeout(timer)
  }
}

/** Why an attempt failed. */
export interface Failure {
  /** The value that was thrown. */
  readonly thrown: unknown
  /**
   * For other processes and the store: encoded if there is a codec. Its text includes the error of the failure
   * callback, if that threw too.
   */
  readonly error: ErrorFacts
  /** What the failure callback threw. */
  readonly callbackError?: { readonly thrown: unknown }
}

/**
 * Call the failure callback of a job: (job, connection, class name, error, text). One that is for the last attempt only
 * is not called when another attempt follows. Never rejects.
 * @param isFinal - no other attempt follows, whatever retries are left.
 */
export async function reportFailure(
  input: CallbackInput,
  run: CurrentRun,
  thrown: unknown,
  error = errorFacts(thrown),
  isFinal = false,
): Promise<Failure> {
  const { codec } = input.context
  const { onFailure } = input.record
  const reported = codec === undefined ? error : await encodeFacts(codec, input.record.id, error)
  const isCalled = onFailure?.when !== 'last' || isFinal || isLastAttempt(input.record)
  if (onFailure === undefined || !isCalled) return { thrown, error: reported }
  try {
    await runCallback('failure', input, run, [error.name, thrown, error.text], reported)
    return { thrown, error: reported }
  } catch (callbackThrown) {
    const both = { ...error, text: errorText(callbackThrown, error.text) }
    const bothReported = codec === undefined ? both : await encodeFacts(codec, input.record.id, both)
    return { thrown, error: bothReported, callbackError: { thrown: callbackThrown } }
  }
}

/**
 * Call the stopped callback of a job: (job, connection). What it throws is dropped; the job is stopped. Never rejects.
 */
export async function reportStop(input: CallbackInput, run: CurrentRun): Promise<void> {
  await runCallback('stopped', input, run).catch(() => {})
}

/**
 * Call the failure callback of a job whose own horse is lost, in another one. The callback gets an Error made of
 * `error`. Never rejects.
 */
export async function runFailureCallback(input: CallbackInput, error: ErrorFacts): Promise<Failure> {
  return reportFailure(input, await endedJob(input, 'failed'), errorFromFacts(error), error)
}

/** Call the stopped callback of a job whose own horse was killed, in another one. Never rejects. */
export async function runStoppedCallback(input: CallbackInput): Promise<void> {
  return reportStop(input, await endedJob(input, 'stopped'))
}

/** The job as the callback of a lost run sees it. It has a signal, as any current job, which never fires. */
async function endedJob(
  { context, executionId, record, signal = new AbortController().signal }: CallbackInput,
  status: 'failed' | 'stopped',
): Promise<CurrentRun> {
  return { job: await handleOf({ ...record, status }, new RunContext(context, signal, executionId)) }
}
