import {
  type CallbackRecord,
  cutDescription,
  DEFAULT_CALLBACK_TIMEOUT_S,
  inflateText,
  isCompressed,
  isJobStatus,
  type JobChanges,
  type JobRecord,
  LONGEST_DEPENDENCIES,
  LONGEST_DESCRIPTION,
  LONGEST_ERROR_BYTES,
  LONGEST_WEBHOOK,
  MOST_INTERVALS,
  MOST_WEBHOOKS,
  type Payload,
  UNIQUE_UNTIL,
  type WebhookRecord,
} from '@rq/job'
import type { ScriptArgument } from '../connection/script.ts'
import { parseJson } from './json.ts'
import type { PackedStrings } from './message-pack.ts'
import { isFiniteNumber, readInteger } from './numbers.ts'
import { formatTime, parseTime } from './time.ts'

/** What is longer was not written by us. A worker does not parse it: that may take twenty times as much memory. */
const LONGEST_WEBHOOKS_BYTES = 3 * MOST_WEBHOOKS * LONGEST_WEBHOOK
const LONGEST_INTERVALS_BYTES = MOST_INTERVALS * 20
/** More than a description has. */
const MOST_DESCRIPTION_BYTES = 4 * (LONGEST_DESCRIPTION + 1)

/**
 * Stands for the call itself as the description of a job. Not left out: a Python worker at a terminal ends when it
 * takes a job without a description.
 */
export const CALL_ITSELF = '-'

/**
 * Encode a record as names and values of RQ's hash, in turn, `created_at` first. Without `status` and `enqueued_at`,
 * which the script writes that puts the job in its place. Unset fields are left out, except `last_heartbeat` (a Python
 * worker deletes a job if its first heartbeat creates that field) and `description`.
 */
export function encodeJob(job: JobRecord): ScriptArgument[] {
  const fields: ScriptArgument[] = ['created_at', formatTime(job.createdAtMs), 'data', job.data]
  fields.push('last_heartbeat', '')
  if (job.origin !== '') fields.push('origin', job.origin)
  if (job.description === undefined) fields.push('description', CALL_ITSELF)
  pushChangeable(fields, job)
  if (job.groupId !== undefined) fields.push('group_id', job.groupId)
  if (job.startedAtMs !== undefined) fields.push('started_at', formatTime(job.startedAtMs))
  if (job.endedAtMs !== undefined) fields.push('ended_at', formatTime(job.endedAtMs))
  if (job.workerName !== undefined) fields.push('worker_name', job.workerName)
  pushCallback(fields, 'success', job.onSuccess)
  pushCallback(fields, 'failure', job.onFailure)
  pushCallback(fields, 'stopped', job.onStopped)
  if (job.retriesLeft !== undefined) fields.push('retries_left', job.retriesLeft)
  if (job.retryMax !== undefined) fields.push('retry_max', job.retryMax)
  if (job.retryOn !== undefined) fields.push('retry_on', job.retryOn)
  if (job.retryIntervalsS !== undefined) fields.push('retry_intervals', JSON.stringify(job.retryIntervalsS))
  if (job.enqueueAtFrontOnRetry === true) fields.push('enqueue_at_front_on_retry', 1)
  if (job.numberOfRetries !== undefined) fields.push('number_of_retries', job.numberOfRetries)
  if (job.repeatsLeft !== undefined) fields.push('repeats_left', job.repeatsLeft)
  if (job.repeatIntervalsS !== undefined) fields.push('repeat_intervals', JSON.stringify(job.repeatIntervalsS))
  if (job.repeatsDone !== undefined) fields.push('repeats_done', job.repeatsDone)
  const [firstDependency] = job.dependencyIds ?? []
  if (firstDependency !== undefined) {
    fields.push('dependency_id', firstDependency, 'dependency_ids', JSON.stringify(job.dependencyIds))
    fields.push('allow_dependency_failures', job.allowDependencyFailures === true ? 1 : 0)
  }
  if (job.enqueueAtFront === true) fields.push('enqueue_at_front', 1)
  if (job.rateLimit !== undefined) {
    fields.push('rate_limit_key', job.rateLimit.key, 'rate_limit_concurrency', job.rateLimit.concurrency)
  }
  if (job.unique !== undefined) {
    fields.push('unique_key', job.unique.key)
    if (job.unique.until !== 'ended') fields.push('unique_until', job.unique.until)
  }
  if (job.webhooks !== undefined && job.webhooks.length > 0) fields.push('webhooks', JSON.stringify(job.webhooks))
  if (job.results === 'stream') fields.push('results', 'stream')
  if (job.signature !== undefined) fields.push('signature', job.signature)
  return fields
}

