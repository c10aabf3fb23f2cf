import type { Payload } from './record.ts'

/** How an attempt can end, as its result says. */
export const RESULT_TYPES = ['successful', 'failed', 'stopped', 'retried', 'max_retries_exceeded'] as const

export type ResultType = (typeof RESULT_TYPES)[number]

/** RQ's numbers of the result types, as the stream stores them. */
export const RESULT_TYPE_NUMBERS: Readonly<Record<ResultType, number>> = {
  successful: 1,
  failed: 2,
  stopped: 3,
  retried: 4,
  max_retries_exceeded: 5,
}

const BY_NUMBER = new Map(RESULT_TYPES.map((type) => [RESULT_TYPE_NUMBERS[type], type]))

/** The result type of RQ's number; undefined for an unknown number. */
export function resultTypeOf(number: number): ResultType | undefined {
  return BY_NUMBER.get(number)
}

/** RQ's placeholder for a return value that cannot be serialized. */
export const UNSERIALIZABLE_RETURN_VALUE = 'Unserializable return value'

/** A result of a job, as stored. */
export interface ResultRecord {
  readonly type: ResultType
  readonly createdAtMs: number
  /** Absent for `null` and `undefined`, which RQ does not store. */
  readonly returnValue?: Payload | undefined
  /** How many bytes the return value has, if that is too much for its reader. It is absent then. */
  readonly leftOutBytes?: number
  readonly excString?: string
  /** The error as data, in JSON. Only of attempts of ours. */
  readonly remote?: string
  readonly workerName?: string
  readonly executionId?: string
  readonly executionStartedAtMs?: number
  readonly executionEndedAtMs?: number
}
