import { randomHex } from '@rq/core'
import type { NewJob } from '@rq/job'
import type { ScriptArgument } from '../connection/script.ts'
import { encodeJob } from './job-codec.ts'
import { formatTime } from './time.ts'

/** Names and values of a job that has nothing but what every job has. */
const PLAIN_LENGTH = 12
const TOKEN_LENGTH = 16

/** Append one job as lib/enqueue.lua reads it; the comment there is the contract. Returns whether it is a plain one. */
export function pushJob(
  words: ScriptArgument[],
  { record, atFront, again, unique, dueMs, delayMs }: NewJob,
  begin?: readonly [workerName: string, leaseMs: number, executionId: string],
): boolean {
  const fields = encodeJob(record)
  const { description, timeoutS } = record
  const hasNoMore = fields.length === PLAIN_LENGTH && description !== undefined && timeoutS !== undefined
  let flags = ''
  const extras: ScriptArgument[] = []
  if (atFront) flags += 'f'
  if (again === true) flags += 'a'
  if (unique) {
    flags += 'u'
    extras.push(randomHex().slice(0, TOKEN_LENGTH))
  }
  if (record.ttlS !== undefined) {
    flags += 't'
    extras.push(record.ttlS)
  }
  if (dueMs !== undefined) {
    flags += 's'
    extras.push(Math.round(dueMs))
  } else if (delayMs !== undefined) {
    flags += 'i'
    extras.push(Math.round(delayMs))
  }
  if (record.dependencyIds !== undefined && record.dependencyIds.length > 0) {
    flags += 'd'
    const allowFailure = record.allowDependencyFailures === true ? 1 : 0
    extras.push(allowFailure, record.dependencyIds.length, ...record.dependencyIds)
  }
  if (record.groupId !== undefined) {
    flags += 'g'
    extras.push(record.groupId)
  }
  if (record.rateLimit !== undefined) {
    flags += 'r'
    extras.push(record.rateLimit.key, record.rateLimit.concurrency)
  }
  if (begin !== undefined) {
    flags += 'b'
    extras.push(...begin)
  }
  if (hasNoMore && flags === '') {
    words.push(record.id, record.origin, 'p', formatTime(record.createdAtMs), record.data, description, timeoutS)
    return true
  }
  words.push(record.id, record.origin, flags, fields.length, ...fields, ...extras)
  return false
}
