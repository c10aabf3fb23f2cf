import type { ResultRecord, ResultType } from '@rq/job'
import type { Serializer } from '@rq/serializer'
import type { JobContext } from '../context.ts'
import { decodeErrorText, withoutEncoded } from '../failure/encoded-error.ts'
import { type RemoteError, remoteOf } from '../failure/remote-error.ts'
import { readValue } from '../payload/payload.ts'
import { decodePayload, type Readable, Undecodable } from '../payload/payload-codec.ts'
import { DEFAULT_SIZE_LIMITS } from '../payload/size-limits.ts'
import { dateOf } from '../when.ts'

/** The result of one run of a job. */
export class Result<R = unknown> {
  readonly type: ResultType
  readonly createdAt: Date
  /**
   * The error with its stack and causes; undefined unless the run failed or was stopped. Without the codec that encoded
   * it, only its class name.
   */
  readonly excString: string | undefined
  readonly workerName: string | undefined
  readonly executionId: string | undefined
  readonly executionStartedAt: Date | undefined
  readonly executionEndedAt: Date | undefined
  readonly #remote: string | undefined
  readonly #returnValue: Readable | undefined
  readonly #serializer: Serializer

  /** @param returnValue decoded, if a codec encoded that of the record. */
  constructor(record: ResultRecord, serializer: Serializer, returnValue: Readable | undefined = record.returnValue) {
    this.type = record.type
    this.createdAt = new Date(record.createdAtMs)
    this.excString = record.excString && withoutEncoded(record.excString)
    this.workerName = record.workerName
    this.executionId = record.executionId
    this.executionStartedAt = dateOf(record.executionStartedAtMs)
    this.executionEndedAt = dateOf(record.executionEndedAtMs)
    this.#remote = record.remote
    this.#returnValue = returnValue
    this.#serializer = serializer
  }

  /**
   * The error of the run as data; undefined if it has none. Without the codec that encoded it, only its class name. Of
   * a run by Python, name and message are read from the last line of its traceback.
   */
  get error(): RemoteError | undefined {
    return this.excString === undefined ? undefined : remoteOf(this.excString, this.#remote)
  }

  /**
   * The return value of the function: null when it returned nothing (`undefined` and `null` are stored alike),
   * undefined when the run did not succeed. Decoded each time it is read.
   * @throws RqError `RQ_DESERIALIZATION` when it cannot be decoded; `RQ_TOO_LARGE` when it was too large to be read.
   */
  get returnValue(): R | null | undefined {
    const returnValue = this.#returnValue
    if (returnValue === undefined) return this.type === 'successful' ? null : undefined
    return readValue(this.#serializer, returnValue, 'result') as R
  }
}

/** The result of a job's record, decoded. */
export async function resultOf<R>(jobId: string, record: ResultRecord, context: JobContext): Promise<Result<R>> {
  const { codec, limits = DEFAULT_SIZE_LIMITS, serializer } = context
  const { leftOutBytes } = record
  if (leftOutBytes !== undefined)
    return new Result<R>(record, serializer, new Undecodable(limits.tooLarge('result', leftOutBytes, jobId)))
  if (codec === undefined) return new Result<R>(record, serializer)
  const { excString, remote, returnValue } = record
  const decoded = returnValue && (await decodePayload(codec, returnValue, { jobId, field: 'result' }))
  const error = excString && { excString: await decodeErrorText(codec, jobId, excString) }
  const data = remote && { remote: await decodeErrorText(codec, jobId, remote) }
  return new Result<R>({ ...record, ...error, ...data }, serializer, decoded)
}
