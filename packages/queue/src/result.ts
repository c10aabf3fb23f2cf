import type { ResultRecord, ResultType } from '@rq/job'
import type { Serializer } from '@rq/serializer'
import { readValue } from './payload.ts'
import { dateOf } from './when.ts'

/** The result of one run of a job. */
export class Result<R = unknown> {
  readonly type: ResultType
  readonly createdAt: Date
  /** The error with its stack and causes; undefined unless the run failed or was stopped. */
  readonly excString: string | undefined
  readonly workerName: string | undefined
  readonly executionId: string | undefined
  readonly executionStartedAt: Date | undefined
  readonly executionEndedAt: Date | undefined
  readonly #record: ResultRecord
  readonly #serializer: Serializer

  constructor(record: ResultRecord, serializer: Serializer) {
    this.type = record.type
    this.createdAt = new Date(record.createdAtMs)
    this.excString = record.excString
    this.workerName = record.workerName
    this.executionId = record.executionId
    this.executionStartedAt = dateOf(record.executionStartedAtMs)
    this.executionEndedAt = dateOf(record.executionEndedAtMs)
    this.#record = record
    this.#serializer = serializer
  }

  /**
   * The return value of the function: null when it returned nothing (`undefined` and `null` are stored alike),
   * undefined when the run did not succeed. Decoded each time it is read.
   * @throws RqError `RQ_DESERIALIZATION` when it cannot be decoded.
   */
  get returnValue(): R | null | undefined {
    const { returnValue, type } = this.#record
    if (returnValue === undefined) return type === 'successful' ? null : undefined
    return readValue(this.#serializer, returnValue, 'the return value') as R
  }
}
