import { SECOND_MS } from '@rq/core'
import type { AnyFunction, CallbackRecord, JobRecord } from '@rq/job'
import type { JobContext } from './context.ts'
import { withCurrentJob } from './current-job.ts'
import { errorName, errorText } from './error-text.ts'
import { Job } from './job.ts'
import { JobTimeoutError } from './job-errors.ts'
import { RunContext } from './run-context.ts'
import { LONGEST_TIMER_MS, untilAborted } from './until-aborted.ts'

export type CallbackKind = 'success' | 'failure' | 'stopped'

/** Whoever turns a stored reference into a function. `FunctionLoader` of @rq/functions is one. */
export interface Loader {
  load(reference: string): Promise<AnyFunction>
  /** What has been loaded before, without waiting. */
  loaded?(reference: string): AnyFunction | undefined
}

/** What callbacks need of a run. */
export interface CallbackInput {
  readonly record: JobRecord
  readonly context: JobContext
  readonly loader: Loader
  /**
   * Called before each callback, with its limit in seconds, counted from now: the job's own limit no longer holds.
   * A callback that blocks its event loop past the limit can only be ended from outside.
   */
  readonly onCallback?: (kind: CallbackKind, timeoutS: number) => void
}

const FIELDS = { success: 'onSuccess', failure: 'onFailure', stopped: 'onStopped' } as const satisfies Record<
  CallbackKind,
  keyof JobRecord
>

/**
 * Call one of a job's callbacks with (job, connection, ...rest) under its own limit; nothing when the job has none.
 * @throws what the callback throws or what keeps it from being loaded; JobTimeoutError at the limit.
 */
export async function runCallback(
  kind: CallbackKind,
  input: CallbackInput,
  job: Job,
  rest: readonly unknown[] = [],
): Promise<void> {
  const callback: CallbackRecord | undefined = input.record[FIELDS[kind]]
  if (callback === undefined) return
  const { name, timeoutS } = callback
  input.onCallback?.(kind, timeoutS)
  const limit = new AbortController()
  const expire = () => limit.abort(new JobTimeoutError(timeoutS))
  const timer = setTimeout(expire, Math.min(timeoutS * SECOND_MS, LONGEST_TIMER_MS))
  try {
    await untilAborted(limit.signal, async () => {
      const func = await input.loader.load(name)
      await withCurrentJob(job, () => func(job, input.context.storage.client(), ...rest))
    })
  } finally {
    clearTimeout(timer)
  }
}

/** What the failure callback of a job made of its error. */
export interface FailureReport {
  /** The text to store: the error's, followed by the callback's own where that threw too. */
  readonly text: string
  /** What the callback threw. */
  readonly callbackError?: { readonly thrown: unknown }
}

/** Tell a job's failure callback of an error: (job, connection, class name, error, text). Never throws. */
export async function reportFailure(input: CallbackInput, job: Job, error: unknown): Promise<FailureReport> {
  const text = errorText(error)
  if (input.record.onFailure === undefined) return { text }
  try {
    await runCallback('failure', input, job, [errorName(error), error, text])
    return { text }
  } catch (thrown) {
    return { text: errorText(thrown, text), callbackError: { thrown } }
  }
}

/**
 * Run the failure callback of a job whose horse was killed, in another one.
 * @returns the error text to store. Never throws.
 */
export async function runFailureCallback(input: CallbackInput, error: unknown): Promise<string> {
  const job = endedJob(input, 'failed')
  return (await reportFailure(input, job, error)).text
}

/**
 * Run the stopped callback of a job whose horse was killed, in another one: (job, connection).
 * @returns the text of what it threw, for the log; the job is stopped all the same. Never throws.
 */
export async function runStoppedCallback(input: CallbackInput): Promise<string | undefined> {
  return reportStop(input, endedJob(input, 'stopped'))
}

/** The job as the callback of a killed run sees it. It has a signal like any current job, which has nothing more to say. */
function endedJob({ record, context }: CallbackInput, status: 'failed' | 'stopped'): Job {
  return new Job({ ...record, status }, new RunContext(context, context.signal ?? new AbortController().signal))
}

export async function reportStop(input: CallbackInput, job: Job): Promise<string | undefined> {
  try {
    await runCallback('stopped', input, job)
    return undefined
  } catch (error) {
    return errorText(error)
  }
}
