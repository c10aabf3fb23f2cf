import { RqError, SECOND_MS, within } from '@rq/core'
import {
  type AnyFunction,
  type Call,
  type JobRecord,
  type Outcome,
  type Payload,
  positional,
  type ReturnedRetry,
} from '@rq/job'
import type { Codec } from '@rq/serializer'
import { errorText } from '../failure/error-text.ts'
import { readCall } from '../payload/payload.ts'
import { decodePayloads, type Payloads, type Readable } from '../payload/payload-codec.ts'
import { DEFAULT_SIZE_LIMITS } from '../payload/size-limits.ts'
import { withCurrentJob } from './current-job.ts'
import type { MessageSender } from './message-sender.ts'
import { checkFailure, finalFailure } from './retry-check.ts'
import {
  checkReturn,
  encodeReturn,
  type ReturnRules,
  returnedRetry,
  type Written,
  writeReturn,
} from './return-value.ts'
import { type CallbackInput, type Failure, reportFailure, reportStop, runCallback } from './run-callback.ts'
import type { RunSignal } from './run-limit.ts'
import { RunningJob } from './running-job.ts'
import { goesBack, lacksFunction, type UnknownFunctionRule, unknownFunction } from './unknown-function.ts'
import { untilAborted } from './until-aborted.ts'

export interface RunInput extends CallbackInput, ReturnRules, UnknownFunctionRule {
  /**
   * Ends the run; its reason is the job's error. `JobTimeoutError` for the time limit. An `RqError` `RQ_JOB_STOPPED`
   * makes the outcome `stopped`; with `RQ_LEASE_LOST` no callback runs, since another worker owns the job.
   */
  readonly signal: RunSignal
  /** The data of the record, where they have been inflated before, to check the signature. */
  readonly inflated?: Payload | undefined
}

/** How an attempt ended. */
export interface Attempt {
  readonly outcome: Outcome
  /** For a `raised` outcome: why. Absent when the lease was lost, which no callback or handler hears of. */
  readonly failure?: Failure
  /** What sends the messages of the job, if it has sent any. */
  readonly sender?: MessageSender
}

/** The text that RQ stores for a stopped job. */
export const STOPPED_TEXT = 'Job stopped by user, work-horse terminated.'

/** How long the end of a job waits for messages that are on their way, when the store does not answer. */
const LONGEST_SENDING_MS = 5 * SECOND_MS

/**
 * Run a job once, callbacks included. Writes nothing: the caller settles. Never throws or rejects. Returns a promise
 * only if something has to be waited for, since a promise costs more than all else that a short job needs.
 *
 * Loads the function, calls it with its arguments (keyword arguments last, if there are any) as the current job, and
 * awaits it until the signal fires. Serializes the return value; a value that cannot be written, or is too large, makes
 * the job fail ({@link RunInput.unserializableResult}). Then calls the success callback; if that throws, the job has
 * failed. On failure calls the failure callback; if that throws, its error is added to the text. A function that this
 * build does not have is a failure without retries, or the job goes back: {@link RunInput.returnUnknownForMs}.
 * Times are wall-clock milliseconds.
 */
export function attemptJob(input: RunInput): Attempt | Promise<Attempt> {
  const { inflated, record } = input
  const { codec } = input.context
  if (codec !== undefined) return payloadsOf(input, codec).then((payloads) => attempt(input, payloads))
  return attempt(input, inflated === undefined || inflated === record.data ? record : withData(record, inflated))
}

function withData({ meta }: JobRecord, data: Payload): Payloads {
  return meta === undefined ? { data } : { data, meta }
}

function attempt(input: RunInput, payloads: Payloads): Attempt | Promise<Attempt> {
  const run = new RunningJob(input, payloads)
  let returned: unknown
  try {
    returned = untilAborted(input.signal, () => call(input, run, payloads.data))
  } catch (error) {
    return threw(input, run, error)
  }
  if (!(returned instanceof Promise)) return hasReturned(input, run, returned)
  return returned.then(
    (value) => hasReturned(input, run, value),
    (error) => threw(input, run, error),
  )
}

