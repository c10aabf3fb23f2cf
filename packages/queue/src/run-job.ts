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
import type { Codec, Serializer } from '@rq/serializer'
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
   * Ends the run; its reason is the job's error. `JobTimeoutError` for the time limit. An `RqError` `RQ_JOB_STOPPED`
   * makes the outcome `stopped`; with `RQ_LEASE_LOST` no callback runs, since another worker owns the job.
   */
  readonly signal: RunSignal
}

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
 * awaits it until the signal fires. Serializes the return value; if the serializer throws, a placeholder string is
 * stored and the job succeeds. A value that is too large makes it fail. Then calls the success callback; if that
 * throws, the job has failed. On failure calls the failure callback; if that throws, its error is added to the text.
 * Times are wall-clock milliseconds.
 */
export async function attemptJob(input: RunInput): Promise<Attempt> {
  // A copy, since the job's function may change it. Not a spread, which takes four times as long here.
  const record: JobRecord = Object.assign({}, input.record, { status: 'started' as const, startedAtMs: Date.now() })
  const { codec, serializer } = input.context
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

  let payload: Payload | Unwritten | undefined
  try {
    payload = serializeReturn(serializer, value)
    if (codec !== undefined) payload = await encodeReturn(codec, serializer, record.id, payload)
    if (payload !== undefined && !(payload instanceof Unwritten)) checkReturn(input, job, payload)
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
  if (payload instanceof Unwritten) return { outcome: { ...times, kind: 'returned', ...payload } }
  return { outcome: { ...times, kind: 'returned', ...(payload !== undefined && { value: payload }) } }
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

/**
 * Undefined for `undefined` and `null`, which RQ does not store.
 * @throws RqError `RQ_SERIALIZATION` when what the serializer returns is no payload: then it would write no value.
 */
function serializeReturn(serializer: Serializer, value: unknown): Payload | Unwritten | undefined {
  if (value === undefined || value === null) return undefined
  let dumped: unknown
  try {
    dumped = serializer.dumps(value)
  } catch (error) {
    return new Unwritten(serializer, messageOf(error))
  }
  return checkPayload(serializer, dumped)
}

/**
 * A value that cannot be encoded is lost, as one that cannot be written. The placeholder of both is no secret, but why
 * a serializer cannot write a value may be one.
 */
async function encodeReturn(
  codec: Codec,
  serializer: Serializer,
  jobId: string,
  payload: Payload | Unwritten | undefined,
): Promise<Payload | Unwritten | undefined> {
  if (payload === undefined) return undefined
  if (payload instanceof Unwritten) {
    return new Unwritten(serializer, `not shown, since the worker has the codec "${codec.name}"`)
  }
  try {
    return await encodePayload(codec, payload, { jobId, field: 'result' })
  } catch (error) {
    return new Unwritten(serializer, messageOf(error))
  }
}

/** @throws RqError `RQ_TOO_LARGE`. */
function checkReturn({ context: { limits = DEFAULT_SIZE_LIMITS } }: RunInput, job: Job, payload: Payload): void {
  limits.check('result', payload, () => job.funcName)
}

/** What an outcome has in the place of a value that cannot be written. */
class Unwritten {
  readonly value?: Payload
  readonly unwritten: string

  constructor(serializer: Serializer, why: string) {
    this.unwritten = why
    try {
      this.value = writePayload(serializer, UNSERIALIZABLE_RETURN_VALUE)
    } catch {
      // A serializer that cannot write a string either leaves no value.
    }
  }
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
