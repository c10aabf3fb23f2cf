import type { JobRecord } from '@rq/job'
import { leaseKey, type MemoryData, type StoredJob } from './memory-data.ts'
import { endMessages } from './messages.ts'
import { holdSlot, releaseSlot } from './rate-limits.ts'

/**
 * Remove a job from the place that its status names: its queue, its registry, or its lease. An execution that holds a
 * slot of a rate limit keeps its lease.
 */
export function leavePlace(data: MemoryData, record: JobRecord): void {
  const { id, status, origin, executionId = '' } = record
  const isHeld = holdSlot(data, record)
  switch (status) {
    case 'queued':
      data.queue(origin).remove(id)
      return
    case 'started':
      if (!isHeld) data.leases(origin).delete(leaseKey(id, executionId))
      return
    case 'stopped':
      data.registry(origin, 'failed').delete(id)
      return
    case 'finished':
    case 'failed':
    case 'deferred':
    case 'scheduled':
    case 'canceled':
      data.registry(origin, status).delete(id)
      return
    case 'created':
    case 'rate_limited':
    case 'ready_to_enqueue':
  }
}

/** Remove what an expired job has left of its id where it waited, before another job takes it. */
export function removeLeftOver(data: MemoryData, id: string): void {
  if (!data.leftOver.delete(id)) return
  for (const name of data.queueNames) {
    data.queue(name).remove(id)
    data.registry(name, 'scheduled').delete(id)
  }
  for (const { waiting } of data.limits.values()) waiting.delete(id)
}

/** Remove a job from its group, and the group with its last job. */
function leaveGroup(data: MemoryData, { id, groupId = '' }: JobRecord): void {
  const group = data.groups.get(groupId)
  group?.delete(id)
  if (group?.size === 0) data.groups.delete(groupId)
}

/** Remove a job from the dependents of the jobs that it waits for. */
export function leaveDependencies(data: MemoryData, { record: { id }, waitsFor }: StoredJob): void {
  for (const dependency of waitsFor) {
    const dependents = data.dependents.get(dependency)
    dependents?.delete(id)
    if (dependents?.size === 0) data.dependents.delete(dependency)
  }
}

/** Delete a job that is in no place, but not its slot of a rate limit, nor its dependents: a new job may get its id. */
export function erase(data: MemoryData, record: JobRecord): void {
  data.jobs.delete(record.id)
  data.results.delete(record.id)
  endMessages(data, record.id)
  leaveGroup(data, record)
}

/** Delete a job and everything that is only its own. */
export function deleteJob(data: MemoryData, stored: StoredJob): void {
  leavePlace(data, stored.record)
  leaveDependencies(data, stored)
  discard(data, stored.record)
}

/** Delete a job that is in no place, and release its slot. It may stay among the dependents of jobs until they end. */
export function discard(data: MemoryData, record: JobRecord): void {
  erase(data, record)
  if (record.rateLimit !== undefined) releaseSlot(data, record.rateLimit.key, record.id)
  data.resultWaits.wake(record.id)
}

/** Remove a job that is about to be written anew, but not its results. */
export function replaceJob(data: MemoryData, stored: StoredJob): void {
  const { record } = stored
  leavePlace(data, record)
  leaveDependencies(data, stored)
  leaveGroup(data, record)
  endMessages(data, record.id)
  data.jobs.delete(record.id)
  if (record.rateLimit !== undefined) releaseSlot(data, record.rateLimit.key, record.id)
}
