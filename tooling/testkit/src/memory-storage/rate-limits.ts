import type { JobRecord, RateLimitRecord } from '@rq/job'
import { entryOf, type MemoryData, type StoredLimit } from './memory-data.ts'
import { push } from './waiting-jobs.ts'

/** Put a job that may run into its queue, or among those that wait for a slot of its rate limit. */
export function place(data: MemoryData, record: JobRecord, atFront: boolean): void {
  if (record.rateLimit === undefined) push(data, record, atFront)
  else placeLimited(data, record, record.rateLimit, atFront)
}

function placeLimited(data: MemoryData, record: JobRecord, rateLimit: RateLimitRecord, atFront: boolean): void {
  const limit = limitOf(data, rateLimit)
  if (limit.holders.has(record.id)) {
    push(data, record, atFront)
    return
  }
  data.move(record, 'rate_limited')
  record.enqueueAtFront = atFront
  limit.waiting.delete(record.id)
  limit.waiting.add(record.id)
  fillSlots(data, rateLimit.key, limit)
}

/** Take the slot of a job away and let it wait for one again, behind the others. */
export function placeAnew(data: MemoryData, record: JobRecord, atFront: boolean): void {
  if (record.rateLimit !== undefined) data.limits.get(record.rateLimit.key)?.holders.delete(record.id)
  place(data, record, atFront)
}

/** Release a job's slot, or its place among those that wait, and fill free slots. */
export function releaseSlot(data: MemoryData, key: string, jobId: string): void {
  const limit = data.limits.get(key)
  if (limit === undefined) return
  limit.waiting.delete(jobId)
  if (limit.holders.delete(jobId)) fillSlots(data, key, limit)
}

/** Release the slots of jobs that are gone or have ended, and fill free slots. Drops limits without jobs. */
export function cleanUpLimits(data: MemoryData): void {
  for (const [key, limit] of data.limits) {
    freeDeadSlots(data, key, limit)
    for (const id of limit.waiting) {
      const record = data.record(id)
      if (record?.status !== 'rate_limited' || record.rateLimit?.key !== key) limit.waiting.delete(id)
    }
    fillSlots(data, key, limit)
    if (limit.holders.size === 0 && limit.waiting.size === 0) data.limits.delete(key)
  }
}

function limitOf(data: MemoryData, { key, concurrency }: RateLimitRecord): StoredLimit {
  const limit = entryOf(
    data.limits,
    key,
    (): StoredLimit => ({
      concurrency,
      holders: new Set(),
      waiting: new Set(),
    }),
  )
  limit.concurrency = concurrency
  return limit
}

/** Give free slots to the jobs that have waited longest. */
function fillSlots(data: MemoryData, key: string, limit: StoredLimit): void {
  if (limit.holders.size >= limit.concurrency) freeDeadSlots(data, key, limit)
  for (const id of limit.waiting) {
    if (limit.holders.size >= limit.concurrency) return
    limit.waiting.delete(id)
    const record = data.record(id)
    if (record?.status !== 'rate_limited') continue
    limit.holders.add(id)
    push(data, record, record.enqueueAtFront === true)
  }
}

/** Release slots whose job is not a queued or started job of the limit. */
function freeDeadSlots(data: MemoryData, key: string, limit: StoredLimit): void {
  for (const id of limit.holders) {
    const record = data.record(id)
    const holds = record?.status === 'queued' || record?.status === 'started'
    if (!holds || record?.rateLimit?.key !== key) limit.holders.delete(id)
  }
}
