import type { CancelRequest, JobReply } from '@rq/job'
import { releaseDependents } from './dependents.ts'
import type { MemoryData } from './memory-data.ts'
import { endMessages } from './messages.ts'
import { leaveDependencies, leavePlace } from './places.ts'
import { releaseSlot } from './rate-limits.ts'

/** Cancel a job: out of wherever it waits, into the canceled registry. One that runs goes on, without a lease. */
export function cancel(data: MemoryData, request: CancelRequest): JobReply {
  const { enqueueDependents, jobId, removeFromDependencies } = request
  const stored = data.jobs.get(jobId)
  if (stored === undefined) return 'missing'
  const { record } = stored
  if (record.status === 'canceled') return 'refused'
  const runs = record.status === 'started'
  leavePlace(data, record)
  data.move(record, 'canceled')
  // A job of no queue has no registry either.
  if (record.origin !== '') data.registry(record.origin, 'canceled').set(jobId, data.nowMs)
  data.expireJob(jobId, Number.POSITIVE_INFINITY)
  if (removeFromDependencies) leaveDependencies(data, stored)
  if (record.rateLimit !== undefined) releaseSlot(data, record.rateLimit.key, jobId)
  if (enqueueDependents) releaseDependents(data, jobId, 'canceled')
  // A job that runs may still read and send.
  if (runs) data.messageWaits.wake(jobId)
  else endMessages(data, jobId)
  data.resultWaits.wake(jobId)
  return 'done'
}