/** Encode changed fields, as {@link encodeJob} does. */
export function encodeChanges(changes: JobChanges): ScriptArgument[] {
  const fields: ScriptArgument[] = []
  pushChangeable(fields, changes)
  return fields
}

function pushChangeable(fields: ScriptArgument[], job: JobChanges): void {
  if (job.description !== undefined) fields.push('description', job.description)
  if (job.timeoutS !== undefined) fields.push('timeout', job.timeoutS)
  if (job.resultTtlS !== undefined) fields.push('result_ttl', job.resultTtlS)
  if (job.failureTtlS !== undefined) fields.push('failure_ttl', job.failureTtlS)
  if (job.ttlS !== undefined) fields.push('ttl', job.ttlS)
  if (job.meta !== undefined) fields.push('meta', job.meta)
}

function pushCallback(fields: ScriptArgument[], kind: string, callback: CallbackRecord | undefined): void {
  if (callback === undefined) return
  fields.push(`${kind}_callback_name`, callback.name, `${kind}_callback_timeout`, callback.timeoutS)
  if (callback.when !== undefined) fields.push(`${kind}_callback_when`, callback.when)
}

/**
 * Decode a record from the names and values of its hash, in turn. A value that cannot be parsed counts as unset, where
 * RQ's own reader fails: one bad job must not stop a worker. A list that is too long counts as one, and so do webhooks,
 * as one that is malformed. Undefined if there is no field `data`, RQ's rule for "no such job". A job whose `data` is
 * empty exists; it fails when it runs. Compressed `data` stays compressed: it is inflated where it is read, which is no
 * worker's own process.
 * @param leftOut the fields that the reply lacks since they are too large, see {@link leftOutOf}.
 */
export function decodeJob(
  id: string,
  reply: readonly Buffer[],
  leftOut?: Readonly<Record<string, number>>,
): JobRecord | undefined {
  const record: JobRecord = { id, origin: '', status: 'created', data: '', createdAtMs: 0, results: 'hash' }
  let hasData = false
  for (let at = 0; at + 1 < reply.length; at += 2) {
    const name = String(reply[at])
    const value = reply[at + 1]
    if (name === 'data') hasData = true
    if (value !== undefined && value.length > 0) READERS.get(name)?.(record, value)
  }
  // A time limit without a callback, which a program has cleared.
  for (const key of CALLBACKS) if (record[key]?.name === '') delete record[key]
  if (record.unique?.key === '') delete record.unique
  if (leftOut === undefined) return hasData ? record : undefined
  record.leftOut = leftOut
  if (Object.hasOwn(leftOut, 'webhooks')) record.webhooks = MALFORMED_WEBHOOKS
  return hasData || Object.hasOwn(leftOut, 'data') ? record : undefined
}

/**
 * The fields that were left out of the job at `index`, and their bytes, from a list of indexes, names and bytes in
 * turn. Undefined for a job that is whole.
 */
export function leftOutOf(list: readonly Buffer[], index: number): Record<string, number> | undefined {
  let leftOut: Record<string, number> | undefined
  for (let at = 0; at + 2 < list.length; at += 3) {
    if (Number(list[at]) === index) leftOut = { ...leftOut, [String(list[at + 1])]: Number(list[at + 2]) }
  }
  return leftOut
}

