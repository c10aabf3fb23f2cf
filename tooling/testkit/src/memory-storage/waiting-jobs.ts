import type { JobRecord } from '@rq/job'
import type { MemoryData } from './memory-data.ts'

/** Put a job into its queue. */
export function push(data: MemoryData, record: JobRecord, atFront: boolean): void {
  record.enqueuedAtMs = data.nowMs
  pushAgain(data, record, atFront)
}

/** Put a job into its queue, where it has been before: it keeps its time of enqueueing. */
function pushAgain(data: MemoryData, record: JobRecord, atFront: boolean): void {
  data.move(record, 'queued')
  data.queueNames.add(record.origin)
  const queue = data.queue(record.origin)
  if (atFront) queue.unshift(record.id)
  else queue.push(record.id)
  data.workWaits.wake(record.origin)
}

/** Let a job that started, but may not have begun, wait at the head of its queue again. No attempt is spent. */
export function putBack(data: MemoryData, record: JobRecord): void {
  delete record.executionId
  delete record.startedAtMs
  delete record.workerName
  pushAgain(data, record, true)
  if (record.ttlS !== undefined) data.expireJob(record.id, record.ttlS)
}
