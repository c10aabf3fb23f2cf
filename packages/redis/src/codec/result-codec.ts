import { deflateSync } from 'node:zlib'
import { SECOND_MS } from '@rq/core'
import {
  type AwaitedResult,
  inflateText,
  type JobRecord,
  RESULT_TYPE_NUMBERS,
  type ResultRecord,
  resultTypeOf,
  type Settlement,
} from '@rq/job'
import type { ScriptArgument } from '../connection/script.ts'
import { readNumber } from './numbers.ts'
import { msOf, parseTime } from './time.ts'

/** Bytes that are shown of an error. Ours are shorter; those of Python have no limit. */
const LONGEST_SHOWN_ERROR = 1024 ** 2

/**
 * Encode a result as names and values of a stream entry, in turn. An error is zlib in base64, a value base64. A failed
 * attempt that is followed by another one is a failure with a mark of ours: readers of RQ before 2.1 know no type
 * `retried`, which only a returned Retry has.
 */
export function encodeResult(settlement: Settlement, workerName: string): ScriptArgument[] {
  const result = settlement.result
  if (result === undefined) return []
  const isFailedAttempt = result.type === 'retried' && result.excString !== undefined
  const type = RESULT_TYPE_NUMBERS[isFailedAttempt ? 'failed' : result.type]
  const fields: ScriptArgument[] = ['type', type, 'worker_name', workerName]
  if (isFailedAttempt) fields.push('retried', 1)
  if (result.returnValue !== undefined) {
    fields.push('return_value', Buffer.from(result.returnValue as string).toString('base64'))
  }
  if (result.excString !== undefined) fields.push('exc_string', deflateSync(result.excString).toString('base64'))
  if (result.remote !== undefined) fields.push('error', result.remote)
  fields.push('execution_id', settlement.executionId)
  fields.push('execution_started_at', settlement.startedAtMs / 1000, 'execution_ended_at', settlement.endedAtMs / 1000)
  return fields
}

/**
 * Decode a stream entry; undefined if its type is unknown. A result that was moved here from the job's hash, because
 * the job was enqueued again, has its value and times as they were there.
 */
export function decodeResult(id: Buffer, fields: readonly Buffer[]): ResultRecord | undefined {
  const map = new Map<string, string>()
  let value: Buffer | undefined
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const name = String(fields[at])
    if (name === 'value') value = fields[at + 1]
    else map.set(name, String(fields[at + 1]))
  }
  const type = resultTypeOf(Number(map.get('type')))
  if (type === undefined) return undefined
  const returnValue = map.get('return_value')
  const excString = map.get('exc_string')
  return {
    type: type === 'failed' && map.get('retried') === '1' ? 'retried' : type,
    createdAtMs: parseTime(map.get('ended_at') ?? '') ?? msOf(readNumber(String(id).split('-')[0])) ?? 0,
    ...(returnValue === undefined ? {} : { returnValue: Buffer.from(returnValue, 'base64') }),
    ...(value === undefined ? {} : { returnValue: value }),
    ...(excString === undefined
      ? {}
      : { excString: inflateText(Buffer.from(excString, 'base64'), LONGEST_SHOWN_ERROR) }),
    ...optional('remote', map.get('error')),
    ...optional('workerName', map.get('worker_name')),
    ...optional('executionId', map.get('execution_id')),
    ...optional(
      'executionStartedAtMs',
      seconds(map.get('execution_started_at')) ?? parseTime(map.get('started_at') ?? ''),
    ),
    ...optional('executionEndedAtMs', seconds(map.get('execution_ended_at')) ?? parseTime(map.get('ended_at') ?? '')),
  }
}

/**
 * The result in a job's own hash: only a success of one of our executions in the `hash` dialect. A Python worker writes
 * no `execution_id`, and its results to the stream. A Python program that saves the job compresses its data, which
 * marks the other dialect; then the result is in the hash if the stream is empty.
 */
export function hashResult(job: JobRecord | undefined, streamIsEmpty: boolean): ResultRecord | undefined {
  if (job?.status !== 'finished' || job.executionId === undefined) return undefined
  if (job.results !== 'hash' && !streamIsEmpty) return undefined
  return {
    type: 'successful',
    createdAtMs: job.endedAtMs ?? 0,
    ...(job.result === undefined ? {} : { returnValue: job.result }),
    ...optional('leftOutBytes', job.leftOut?.result),
    ...optional('workerName', job.workerName),
    executionId: job.executionId,
    ...optional('executionStartedAtMs', job.startedAtMs),
    ...optional('executionEndedAtMs', job.endedAtMs),
  }
}

/** The answer to a caller that waited, from a job and its last entry in the stream, whose id is empty for none. */
export function awaitedOf(job: JobRecord | undefined, id: Buffer, fields: readonly Buffer[]): AwaitedResult {
  const result = hashResult(job, id.length === 0) ?? (id.length === 0 ? undefined : decodeResult(id, fields))
  return { status: job?.status, result: result ?? null }
}

/** Lines of a notice before the value. */
const NOTICE_LINES = 6

/** Read what settle.lua publishes about a job: its id alone, or with it a whole success. */
export function readNotice(message: Buffer): { readonly jobId: string; readonly awaited?: AwaitedResult } {
  const lines: string[] = []
  let at = 0
  while (lines.length < NOTICE_LINES) {
    const end = message.indexOf('\n', at)
    if (end === -1) break
    lines.push(message.toString('utf8', at, end))
    at = end + 1
  }
  const [jobId, workerName, executionId, startedAt = '', endedAt = '', hasValue] = lines
  if (jobId === undefined || lines.length < NOTICE_LINES) return { jobId: message.toString() }
  const result: ResultRecord = {
    type: 'successful',
    createdAtMs: parseTime(endedAt) ?? 0,
    ...(hasValue === '1' && { returnValue: message.subarray(at) }),
    ...optional('workerName', workerName),
    ...optional('executionId', executionId),
    ...optional('executionStartedAtMs', parseTime(startedAt)),
    ...optional('executionEndedAtMs', parseTime(endedAt)),
  }
  return { jobId, awaited: { status: 'finished', result } }
}

function seconds(text: string | undefined): number | undefined {
  const value = readNumber(text)
  return value === undefined ? undefined : msOf(Math.round(value * SECOND_MS))
}

function optional<K extends string, V extends string | number>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined || value === '' ? {} : ({ [key]: value } as { [P in K]?: V })
}