/** Decode a plain job from the reply of a claim, from its `created_at` on. The hot path of a worker. */
export function decodePlainJob(id: string, packed: PackedStrings): JobRecord {
  const createdAtMs = parseTime(packed.string()) ?? 0
  const enqueuedAtMs = parseTime(packed.string())
  const timeoutS = readInteger(packed.string())
  const resultTtl = packed.string()
  const description = packed.string()
  const data = packed.stringIf(isText)
  const record: JobRecord = {
    id,
    origin: '',
    status: 'queued',
    data,
    createdAtMs,
    results: isCompressed(data) ? 'stream' : 'hash',
  }
  if (description !== CALL_ITSELF) record.description = cutDescription(description)
  set(record, 'enqueuedAtMs', enqueuedAtMs)
  set(record, 'timeoutS', timeoutS)
  if (resultTtl !== '') set(record, 'resultTtlS', readInteger(resultTtl))
  return record
}

/** What is no list, or too long, is one webhook that is malformed, so that its reader says so. */
const MALFORMED_WEBHOOKS = [undefined] as unknown as readonly WebhookRecord[]

type Reader = (record: JobRecord, value: Buffer) => void

/** How each field of the hash is written into a record. Other fields are ignored. */
const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  [
    'status',
    (record, value) => {
      const status = String(value)
      if (isJobStatus(status)) record.status = status
    },
  ],
  [
    'data',
    (record, value) => {
      record.data = payload(value)
      // Python RQ wrote it, so its results are written in RQ's own dialect.
      if (isCompressed(record.data)) record.results = 'stream'
    },
  ],
  [
    'results',
    (record, value) => {
      if (String(value) === 'stream') record.results = 'stream'
    },
  ],
  [
    'origin',
    (record, value) => {
      record.origin = String(value)
    },
  ],
  ['created_at', time('createdAtMs')],
  ['enqueued_at', time('enqueuedAtMs')],
  ['started_at', time('startedAtMs')],
  ['ended_at', time('endedAtMs')],
  ['last_heartbeat', time('lastHeartbeatMs')],
  [
    'description',
    (record, value) => {
      const text = String(value.subarray(0, MOST_DESCRIPTION_BYTES))
      if (text !== CALL_ITSELF) record.description = cutDescription(text)
    },
  ],
  ['worker_name', string('workerName')],
  ['execution_id', string('executionId')],
  ['group_id', string('groupId')],
  ['signature', string('signature')],
  ['timeout', integer('timeoutS')],
  ['result_ttl', integer('resultTtlS')],
  ['failure_ttl', integer('failureTtlS')],
  ['ttl', integer('ttlS')],
  ['retries_left', integer('retriesLeft')],
  ['retry_max', integer('retryMax')],
  ['retry_on', string('retryOn')],
  ['number_of_retries', integer('numberOfRetries')],
  ['repeats_left', integer('repeatsLeft')],
  ['repeats_done', integer('repeatsDone')],
  ['abandoned_count', integer('abandonedCount')],
  ['returned_ms', integer('returnedMs')],
  ['return_for_ms', integer('returnForMs')],
  ['left_out', integer('leftOutBytes')],
  ['retry_intervals', integers('retryIntervalsS')],
  ['repeat_intervals', integers('repeatIntervalsS')],
  ['enqueue_at_front_on_retry', flag('enqueueAtFrontOnRetry')],
  ['enqueue_at_front', flag('enqueueAtFront')],
  ['allow_dependency_failures', flag('allowDependencyFailures')],
  ['success_callback_name', callbackName('onSuccess')],
  ['success_callback_timeout', callbackTimeout('onSuccess')],
  ['failure_callback_name', callbackName('onFailure')],
  ['failure_callback_timeout', callbackTimeout('onFailure')],
  [
    'failure_callback_when',
    (record, value) => {
      if (String(value) === 'last')
        record.onFailure = { name: '', timeoutS: DEFAULT_CALLBACK_TIMEOUT_S, ...record.onFailure, when: 'last' }
    },
  ],
  ['stopped_callback_name', callbackName('onStopped')],
  ['stopped_callback_timeout', callbackTimeout('onStopped')],
  [
    'dependency_id',
    (record, value) => {
      record.dependencyIds ??= [String(value)]
    },
  ],
  [
    'dependency_ids',
    (record, value) => {
      const ids = value.length <= LONGEST_DEPENDENCIES ? parseJson(String(value)) : undefined
      if (Array.isArray(ids) && ids.every((item) => typeof item === 'string')) record.dependencyIds = ids
    },
  ],
  [
    'rate_limit_key',
    (record, value) => {
      record.rateLimit = { key: String(value), concurrency: record.rateLimit?.concurrency ?? 1 }
    },
  ],
  [
    'rate_limit_concurrency',
    (record, value) => {
      record.rateLimit = { key: record.rateLimit?.key ?? '', concurrency: readInteger(value) ?? 1 }
    },
  ],
  [
    'unique_key',
    (record, value) => {
      record.unique = { key: String(value), until: record.unique?.until ?? 'ended' }
    },
  ],
  [
    'unique_until',
    (record, value) => {
      const until = UNIQUE_UNTIL.find((word) => word === String(value))
      if (until !== undefined) record.unique = { key: record.unique?.key ?? '', until }
    },
  ],
  [
    'webhooks',
    (record, value) => {
      const webhooks = value.length <= LONGEST_WEBHOOKS_BYTES ? parseJson(String(value)) : undefined
      if (webhooks === null) return
      // One more than are called, so that their reader sees that there are more.
      record.webhooks = Array.isArray(webhooks) ? webhooks.slice(0, MOST_WEBHOOKS + 1) : MALFORMED_WEBHOOKS
    },
  ],
  [
    'meta',
    (record, value) => {
      record.meta = payload(value)
    },
  ],
  [
    'result',
    (record, value) => {
      record.result = payload(value)
    },
  ],
  [
    'exc_info',
    (record, value) => {
      const message = inflateText(value, LONGEST_ERROR_BYTES)
      if (message !== '') record.excInfo = message
    },
  ],
])

