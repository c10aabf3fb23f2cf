import { invalidOption, RqError, show } from '@rq/core'
import {
  checkPayload,
  isCompressed,
  isReturnedRetry,
  type JobRecord,
  type Payload,
  Retry,
  type ReturnedRetry,
  UNSERIALIZABLE_RETURN_VALUE,
  writePayload,
} from '@rq/job'
import type { Codec } from '@rq/serializer'
import type { JobContext } from '../context.ts'
import { encodePayload } from '../payload/payload-codec.ts'
import { DEFAULT_SIZE_LIMITS } from '../payload/size-limits.ts'
import type { CurrentRun } from './current-job.ts'

/** What becomes of a job whose return value cannot be serialized. */
export type UnserializableResult = 'fail' | 'placeholder'

/** What decides how a return value is stored. */
export interface ReturnRules {
  readonly record: JobRecord
  readonly context: JobContext
  /**
   * What becomes of a job whose return value cannot be serialized. `fail`: it fails. `placeholder`: it succeeds, and
   * RQ's text is stored instead, as for every job of RQ's result dialect. Default `fail`.
   */
  readonly unserializableResult?: UnserializableResult | undefined
}

/** What an outcome has of a return value. `unwritten`: why there is a placeholder in its place. */
export interface Written {
  readonly value?: Payload
  readonly unwritten?: string
}

/** RQ does not store `undefined` and `null`. */
const NOTHING: Written = {}

/**
 * @throws RqError `RQ_SERIALIZATION` when the value cannot be written, and when what the serializer returns is no
 *   payload.
 */
export function writeReturn(rules: ReturnRules, run: CurrentRun, value: unknown): Written {
  if (value === undefined || value === null) return NOTHING
  const { serializer } = rules.context
  let dumped: unknown
  try {
    dumped = serializer.dumps(value)
  } catch (error) {
    if (isGenerator(value)) throw unwritable(run, error)
    return placeholder(rules, run, error)
  }
  return { value: checkPayload(serializer, dumped) }
}

/** The placeholder itself is no secret, but why a serializer cannot write a value may be one. */
export async function encodeReturn(
  codec: Codec,
  rules: ReturnRules,
  run: CurrentRun,
  { value, unwritten }: Written,
): Promise<Written> {
  if (unwritten !== undefined) {
    return {
      ...(value !== undefined && { value }),
      unwritten: `not shown, since the worker has the codec "${codec.name}"`,
    }
  }
  if (value === undefined) return NOTHING
  try {
    return { value: await encodePayload(codec, value, { jobId: rules.record.id, field: 'result' }) }
  } catch (error) {
    return placeholder(rules, run, error)
  }
}

/** Stands for a value that cannot be written. @throws RqError `RQ_SERIALIZATION` where the job is to fail instead. */
function placeholder(
  { context: { serializer }, record, unserializableResult }: ReturnRules,
  run: CurrentRun,
  error: unknown,
): Written {
  if (!asksForPlaceholder(record) && unserializableResult !== 'placeholder') throw unwritable(run, error)
  const unwritten = messageOf(error)
  try {
    return { value: writePayload(serializer, UNSERIALIZABLE_RETURN_VALUE), unwritten }
  } catch {
    // A serializer that cannot write a string either leaves no value.
    return { unwritten }
  }
}

/**
 * Whether its results are read as RQ's are. Those of a job of ours that was retried are in the stream as well, next to
 * the errors of its attempts.
 */
function asksForPlaceholder({ data, results, retriesLeft = 0, retryMax = retriesLeft }: JobRecord): boolean {
  return results === 'stream' && (retriesLeft === retryMax || isCompressed(data))
}

function unwritable({ job }: CurrentRun, cause: unknown): RqError {
  const details = cause instanceof RqError ? cause.details : {}
  const message = `Cannot store the return value of ${job.funcName}: ${messageOf(cause)}`
  return new RqError('RQ_SERIALIZATION', message, { details, cause })
}

/** Of what a generator would do nothing has been done, so its job has not succeeded, whatever is stored. */
function isGenerator(value: unknown): boolean {
  return /^\[object (?:Async)?Generator\]$/.test(Object.prototype.toString.call(value))
}

/** @throws RqError `RQ_TOO_LARGE`. */
export function checkReturn({ context }: ReturnRules, run: CurrentRun, { value }: Written): void {
  const { limits = DEFAULT_SIZE_LIMITS } = context
  if (value !== undefined) limits.check('result', value, () => run.job.funcName)
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

const NO_CHECK = 'none in a returned Retry: the function has decided already'

/**
 * A returned `Retry`. It may come from another copy of this library that the job's module has loaded.
 * @throws RqError `RQ_INVALID_OPTION` when it has an `on`.
 */
export function returnedRetry(value: unknown): ReturnedRetry | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  try {
    if (!(value instanceof Retry) && value.constructor?.name !== 'Retry') return undefined
    if (!isReturnedRetry(value)) return undefined
    const { enqueueAtFront, intervalsS, max } = value
    if ('on' in value && value.on !== undefined) throw invalidOption('retry.on', value.on, NO_CHECK)
    return { max, intervalsS: [...intervalsS], ...(enqueueAtFront === true && { enqueueAtFront }) }
  } catch (error) {
    if (error instanceof RqError) throw error
    return undefined
  }
}
