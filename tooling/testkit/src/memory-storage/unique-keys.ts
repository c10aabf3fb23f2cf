import type { JobRecord, NewJob } from '@rq/job'
import { entryOf, type MemoryData } from './memory-data.ts'

/** That a job took a unique key. It holds the key for as long as the job says, and until a time at least. */
export interface StoredKey {
  readonly id: string
  readonly untilMs: number
}

function keysOf(data: MemoryData, queue: string): Map<string, StoredKey> {
  return entryOf(data.uniqueKeys, queue, () => new Map<string, StoredKey>())
}

/** The id of the job that holds a unique key; undefined if none does. */
function holderOf(data: MemoryData, queue: string, key: string): string | undefined {
  const entry = keysOf(data, queue).get(key)
  if (entry === undefined) return undefined
  const { id, untilMs } = entry
  const record = data.record(id)
  const isHeld = untilMs > data.nowMs
  if (record?.origin !== queue || record.unique?.key !== key) return isHeld ? id : undefined
  const { until } = record.unique
  switch (record.status) {
    case 'failed':
    case 'stopped':
    case 'canceled':
      return until === 'deleted' ? id : undefined
    case 'finished':
      return isHeld || until === 'deleted' ? id : undefined
    case 'started':
      return isHeld || until !== 'started' ? id : undefined
    default:
      return id
  }
}

/** Another job that holds the key of a new one. */
export function otherHolder(data: MemoryData, { id, origin, unique }: JobRecord): string | undefined {
  const holder = unique && holderOf(data, origin, unique.key)
  return holder === id ? undefined : holder
}

export function takeKey(
  data: MemoryData,
  { record: { id, origin, unique }, uniqueKey }: Pick<NewJob, 'record' | 'uniqueKey'>,
): void {
  if (unique === undefined) return
  const forMs = uniqueKey?.forMs
  keysOf(data, origin).set(unique.key, { id, untilMs: forMs === undefined ? 0 : data.nowMs + forMs })
}

/** A job runs once more. It holds its key again, unless another job does by now. */
export function takeFreeKey(data: MemoryData, record: JobRecord): void {
  const { origin, unique } = record
  if (unique !== undefined && holderOf(data, origin, unique.key) === undefined) takeKey(data, { record })
}

/** A job that has ended does not hold its key. `hasFailed`: also before the time until when it holds it at least. */
export function freeKey(data: MemoryData, { id, origin, unique }: JobRecord, hasFailed: boolean): void {
  const keys = keysOf(data, origin)
  const entry = unique && keys.get(unique.key)
  if (unique !== undefined && entry?.id === id && (hasFailed || entry.untilMs === 0)) keys.delete(unique.key)
}
