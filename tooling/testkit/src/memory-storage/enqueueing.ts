import type { JobRecord, JobStatus, NewJob, Placement } from '@rq/job'
import { defer, hasToWait, reaches, waitFor } from './dependents.ts'
import { type LeaseRequest, startJob } from './leases.ts'
import { entryOf, type MemoryData, type StoredJob } from './memory-data.ts'
import { deleteJob, removeLeftOver, replaceJob } from './places.ts'
import { place } from './rate-limits.ts'
import { keepSuccess } from './results.ts'
import { schedule, secondsUntil } from './scheduled-jobs.ts'
import { otherHolder, takeKey } from './unique-keys.ts'

/** Write jobs and put each in its place, in order. */
export function enqueueAll(data: MemoryData, jobs: readonly NewJob[]): Placement[] {
  const seen = new Set<string>()
  return jobs.map((job) => {
    const placement = enqueueOne(data, job, seen.has(job.record.id))
    seen.add(job.record.id)
    return placement as Placement
  })
}

/**
 * Write a job and put it in its place. With `begin`, lease it at once instead of queueing it. `seen`: the same call has
 * already enqueued a job with this id.
 */
export function enqueueOne(data: MemoryData, job: NewJob, seen: boolean, begin?: LeaseRequest): Placement | 'started' {
  const { record, unique } = job
  const { id, allowDependencyFailures = false, dependencyIds = [] } = record
  const known = data.jobs.get(id)
  if (known === undefined) removeLeftOver(data, id)
  if (known !== undefined && unique) return 'duplicate'
  if (known !== undefined && !seen && isThere(data, known, job)) return placementOf(known.record.status)
  if (data.dependents.has(id) && dependencyIds.some((other) => reaches(data, other, id))) return 'cycle'

  const holder = otherHolder(data, record)
  if (holder !== undefined && job.uniqueKey?.onDuplicate !== 'replace') return { duplicateOf: holder }

  // The same job once more, and not another job with its id.
  const isSame = known?.record.createdAtMs === record.createdAtMs
  const hasHistory = known !== undefined && isSame && keepSuccess(data, known.record)
  if (known !== undefined) replaceJob(data, known)
  const other = holder === undefined ? undefined : data.jobs.get(holder)
  if (other !== undefined) deleteJob(data, other)
  const stored: StoredJob = { record: newRecord(record), waitsFor: new Set(), deferredTurn: 0 }
  if (hasHistory) stored.record.results = 'stream'
  data.jobs.set(id, stored)
  data.queueNames.add(record.origin)
  if (record.groupId !== undefined) entryOf(data.groups, record.groupId, () => new Set<string>()).add(id)
  const isUnmet = hasToWait(data, dependencyIds, allowDependencyFailures)
  putInPlace(data, stored, { ...job, isUnmet }, begin)
  takeKey(data, job)
  return stored.record.status as Placement | 'started'
}

function putInPlace(
  data: MemoryData,
  stored: StoredJob,
  { record: { dependencyIds = [], ttlS }, atFront, isUnmet, ...time }: NewJob & { readonly isUnmet: boolean },
  begin: LeaseRequest | undefined,
): void {
  const { record } = stored
  const dueMs = dueOf(time, data.nowMs)
  if (isUnmet || dueMs !== undefined) {
    waitFor(data, stored, dependencyIds)
    if (atFront) record.enqueueAtFront = true
  }
  if (dueMs !== undefined) schedule(data, record, dueMs)
  else if (isUnmet) defer(data, stored)
  else if (begin === undefined) place(data, record, atFront)
  else {
    record.enqueuedAtMs = data.nowMs
    startJob(data, record, begin)
  }
  // The time to live in the queue begins when the job is queued, not while it waits for other jobs.
  if (ttlS !== undefined && !isUnmet && record.status !== 'started') {
    data.expireJob(record.id, secondsUntil(dueMs ?? 0, data.nowMs) + ttlS)
  }
}

/** When a job is due, epoch milliseconds; undefined when it is due already. */
function dueOf({ dueMs, delayMs = 0 }: Pick<NewJob, 'dueMs' | 'delayMs'>, nowMs: number): number | undefined {
  const atMs = Math.round(dueMs ?? nowMs + delayMs)
  return atMs > nowMs ? atMs : undefined
}

/** Whether the same call has already put the job where it is. */
function isThere(data: MemoryData, { record: known }: StoredJob, { again, record, ...time }: NewJob): boolean {
  if (known.createdAtMs !== record.createdAtMs) return false
  if (again !== true) return true
  const { allowDependencyFailures = false, dependencyIds = [], rateLimit } = record
  if (known.status === 'deferred') {
    const isHere = known.origin === record.origin && time.dueMs === undefined && time.delayMs === undefined
    return isHere && hasToWait(data, dependencyIds, allowDependencyFailures)
  }
  const waiting = rateLimit && data.limits.get(rateLimit.key)?.waiting
  return known.status === 'rate_limited' && waiting?.has(known.id) === true
}

function placementOf(status: JobStatus): Placement {
  return status === 'deferred' || status === 'scheduled' || status === 'rate_limited' ? status : 'queued'
}

/** Make the record of a new job: without the fields that its place and its runs set. */
export function newRecord({ dependencyIds = [], ...job }: JobRecord): JobRecord {
  const record: JobRecord = { ...job, status: 'created' }
  if (dependencyIds.length > 0) record.dependencyIds = dependencyIds
  delete record.enqueuedAtMs
  delete record.executionId
  delete record.lastHeartbeatMs
  delete record.abandonedCount
  delete record.returnedMs
  delete record.returnForMs
  delete record.result
  delete record.excInfo
  return record
}
