import type { BrokenJobRecord, SetAsideRequest } from '@rq/job'
import { owns } from './leases.ts'
import { leaseKey, type MemoryData } from './memory-data.ts'
import { freeHeldSlot, releaseSlot } from './rate-limits.ts'

/** End the execution of a job whose end the store refuses, and note why. Returns whether it owned the job. */
export function setAside(data: MemoryData, { lease, rateLimit, reason }: SetAsideRequest): boolean {
  const { executionId, jobId, queue } = lease
  const record = data.record(jobId)
  const isOurs = owns(record, executionId)
  // Nothing runs under this name, so the execution owns the job no longer.
  const endedId = `${executionId}-ended`
  // It is sent again.
  if (record?.executionId === endedId) return true
  if (isOurs && record.status !== 'canceled') {
    record.executionId = endedId
    data.refused.set(jobId, { executionId: endedId, foundAtMs: data.nowMs, queue, reason })
  }
  data.leases(queue).delete(leaseKey(jobId, executionId))
  freeHeldSlot(data, lease)
  if (isOurs && rateLimit !== undefined) releaseSlot(data, rateLimit, jobId)
  return isOurs
}

/** Why the store refused the end of the last run of a job, if it was set aside and has not moved on since. */
export function refusalOf(data: MemoryData, jobId: string): { readonly refusal?: string } {
  const refused = data.refused.get(jobId)
  if (refused === undefined || refused.executionId !== data.record(jobId)?.executionId) return {}
  return { refusal: refused.reason }
}

/** The jobs of a queue that were set aside and have not moved on since. */
export function brokenJobs(data: MemoryData, queue: string): BrokenJobRecord[] {
  return [...data.refused].flatMap(([id, refused]) => {
    if (refused.queue !== queue || data.record(id)?.executionId !== refused.executionId) return []
    return [{ id, foundAtMs: refused.foundAtMs, keyType: 'hash', refusal: refused.reason }]
  })
}
