import { SECOND_MS } from '@rq/core'
import type { JobRecord } from '@rq/job'
import { defer, dependenciesMet, waitFor } from './dependents.ts'
import type { MemoryData, StoredJob } from './memory-data.ts'
import { place } from './rate-limits.ts'

/** Let a job wait until a time. */
export function schedule(data: MemoryData, record: JobRecord, dueMs: number): void {
  data.move(record, 'scheduled')
  setDue(data, record, dueMs)
}

/** Set when a scheduled job is due, and notify schedulers if it is the first of its queue. */
export function setDue(data: MemoryData, { id, origin }: JobRecord, dueMs: number): void {
  const scheduled = data.registry(origin, 'scheduled')
  scheduled.set(id, dueMs)
  if (scheduled.lowestMs() === dueMs) data.notices.publish(NOTICES, { kind: 'earlier', queue: origin })
}

/** Whole seconds until a time, at least 0. */
export function secondsUntil(atMs: number, nowMs: number): number {
  return Math.max(Math.ceil((atMs - nowMs) / SECOND_MS), 0)
}

/** The one key of all notices for schedulers. */
export const NOTICES = ''

/** Move a scheduled job into its queue, or among those that wait for other jobs or for a slot. */
export function promote(data: MemoryData, stored: StoredJob, atFront: boolean): void {
  const { record } = stored
  data.registry(record.origin, 'scheduled').delete(record.id)
  // A job waits for others only before its first start.
  const mayHaveToWait = record.startedAtMs === undefined && record.dependencyIds !== undefined
  if (mayHaveToWait && stored.waitsFor.size === 0) waitFor(data, stored, record.dependencyIds ?? [])
  if (mayHaveToWait && !dependenciesMet(data, stored)) {
    defer(data, stored)
    data.expireJob(record.id, Number.POSITIVE_INFINITY)
    return
  }
  place(data, record, atFront || goesToFront(record))
  if (record.ttlS !== undefined) data.expireJob(record.id, record.ttlS)
}

/** Whether the job goes to the head of its queue, as a new job or as a retry. */
function goesToFront({ endedAtMs, enqueueAtFront, enqueueAtFrontOnRetry }: JobRecord): boolean {
  return enqueueAtFront === true || (enqueueAtFrontOnRetry === true && endedAtMs !== undefined)
}
