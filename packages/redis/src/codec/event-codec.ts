import { type PublishedEvent, QUEUE_EVENT_NAMES } from '@rq/job'
import { isObject, parseJson } from './json.ts'
import { isFiniteNumber } from './numbers.ts'

/** Read an event; undefined if it is none, because any program can publish there. */
export function readEvent(queue: string, text: string): PublishedEvent | undefined {
  const value = parseJson(text)
  if (!isObject(value)) return undefined
  const { name, jobId, executionId, workerName, atMs } = value
  const known = QUEUE_EVENT_NAMES.find((one) => one === name)
  if (known === undefined || typeof jobId !== 'string' || !isFiniteNumber(atMs)) return undefined
  if (typeof executionId !== 'string' || typeof workerName !== 'string') return undefined
  return { name: known, queue, jobId, executionId, workerName, atMs }
}
