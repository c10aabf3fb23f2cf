import { RqError, show } from '@rq/core'
import {
  type AnyFunction,
  checkPayload,
  isReturnedRetry,
  type JobRecord,
  type Outcome,
  type Payload,
  positional,
  Retry,
  type ReturnedRetry,
  UNSERIALIZABLE_RETURN_VALUE,
  writePayload,
} from '@rq/job'
import type { Codec } from '@rq/serializer'
import { withCurrentJob } from './current-job.ts'
import { errorText } from './error-text.ts'
import { Job } from './job.ts'
import { readCall } from './payload.ts'
import { decodePayloads, encodePayload, type Payloads, type Readable } from './payload-codec.ts'
import { type CallbackInput, type Failure, reportFailure, reportStop, runCallback } from './run-callback.ts'
import { RunContext } from './run-context.ts'
import type { RunSignal } from './run-limit.ts'
import { DEFAULT_SIZE_LIMITS } from './size-limits.ts'
import { untilAborted } from './until-aborted.ts'

export interface RunInput extends CallbackInput {
  /**
   * What becomes of a job whose return value cannot be serialized. `fail`: it fails. `placeholder`: it succeeds, and
   * RQ's text is stored instead, as for every job of RQ's result dialect. Default `fail`.
   */
  readonly unserializableResult?: UnserializableResult | undefined
  /**
   * Ends the run; its reason is the job's error. `JobTimeoutError` for the time limit. An `RqError` `RQ_JOB_STOPPED`
   * makes the outcome `stopped`; with `RQ_LEASE_LOST` no callback runs, since another worker owns the job.
   */
  readonly signal: RunSignal
}

/** What becomes of a job whose return value cannot be serialized. */
export type UnserializableResult = 'fail' | 'placeholder'

/** How an attempt ended. */
export interface Attempt {
  readonly outcome: Outcome
  /** For a `raised` outcome: why. Absent when the lease was lost, which no callback or handler hears of. */
  readonly failure?: Failure
}

/** The text that RQ stores for a stopped job. */
export const STOPPED_TEXT = 'Job stopped by user, work-horse terminated.'

/**
 * Run a job once, callbacks included. Writes nothing: the caller settles. Never rejects.
 *
 * Loads the function, calls it with its arguments (keyword arguments last, if there are any) as the current job, and
 * awaits it until the signal fires. Serializes the return value; a value that cannot be written, or is too large, makes
 * the job fail ({@link RunInput.unserializableResult}). Then calls the success callback; if that throws, the job has
 * failed. On failure calls the failure callback; if that throws, its error is added to the text.
 * Times are wall-clock milliseconds.
 */
export async function attemptJob(input: RunInput): Promise<Attempt> {
  // A copy, since the job's function may change it. Not a spread, which takes four times as long here.
  const record: JobRecord = Object.assign({}, input.record, { status: 'started' as const, startedAtMs: Date.now() })
  const { codec } = input.context
  const payloads = codec === undefined ? record : await payloadsOf(record, codec, input.signal)
  const job = new Job(record, new RunContext(input.context, input.signal), payloads)
  let value: unknown
  try {
    value = untilAborted(input.signal, () => call(input, job, record, payloads.data))
    if (value instanceof Promise) value = await value
  } catch (error) {
    record.endedAtMs = Date.now()
    return ended(input, job, record, error)
  }
  record.endedAtMs = Date.now()
  const times = timesOf(record)

  const retry = returnedRetry(value)
  if (retry !== undefined) return { outcome: { ...times, kind: 'returned_retry', retry } }

  let written: Written
  try {
    written = writeReturn(input, job, value)
    if (codec !== undefined) written = await encodeReturn(codec, input, job, written)
    if (written.value !== undefined) checkReturn(input, job, written.value)
  } catch (error) {
    return ended(input, job, record, error)
  }
  if (record.onSuccess !== undefined) {
    record.status = 'finished'
    try {
      await runCallback('success', input, job, [value])
    } catch (error) {
      return ended(input, job, record, error)
    }
  }
  return { outcome: { ...times, kind: 'returned', ...written } }
}

/** Makes no promise of its own when the function was loaded before: every job passes here. */
function call({ context, loader, signal }: RunInput, job: Job, record: JobRecord, data: Readable): unknown {
  const { limits = DEFAULT_SIZE_LIMITS } = context
  limits.checkWhole(record)
  limits.checkStored('arguments', record.data, record.id)
  const stored = readCall(context.serializer, data, limits.limits.inflated)
  const start = (func: AnyFunction): unknown => {
    record.startedAtMs = Date.now()
    return withCurrentJob(job, () => func(...positional(stored)))
  }
  const loaded = loader.loaded?.(stored.func)
  if (loaded !== undefined) return start(loaded)
  return loader.load(stored.func).then((func) => {
    signal.throwIfAborted()
    return start(func)
  })
}

