import { SECOND_MS } from '@rq/core'
import { DEFAULT_FAILURE_TTL_S, type JobRecord, RESULT_HISTORY, type ResultRecord, type Settlement } from '@rq/job'
import type { MemoryData } from './memory-data.ts'
import { shownRecord } from './shown-record.ts'

/** Returns the stored results of a job, newest first. `largestBytes`: of a value in its record. */
export function resultsOf(data: MemoryData, jobId: string, largestBytes = Number.MAX_SAFE_INTEGER): ResultRecord[] {
  const earlier = data.results.get(jobId) ?? []
  const record = data.record(jobId)
  const latest = ownResult(record && shownRecord(record, largestBytes), earlier.length === 0)
  return latest === undefined ? [...earlier] : [latest, ...earlier].slice(0, RESULT_HISTORY)
}

/** Whether the result of a settlement goes into the job's record instead of its history. */
export function isKeptInRecord({ result, dialect }: Settlement): boolean {
  return result?.type === 'successful' && dialect === 'hash'
}

/** Add the result of an attempt to the history of its job. */
export function noteResult(data: MemoryData, settlement: Settlement, workerName: string): void {
  const { jobId, to } = settlement
  const record = resultRecord(data, settlement, workerName)
  if (record === undefined) return
  note(data, jobId, record)
  const keepS = to === 'queued' || to === 'scheduled' ? DEFAULT_FAILURE_TTL_S : settlement.keepS
  data.results.expire(jobId, keepS > 0 ? keepS * SECOND_MS : Number.POSITIVE_INFINITY)
}

/** The result of a settlement; undefined if it has none. */
export function resultRecord(
  data: MemoryData,
  { endedAtMs, executionId, result, startedAtMs }: Settlement,
  workerName: string,
): ResultRecord | undefined {
  if (result === undefined) return undefined
  const { returnValue, excString, remote, type } = result
  return {
    type,
    createdAtMs: data.nowMs,
    ...(returnValue !== undefined && { returnValue }),
    ...(excString !== undefined && { excString }),
    ...(remote !== undefined && { remote }),
    workerName,
    executionId,
    executionStartedAtMs: startedAtMs,
    executionEndedAtMs: endedAtMs,
  }
}

/** Move the result in the record of a finished job to its history. Returns whether there was one. */
export function keepSuccess(data: MemoryData, record: JobRecord): boolean {
  const latest = record.results === 'hash' ? ownResult(record, true) : undefined
  if (latest === undefined) return false
  note(data, record.id, latest)
  return true
}

function ownResult(record: JobRecord | undefined, isOnly: boolean): ResultRecord | undefined {
  if (record?.status !== 'finished' || record.executionId === undefined) return undefined
  if (record.results !== 'hash' && !isOnly) return undefined
  const { endedAtMs, executionId, leftOut, result, startedAtMs, workerName } = record
  return {
    type: 'successful',
    createdAtMs: endedAtMs ?? 0,
    ...(result !== undefined && { returnValue: result }),
    ...(leftOut?.result !== undefined && { leftOutBytes: leftOut.result }),
    ...(workerName !== undefined && { workerName }),
    executionId,
    ...(startedAtMs !== undefined && { executionStartedAtMs: startedAtMs }),
    ...(endedAtMs !== undefined && { executionEndedAtMs: endedAtMs }),
  }
}

function note(data: MemoryData, jobId: string, result: ResultRecord): void {
  const earlier = data.results.get(jobId) ?? []
  data.results.set(jobId, [result, ...earlier].slice(0, RESULT_HISTORY))
}