function call(input: RunInput, run: RunningJob, data: Readable): unknown {
  const { context, loader, record, signal } = input
  const { limits = DEFAULT_SIZE_LIMITS, serializer } = context
  limits.checkWhole(record)
  limits.checkStored('arguments', record.data, record.id)
  const stored = readCall(serializer, data, limits.limits.inflated)
  const loaded = loader.loaded?.(stored.func)
  if (loaded !== undefined) return start(run, loaded, stored)
  return loader.load(stored.func).then((func) => {
    signal.throwIfAborted()
    return start(run, func, stored)
  })
}

function start(run: RunningJob, func: AnyFunction, stored: Call): unknown {
  run.begin()
  return withCurrentJob(run, func, positional(stored))
}

/** A run that is ended meanwhile does not need them. Never rejects. */
async function payloadsOf({ context, inflated, record, signal }: RunInput, codec: Codec): Promise<Payloads> {
  try {
    return await untilAborted(signal, () => decodePayloads(codec, record, context.limits, inflated))
  } catch {
    return record
  }
}

function hasReturned(input: RunInput, run: RunningJob, value: unknown): Attempt | Promise<Attempt> {
  run.end()
  let retry: ReturnedRetry | undefined
  try {
    retry = returnedRetry(value)
  } catch (error) {
    return ended(input, run, error)
  }
  if (retry !== undefined) return over(run, { outcome: { ...timesOf(run), kind: 'returned_retry', retry } })
  const { codec } = input.context
  let written: Written
  try {
    written = writeReturn(input, run, value)
    if (codec !== undefined) return encodeAndFinish(codec, input, run, value, written)
    checkReturn(input, run, written)
  } catch (error) {
    return ended(input, run, error)
  }
  return input.record.onSuccess === undefined ? finished(run, written) : reportSuccess(input, run, value, written)
}

async function encodeAndFinish(
  codec: Codec,
  input: RunInput,
  run: RunningJob,
  value: unknown,
  written: Written,
): Promise<Attempt> {
  let encoded: Written
  try {
    encoded = await encodeReturn(codec, input, run, written)
    checkReturn(input, run, encoded)
  } catch (error) {
    return ended(input, run, error)
  }
  return reportSuccess(input, run, value, encoded)
}

async function reportSuccess(input: RunInput, run: RunningJob, value: unknown, written: Written): Promise<Attempt> {
  run.become('finished')
  try {
    await runCallback('success', input, run, [value])
  } catch (error) {
    return ended(input, run, error)
  }
  return finished(run, written)
}

function finished(run: RunningJob, written: Written): Attempt | Promise<Attempt> {
  const { endedAtMs, startedAtMs } = run
  return over(run, { outcome: { kind: 'returned', startedAtMs, endedAtMs, ...written } })
}

/** The attempt, once all messages that the job has sent are stored: a reader of its end must find all of them. */
function over(run: RunningJob, attempt: Attempt): Attempt | Promise<Attempt> {
  const { sender } = run
  if (sender === undefined) return attempt
  return within(LONGEST_SENDING_MS, sender.allSent).then(() => ({ ...attempt, sender }))
}

function threw(input: RunInput, run: RunningJob, error: unknown): Promise<Attempt> {
  run.end()
  return ended(input, run, error)
}

async function ended(input: RunInput, run: RunningJob, error: unknown): Promise<Attempt> {
  const times = timesOf(run)
  const ending = input.signal.aborted && error === input.signal.reason ? codeOf(error) : undefined
  if (ending === 'RQ_LEASE_LOST') return { outcome: { ...times, kind: 'raised', error: errorText(error) } }
  if (ending === 'RQ_JOB_STOPPED') {
    run.become('stopped')
    await reportStop(input, run)
    return over(run, { outcome: { ...times, kind: 'stopped', error: STOPPED_TEXT } })
  }
  const isUnknown = lacksFunction(error, run)
  if (isUnknown && goesBack(input)) return { outcome: await unknownFunction(input, error, times) }
  run.become('failed')
  const { error: facts, verdict } = isUnknown ? finalFailure(error) : await checkFailure(input, run, error)
  const failure = await reportFailure(input, run, error, facts, verdict.isFinal)
  const { remote, text } = failure.error
  return over(run, {
    outcome: { ...times, kind: 'raised', error: text, ...(remote && { remote }), ...verdict },
    failure,
  })
}

function timesOf({ endedAtMs, startedAtMs }: RunningJob): { startedAtMs: number; endedAtMs: number } {
  return { startedAtMs, endedAtMs }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof RqError ? error.code : undefined
}