/** The names of the fields that are read; lua/lib/fields has them, too. */
export const JOB_FIELDS: readonly string[] = [...READERS.keys()].filter((name) => name !== 'left_out')

type Key<T> = { [K in keyof JobRecord]-?: NonNullable<JobRecord[K]> extends T ? K : never }[keyof JobRecord]
const CALLBACKS = ['onSuccess', 'onFailure', 'onStopped'] as const
type CallbackKey = (typeof CALLBACKS)[number]

function set<K extends keyof JobRecord>(record: JobRecord, key: K, value: JobRecord[K] | undefined): void {
  if (value !== undefined) record[key] = value
}

function time(key: 'createdAtMs' | 'enqueuedAtMs' | 'startedAtMs' | 'endedAtMs' | 'lastHeartbeatMs'): Reader {
  return (record, value) => set(record, key, parseTime(String(value)))
}

function string(key: 'workerName' | 'executionId' | 'groupId' | 'signature' | 'retryOn'): Reader {
  return (record, value) => set(record, key, String(value))
}

function integer(key: Exclude<Key<number>, 'createdAtMs'>): Reader {
  return (record, value) => set(record, key, readInteger(value))
}

function integers(key: 'retryIntervalsS' | 'repeatIntervalsS'): Reader {
  return (record, value) => {
    const list = value.length <= LONGEST_INTERVALS_BYTES ? parseJson(String(value)) : undefined
    if (Array.isArray(list) && list.every(isFiniteNumber)) record[key] = list
  }
}

function flag(key: 'enqueueAtFrontOnRetry' | 'enqueueAtFront' | 'allowDependencyFailures'): Reader {
  return (record, value) => set(record, key, String(value) === '1')
}

function callbackName(key: CallbackKey): Reader {
  return (record, value) => {
    record[key] = { timeoutS: DEFAULT_CALLBACK_TIMEOUT_S, ...record[key], name: String(value) }
  }
}

function callbackTimeout(key: CallbackKey): Reader {
  return (record, value) => {
    const timeoutS = readInteger(value)
    if (timeoutS !== undefined) record[key] = { name: '', ...record[key], timeoutS }
  }
}

/** A string if the bytes may be JSON, which our own serializers write; else the bytes. */
function payload(bytes: Buffer): Payload {
  return isText(bytes[0] ?? 0, bytes.length) ? bytes.toString() : bytes
}

/** What is larger stays as it came: a worker that only passes it on needs no second copy. */
const LONGEST_TEXT = 256 * 1024

/** No JSON begins with the first byte of zlib, an `x`. */
function isText(first: number, length: number): boolean {
  return first < 0x80 && first >= 0x09 && first !== 0x78 && length <= LONGEST_TEXT
}
