import type { Payload } from './record.ts'

/** The outcome of one attempt. */
export const RESULT_TYPES = ['successful', 'failed', 'stopped', 'retried', 'max_retries_exceeded'] as const

export type ResultType = (typeof RESULT_TYPES)[number]

/** RQ's numbers of the types, as the stream stores them. */
export const RESULT_TYPE_NUMBERS: Readonly<Record<ResultType, number>> = {
  successful: 1,
  failed: 2,
  stopped: 3,
  retried: 4,
  max_retries_exceeded: 5,
}

const BY_NUMBER = new Map(RESULT_TYPES.map((type) => [RESULT_TYPE_NUMBERS[type], type]))

export function resultTypeOf(number: number): ResultType | undefined {
  return BY_NUMBER.get(number)
}

/** What stands in for a return value that no serializer could write (RQ's words). */
export const UNSERIALIZABLE_RETURN_VALUE = 'Unserializable return value'

/** One entry of a job's result history, as stored. */
export interface ResultRecord {
  readonly type: ResultType
  readonly createdAtMs: number
  /** Absent for `null`, as in RQ. */
  readonly returnValue?: Payload | undefined
  readonly excString?: string
  readonly workerName?: string
  readonly executionId?: string
  readonly executionStartedAtMs?: number
  readonly executionEndedAtMs?: number
}
