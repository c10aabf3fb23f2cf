import type { Claimed, ClaimReply, ClaimRequest, GiveBackAnswer, JobRecord, Lease, RecoverReply } from '@rq/job'
import { leaseKey, type MemoryData, type StoredLease } from './memory-data.ts'
import { freeHeldSlot } from './rate-limits.ts'
import { putBack } from './waiting-jobs.ts'

export interface LeaseRequest {
  readonly workerName: string
  /** Epoch milliseconds. All leases of one step end at the same time. */
  readonly endsMs: number
  readonly isPrefetch?: boolean
}

/** After this many abandonments a job is taken over even if it may never have begun: it may be what kills workers. */
const OFTEN = 3

/** Start a job and lease it. Returns the execution's id. */
export function startJob(data: MemoryData, record: JobRecord, request: LeaseRequest): string {
  const executionId = lease(data, record, request)
  data.move(record, 'started')
  record.startedAtMs = data.nowMs
  record.workerName = request.workerName
  // A started job does not expire, neither by its time to live in the queue nor by that of an earlier end.
  data.expireJob(record.id, Number.POSITIVE_INFINITY)
  return executionId
}

/** Claim up to `want` jobs of the queues, in their order. Drops ids whose job does not wait. */
export function claim(data: MemoryData, request: ClaimRequest): ClaimReply {
  if (data.isSuspended) return { jobs: [], suspended: true }
  const { isPrefetch = false, leaseMs, workerName } = request
  const leasing: LeaseRequest = { workerName, endsMs: data.nowMs + leaseMs, isPrefetch }
  const jobs: Claimed[] = []
  for (const name of request.queues) {
    if (data.isPaused(name)) continue
    const queue = data.queue(name)
    while (jobs.length < request.want) {
      const id = queue.shift()
      if (id === undefined) break
      const record = data.record(id)
      if (record?.status !== 'queued' && record?.status !== 'created') continue
      const job: JobRecord = { ...record, status: 'started' }
      jobs.push({ executionId: startJob(data, record, leasing), job })
    }
  }
  return { jobs, suspended: false }
}

/** Whether an execution owns its job. A canceled job may still run. */
export function owns(record: JobRecord | undefined, executionId: string): record is JobRecord {
  return record?.executionId === executionId && (record.status === 'started' || record.status === 'canceled')
}

/** Renew a lease. Returns whether its execution still owns the job; if not, drops the lease unless it holds a slot. */
export function renew(data: MemoryData, held: Lease, { workerName, endsMs }: LeaseRequest): boolean {
  const { executionId, jobId, queue } = held
  const leases = data.leases(queue)
  const key = leaseKey(jobId, executionId)
  const record = data.record(jobId)
  if (!owns(record, executionId)) {
    const lease = leases.get(key)
    // It holds a slot until it has ended, and its worker knows when.
    if (lease !== undefined && data.heldSlots.has(key)) leases.set(key, { ...lease, endsMs })
    else leases.delete(key)
    return false
  }
  record.lastHeartbeatMs = data.nowMs
  // A job that was canceled while it runs has no lease, so that no worker recovers it; unless it holds a slot.
  if (record.status === 'started' || leases.has(key)) {
    const { isPrefetch = false } = leases.get(key) ?? {}
    leases.set(key, { jobId, executionId, workerName, endsMs, isPrefetch, renewed: true })
  }
  return true
}

/** Put claimed jobs, begun or not, back at the head of their queues, in order; no attempt is counted. */
export function giveBack(data: MemoryData, leases: readonly Lease[]): GiveBackAnswer[] {
  // The last first, so that the first comes to stand at the head.
  const answers = [...leases].reverse().map((lease) => {
    const { executionId, jobId, queue } = lease
    data.leases(queue).delete(leaseKey(jobId, executionId))
    freeHeldSlot(data, lease)
    const record = data.record(jobId)
    if (record?.executionId !== executionId || record.status !== 'started') return 'lost'
    putBack(data, record)
    return 'returned'
  })
  return answers.reverse()
}

/**
 * Take over the jobs of the `most` leases of a queue that ended last. Those that may not have begun go back to its head
 * instead.
 */
export function recover(data: MemoryData, queue: string, request: LeaseRequest, most: number): RecoverReply {
  const taken: Claimed[] = []
  const returned: JobRecord[] = []
  const all = endedLeases(data, queue)
  for (const ended of all.slice(-most)) {
    data.leases(queue).delete(leaseKey(ended.jobId, ended.executionId))
    freeHeldSlot(data, { ...ended, queue })
    const record = data.record(ended.jobId)
    if (record?.executionId !== ended.executionId || record.status !== 'started') continue
    record.abandonedCount = (record.abandonedCount ?? 0) + 1
    if (ended.isPrefetch && !ended.renewed && record.abandonedCount < OFTEN) returned.push(record)
    else taken.push({ executionId: lease(data, record, request), job: { ...record } })
  }
  for (const record of returned.reverse()) putBack(data, record)
  return all.length < most ? { jobs: taken } : { jobs: taken, next: 0 }
}

/** Lease a job to a worker. Returns the execution's id. */
export function lease(
  data: MemoryData,
  record: JobRecord,
  { workerName, endsMs, isPrefetch = false }: LeaseRequest,
): string {
  const executionId = data.nextExecutionId()
  const lease: StoredLease = {
    jobId: record.id,
    executionId,
    workerName,
    endsMs,
    isPrefetch,
    renewed: false,
  }
  data.leases(record.origin).set(leaseKey(record.id, executionId), lease)
  record.executionId = executionId
  return executionId
}

/** Whether {@link recover} has something to do. */
export function hasEndedLeases(data: MemoryData, queue: string): boolean {
  return endedLeases(data, queue).length > 0
}

function endedLeases(data: MemoryData, queue: string): StoredLease[] {
  const { nowMs } = data
  return [...data.leases(queue).values()].filter(({ endsMs }) => endsMs <= nowMs).sort((a, b) => a.endsMs - b.endsMs)
}