/** A run that is ended meanwhile does not need them. Never rejects. */
async function payloadsOf(record: JobRecord, codec: Codec, signal: RunSignal): Promise<Payloads> {
  try {
    return await untilAborted(signal, () => decodePayloads(codec, record))
  } catch {
    return record
  }
}

async function ended(input: RunInput, job: Job, record: JobRecord, error: unknown): Promise<Attempt> {
  const times = timesOf(record)
  const ending = input.signal.aborted && error === input.signal.reason ? codeOf(error) : undefined
  if (ending === 'RQ_LEASE_LOST') return { outcome: { ...times, kind: 'raised', error: errorText(error) } }
  if (ending === 'RQ_JOB_STOPPED') {
    record.status = 'stopped'
    await reportStop(input, job)
    return { outcome: { ...times, kind: 'stopped', error: STOPPED_TEXT } }
  }
  record.status = 'failed'
  const failure = await reportFailure(input, job, error)
  return { outcome: { ...times, kind: 'raised', error: failure.error.text }, failure }
}

function timesOf(record: JobRecord): { startedAtMs: number; endedAtMs: number } {
  const endedAtMs = record.endedAtMs ?? Date.now()
  return { startedAtMs: record.startedAtMs ?? endedAtMs, endedAtMs }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof RqError ? error.code : undefined
}

/** What an outcome has of a return value. `unwritten`: why there is a placeholder in its place. */
interface Written {
  readonly value?: Payload
  readonly unwritten?: string
}

/** RQ does not store `undefined` and `null`. */
const NOTHING: Written = {}

/**
 * @throws RqError `RQ_SERIALIZATION` when the value cannot be written, and when what the serializer returns is no
 *   payload.
 */
function writeReturn(input: RunInput, job: Job, value: unknown): Written {
  if (value === undefined || value === null) return NOTHING
  const { serializer } = input.context
  let dumped: unknown
  try {
    dumped = serializer.dumps(value)
  } catch (error) {
    if (isGenerator(value)) throw unwritable(job, error)
    return placeholder(input, job, error)
  }
  return { value: checkPayload(serializer, dumped) }
}

/** The placeholder itself is no secret, but why a serializer cannot write a value may be one. */
async function encodeReturn(codec: Codec, input: RunInput, job: Job, { value, unwritten }: Written): Promise<Written> {
  if (unwritten !== undefined) {
    return {
      ...(value !== undefined && { value }),
      unwritten: `not shown, since the worker has the codec "${codec.name}"`,
    }
  }
  if (value === undefined) return NOTHING
  try {
    return { value: await encodePayload(codec, value, { jobId: job.id, field: 'result' }) }
  } catch (error) {
    return placeholder(input, job, error)
  }
}

/** Stands for a value that cannot be written. @throws RqError `RQ_SERIALIZATION` where the job is to fail instead. */
function placeholder(
  { context: { serializer }, record, unserializableResult }: RunInput,
  job: Job,
  error: unknown,
): Written {
  if (record.results !== 'stream' && unserializableResult !== 'placeholder') throw unwritable(job, error)
  const unwritten = messageOf(error)
  try {
    return { value: writePayload(serializer, UNSERIALIZABLE_RETURN_VALUE), unwritten }
  } catch {
    // A serializer that cannot write a string either leaves no value.
    return { unwritten }
  }
}

function unwritable(job: Job, cause: unknown): RqError {
  const details = cause instanceof RqError ? cause.details : {}
  const message = `Cannot store the return value of ${job.funcName}: ${messageOf(cause)}`
  return new RqError('RQ_SERIALIZATION', message, { details, cause })
}

/** Of what a generator would do nothing has been done, so its job has not succeeded, whatever is stored. */
function isGenerator(value: unknown): boolean {
  return /^\[object (?:Async)?Generator\]$/.test(Object.prototype.toString.call(value))
}

/** @throws RqError `RQ_TOO_LARGE`. */
function checkReturn({ context: { limits = DEFAULT_SIZE_LIMITS } }: RunInput, job: Job, payload: Payload): void {
  limits.check('result', payload, () => job.funcName)
}

/** What a serializer throws may be anything, and may throw when it is read. */
function messageOf(error: unknown): string {
  try {
    if (error instanceof Error) return String(error.message)
  } catch {
    // Shown as what it is.
  }
  return show(error)
}

/** A returned `Retry`. It may come from another copy of this library that the job's module has loaded. */
function returnedRetry(value: unknown): ReturnedRetry | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  try {
    if (!(value instanceof Retry) && value.constructor?.name !== 'Retry') return undefined
    if (!isReturnedRetry(value)) return undefined
    const { enqueueAtFront, intervalsS, max } = value
    return { max, intervalsS: [...intervalsS], ...(enqueueAtFront === true && { enqueueAtFront }) }
  } catch {
    return undefined
  }
}
