import type { JobRecord } from '@rq/job'
import type { MemoryData } from './memory-data.ts'

/** Put a job into its queue. */
export function push(data: MemoryData, record: JobRecord, atFront: boolean): void {
  record.enqueuedAtMs = data.nowMs
  pushAgain(data, record, atFront)
}

/** Put a job back into its queue. It keeps the time when it was enqueued. */
function pushAgain(data: MemoryData, record: JobRecord, atFront: boolean): void {
  data.move(record, 'queued')
  data.queueNames.add(record.origin)
  const queue = data.queue(record.origin)
  if (atFront) queue.unshift(record.id)
  else queue.push(record.id)
  data.workWaits.wake(record.origin)
}

/** Put a claimed job that may not have begun back at the head of its queue, without spending an attempt. */
export function putBack(data: MemoryData, record: JobRecord): void {
  delete record.executionId
  delete record.startedAtMs
  delete record.workerName
  pushAgain(data, record, true)
  if (record.ttlS !== undefined) data.expireJob(record.id, record.ttlS)
}
