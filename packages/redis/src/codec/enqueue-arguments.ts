import { randomHex } from '@rq/core'
import type { JobRecord, NewJob } from '@rq/job'
import type { WordsOf } from '../connection/script.ts'
import type { enqueuePlain } from '../connection/scripts.generated.ts'
import { CALL_ITSELF, encodeJob } from './job-codec.ts'
import type { Packable, PackableTable } from './message-pack.ts'
import { formatTime } from './time.ts'

/** How many properties a record without a description has that has what every job has and no more. */
const PLAIN_SIZE = 7
const TOKEN_LENGTH = 16

/** The worker that starts a job at once, and its lease. */
export interface Begin {
  readonly worker: string
  readonly leaseMs: number
  readonly execution: string
}

/** A plain job, which has what every job has and no more. */
export type PlainJob = NewJob & { readonly record: JobRecord & { readonly timeoutS: number } }

/**
 * Whether a job has nothing beside what every job has. It may miss one that was made in another way; then the script
 * gets the names of its fields too.
 */
export function isPlainJob(job: NewJob): job is PlainJob {
  return job.record.timeoutS !== undefined && !hasExtra(job) && isPlain(job.record)
}

/** The arguments of enqueue_plain.lua; its header is the contract. */
export function plainArguments(prefix: string, stamp: string, job: PlainJob): WordsOf<typeof enqueuePlain>[1] {
  const { createdAtMs, data, description = CALL_ITSELF, id, origin, timeoutS } = job.record
  const createdAt = formatTime(createdAtMs)
  if (job.waiter === undefined) return [prefix, stamp, id, origin, createdAt, data, description, timeoutS]
  return [prefix, stamp, id, origin, createdAt, data, description, timeoutS, job.waiter]
}

/**
 * Append one job as lib/enqueue.lua reads it; the comment there is the contract. Returns whether it is a plain one.
 * `waiter`: of all jobs of the call, which it therefore need not have as a field.
 */
export function pushJob(list: Packable[], job: NewJob, begin?: Begin, waiter?: string): boolean {
  const { record } = job
  const { id, origin } = record
  if (begin === undefined && job.waiter === waiter && isPlainJob(job)) {
    const { createdAtMs, data, description = CALL_ITSELF, timeoutS } = job.record
    list.push(id, origin, formatTime(createdAtMs), data, description, timeoutS)
    return true
  }
  const fields = encodeJob(record)
  // For a claim: nothing that an earlier job has left of its id is in a list.
  if (record.ttlS !== undefined) fields.push('listed_once', '1')
  if (job.waiter !== undefined) fields.push('waiters', job.waiter)
  const isSimple = begin === undefined && !hasExtra(job)
  list.push(true, id, origin, isSimple ? false : extraOf(job, begin), fields.length, ...fields)
  return false
}

/** Whether a record with a timeout has nothing beside what every job has, except a description. */
function isPlain(record: JobRecord): boolean {
  if (record.results !== 'hash' || record.origin === '') return false
  let count = 0
  for (const _ in record) count += 1
  return count === (record.description === undefined ? PLAIN_SIZE : PLAIN_SIZE + 1)
}

function hasExtra({ record, atFront, again, unique, dueMs, delayMs }: NewJob): boolean {
  const { ttlS, dependencyIds, groupId, rateLimit, unique: key } = record
  const isUnusual = atFront || again === true || unique === true || dueMs !== undefined || delayMs !== undefined
  const waits = dependencyIds !== undefined && dependencyIds.length > 0
  const belongs = groupId !== undefined || rateLimit !== undefined || key !== undefined
  return isUnusual || waits || belongs || ttlS !== undefined
}

/** What most jobs do not have, by name. */
export function extraOf(
  { record, atFront, again, unique, uniqueKey, dueMs, delayMs }: NewJob,
  begin?: Begin,
): PackableTable {
  const { dependencyIds: dependencies = [], allowDependencyFailures, rateLimit } = record
  return {
    front: atFront || undefined,
    isAgain: again || undefined,
    token: unique ? randomHex().slice(0, TOKEN_LENGTH) : undefined,
    key: record.unique?.key,
    replaces: uniqueKey?.onDuplicate === 'replace' || undefined,
    keyMs: uniqueKey?.forMs,
    ttlS: record.ttlS,
    dueMs: dueMs === undefined ? undefined : Math.round(dueMs),
    delayMs: delayMs === undefined || dueMs !== undefined ? undefined : Math.round(delayMs),
    dependencies: dependencies.length === 0 ? undefined : dependencies,
    allowFailure: allowDependencyFailures || undefined,
    group: record.groupId,
    rateLimit: rateLimit?.key,
    concurrency: rateLimit?.concurrency,
    ...begin,
  }
}
