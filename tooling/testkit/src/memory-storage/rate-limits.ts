import type { JobRecord, Lease, RateLimitRecord } from '@rq/job'
import { entryOf, leaseKey, type MemoryData, type StoredLimit } from './memory-data.ts'
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
  limit.waiting.set(record.id, data.nextTurn())
  fillSlots(data, rateLimit.key, limit, record.origin)
}

/** Take the slot of a job away and let it wait for one again, behind the others. */
export function placeAnew(data: MemoryData, record: JobRecord, atFront: boolean): void {
  if (record.rateLimit !== undefined) data.limits.get(record.rateLimit.key)?.holders.delete(record.id)
  place(data, record, atFront)
}

/** Release a slot, or a job's place among those that wait, and fill free slots. */
export function releaseSlot(data: MemoryData, key: string, name: string): void {
  const limit = data.limits.get(key)
  if (limit === undefined) return
  limit.waiting.delete(name)
  if (limit.holders.delete(name)) fillSlots(data, key, limit)
}

/**
 * A job is about to be canceled, replaced or deleted: let the execution that runs it hold its slot from now on.
 * Returns whether it does; then it keeps its lease.
 */
export function holdSlot(data: MemoryData, { executionId = '', id, origin, rateLimit }: JobRecord): boolean {
  if (rateLimit === undefined) return false
  const lease = leaseKey(id, executionId)
  if (data.heldSlots.has(lease)) return true
  const holders = data.limits.get(rateLimit.key)?.holders
  const since = holders?.get(id)
  if (holders === undefined || since === undefined || !data.leases(origin).has(lease)) return false
  holders.delete(id)
  holders.set(heldName(lease, origin), since)
  data.heldSlots.set(lease, rateLimit.key)
  return true
}

/** Free the slot that an execution holds, if it holds one. */
export function freeHeldSlot(data: MemoryData, { executionId, jobId, queue }: Lease): boolean {
  const lease = leaseKey(jobId, executionId)
  const key = data.heldSlots.get(lease)
  if (key === undefined) return false
  data.heldSlots.delete(lease)
  releaseSlot(data, key, heldName(lease, queue))
  return true
}

/** Release the slots of jobs that are gone or have ended, and fill free slots. Drops limits without jobs. */
export function cleanUpLimits(data: MemoryData): void {
  for (const [key, limit] of data.limits) {
    freeDeadSlots(data, key, limit)
    for (const id of limit.waiting.keys()) {
      const record = data.record(id)
      if (record?.status !== 'rate_limited' || record.rateLimit?.key !== key) limit.waiting.delete(id)
    }
    fillSlots(data, key, limit)
    if (limit.holders.size === 0 && limit.waiting.size === 0) data.limits.delete(key)
  }
}

/** Those that wait for a slot, longest first. */
export function waitingFor({ waiting }: StoredLimit): string[] {
  return [...waiting].sort(([, a], [, b]) => a - b).map(([id]) => id)
}

function heldName(lease: string, queue: string): string {
  return `${lease}:${queue}`
}

function limitOf(data: MemoryData, { key, concurrency }: RateLimitRecord): StoredLimit {
  const limit = entryOf(
    data.limits,
    key,
    (): StoredLimit => ({
      concurrency,
      holders: new Map(),
      waiting: new Map(),
    }),
  )
  limit.concurrency = concurrency
  return limit
}

/**
 * Give free slots to the jobs that have waited longest; to those of idle queues last. Forgets those that are gone as it
 * meets them. `queue`: of the only job that has come to wait since the last call, if known.
 */
function fillSlots(data: MemoryData, key: string, limit: StoredLimit, queue?: string): void {
  if (limit.waiting.size === 0) return
  if (limit.holders.size >= limit.concurrency) freeDeadSlots(data, key, limit)
  if (limit.holders.size >= limit.concurrency && queue !== undefined && isIdle(data, queue)) return
  while (limit.waiting.size > 0 && limit.holders.size <= limit.concurrency) {
    const holder = limit.holders.size === limit.concurrency ? findIdleHolder(data, limit) : undefined
    if (limit.holders.size === limit.concurrency && holder === undefined) return
    const waiting = waitingFor(limit)
    const served = waiting.find((id) => !isIdle(data, data.record(id)?.origin))
    if (holder !== undefined && served === undefined) return
    const id = served ?? waiting[0] ?? ''
    limit.waiting.delete(id)
    const record = data.record(id)
    if (record?.status !== 'rate_limited') continue
    if (holder !== undefined) takeSlot(data, limit, holder)
    limit.holders.set(id, data.nextTurn())
    push(data, record, record.enqueueAtFront === true)
  }
}

/** The oldest holder that waits in an idle queue. */
function findIdleHolder(data: MemoryData, { holders }: StoredLimit): JobRecord | undefined {
  return [...holders]
    .sort(([, a], [, b]) => a - b)
    .flatMap(([id]) => data.record(id) ?? [])
    .find(({ origin, status }) => status === 'queued' && isIdle(data, origin))
}

/** Take the slot of a job that waits in its queue. It waits for a slot again, in its old turn. */
function takeSlot(data: MemoryData, { holders, waiting }: StoredLimit, record: JobRecord): void {
  waiting.set(record.id, holders.get(record.id) ?? 0)
  holders.delete(record.id)
  data.queue(record.origin).remove(record.id)
  data.move(record, 'rate_limited')
}

/** Whether no worker takes jobs from a queue now: it is paused or has no workers. A job that is gone has no queue. */
function isIdle(data: MemoryData, queue: string | undefined): boolean {
  if (queue === undefined) return false
  if (data.isPaused(queue)) return true
  return !data.workers.values().some(({ queues }) => queues.includes(queue))
}

/** Release slots whose job is not a queued or started job of the limit, and that no execution holds. */
function freeDeadSlots(data: MemoryData, key: string, limit: StoredLimit): void {
  const leases = new Map([...data.heldSlots].filter(([, held]) => held === key))
  for (const name of limit.holders.keys()) {
    if (isHeld(data, name, leases)) continue
    const record = data.record(name)
    const holds = record?.status === 'queued' || record?.status === 'started'
    if (!holds || record?.rateLimit?.key !== key) limit.holders.delete(name)
  }
}

/** Whether this is the name of a slot that an execution holds, which has its lease. */
function isHeld(data: MemoryData, name: string, leases: ReadonlyMap<string, string>): boolean {
  for (const lease of leases.keys()) {
    if (!name.startsWith(`${lease}:`)) continue
    const queue = name.slice(lease.length + 1)
    if ((data.leases(queue).get(lease)?.endsMs ?? 0) > data.nowMs) return true
    data.heldSlots.delete(lease)
  }
  return false
}
