import { SECOND_MS } from '@rq/core'
import type { JobRecord, SettleAnswer, Settlement } from '@rq/job'
import { type Release, releaseDependents } from './dependents.ts'
import { owns } from './leases.ts'
import { leaseKey, type MemoryData } from './memory-data.ts'
import { endMessages } from './messages.ts'
import { isNotKept, keepNewest } from './newest.ts'
import { erase } from './places.ts'
import { freeHeldSlot, placeAnew, releaseSlot } from './rate-limits.ts'
import { isKeptInRecord, noteResult, resultRecord } from './results.ts'
import { schedule } from './scheduled-jobs.ts'
import { freeKey } from './unique-keys.ts'
import { push } from './waiting-jobs.ts'

/** Apply settlements, each only if its execution still owns the job. Releases dependents after the last one. */
export function settleAll(
  data: MemoryData,
  workerName: string,
  settlements: readonly Settlement[],
): readonly SettleAnswer[] {
  const parts: Parts = { data, workerName, releases: [] }
  const answers = settlements.map((settlement) => {
    const { executionId, jobId, queue, to } = settlement
    data.leases(queue).delete(leaseKey(jobId, executionId))
    freeHeldSlot(data, settlement)
    const record = data.record(jobId)
    if (record === undefined) return 'gone'
    const isAgain = record.executionId === executionId && record.status === to
    if (owns(record, executionId)) {
      apply(parts, record, settlement)
      count(data, workerName, settlement)
      return 'applied'
    }
    // The same settlement was applied before.
    return isAgain ? 'applied' : 'lost'
  })
  for (const [jobId, release] of parts.releases) releaseDependents(data, jobId, release)
  for (const queue of new Set(settlements.map(({ queue }) => queue))) keepNewest(data, queue)
  return answers
}

interface Parts {
  readonly data: MemoryData
  readonly workerName: string
  /** Jobs whose dependents are released at the end of the step. */
  readonly releases: [jobId: string, release: Release][]
}

function apply({ data, releases, workerName }: Parts, record: JobRecord, settlement: Settlement): void {
  const { jobId, rateLimitKey, to } = settlement
  const wasCanceled = record.status === 'canceled'
  if (wasCanceled) data.registry(record.origin, 'canceled').delete(jobId)
  // As in RQ, a job that was canceled while it ran does not release its dependents.
  const release = wasCanceled || settlement.releases === 'none' ? undefined : settlement.releases
  // Jobs that wait for the slot are queued before the dependents of the job.
  if (rateLimitKey !== undefined && to !== 'queued') releaseSlot(data, rateLimitKey, jobId)
  if (settlement.freesKey !== undefined) freeKey(data, record, to !== 'finished')
  const isInRecord = isKeptInRecord(settlement)
  if (!isInRecord) noteResult(data, settlement, workerName)
  if (to === 'queued' || to === 'scheduled') {
    if (wasCanceled) stayCanceled(data, record, settlement)
    else again(data, record, settlement, release)
    if (settlement.result !== undefined && !isInRecord) data.resultWaits.wake(jobId)
    return
  }
  data.move(record, to)
  if (settlement.keepS === 0 || isNotKept(data, settlement)) {
    // A job that is gone holds no other back, however it ended.
    releaseDependents(data, jobId, 'all')
    erase(data, record)
    data.lastWords.set(jobId, { status: to, result: resultRecord(data, settlement, workerName) ?? null })
    data.resultWaits.wake(jobId)
    data.lastWords.delete(jobId)
    return
  } else {
    keep(data, record, settlement)
    if (release !== undefined) releases.push([jobId, release])
  }
  endMessages(data, jobId)
  data.resultWaits.wake(jobId)
}

/** Store a job that has ended, for as long as the settlement says. */
function keep(data: MemoryData, record: JobRecord, settlement: Settlement): void {
  const { jobId, keepS, result, to, unlisted } = settlement
  write(record, settlement)
  if (to !== 'finished') record.results = 'stream'
  else if (isKeptInRecord(settlement) && result?.returnValue !== undefined) record.result = result.returnValue
  const lifeS = keepS < 0 ? Number.POSITIVE_INFINITY : keepS
  const kind = to === 'finished' ? 'finished' : 'failed'
  if (unlisted !== true) data.registry(record.origin, kind).set(jobId, data.nowMs + lifeS * SECOND_MS)
  data.expireJob(jobId, lifeS)
}

/** A job that was canceled while it ran is not run again. */
function stayCanceled(data: MemoryData, record: JobRecord, settlement: Settlement): void {
  write(record, settlement)
  delete record.executionId
  data.registry(record.origin, 'canceled').set(record.id, data.nowMs)
  endMessages(data, record.id)
  data.resultWaits.wake(record.id)
}

function again(data: MemoryData, record: JobRecord, settlement: Settlement, release: Release | undefined): void {
  const { delayMs, front, jobId, rateLimitKey, ttlS } = settlement
  if (settlement.result !== undefined) record.results = 'stream'
  if (release !== undefined) releaseDependents(data, jobId, release)
  write(record, settlement)
  delete record.executionId
  if (settlement.to === 'scheduled') {
    if (front) record.enqueueAtFront = true
    schedule(data, record, data.nowMs + delayMs)
  } else if (rateLimitKey !== undefined && release !== undefined) {
    // A repeat waits for its turn like any other job; an immediate retry keeps its slot.
    placeAnew(data, record, front)
  } else {
    push(data, record, front)
  }
  if (ttlS !== undefined) data.expireJob(jobId, ttlS + Math.ceil(delayMs / SECOND_MS))
}

function write(record: JobRecord, { changes, endedAtMs, startedAtMs }: Settlement): void {
  Object.assign(record, changes, { endedAtMs, startedAtMs })
}

function count(data: MemoryData, workerName: string, { counts, endedAtMs, startedAtMs }: Settlement): void {
  const worker = data.workers.get(workerName)
  if (worker === undefined || counts === 'none') return
  worker.totalWorkingTimeS += (endedAtMs - startedAtMs) / SECOND_MS
  if (counts === 'successful') worker.successfulJobCount += 1
  else worker.failedJobCount += 1
}
