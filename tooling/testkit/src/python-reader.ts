import { inflateSync } from 'node:zlib'
import { JOB_STATUSES } from '@rq/job'
import { jsonSerializer } from '@rq/serializer'
import type { Redis } from 'ioredis'

/**
 * Check every key by the strict rules of RQ's Python classes. Returns what would make them raise, one line each; empty
 * when they can read everything. Ignores keys that RQ does not know. Serialized values must be JSON; pickles are
 * skipped.
 */
export async function findPythonFaults(client: Redis, prefix = 'rq:'): Promise<string[]> {
  const keys = (await client.keys(`${prefix}*`)).sort()
  const found: string[] = []
  for (const key of keys) {
    const name = key.slice(prefix.length)
    const kind = KINDS.find(({ pattern }) => pattern.test(name))
    if (kind === undefined) continue
    const type = await client.type(key)
    // It has expired since the list of keys was read.
    if (type === 'none') continue
    const wrong = type === kind.type ? await read(client, key, kind, prefix) : [`is a ${type}, not a ${kind.type}`]
    const named = kind.pattern.exec(name)?.[1]
    if (kind.named !== undefined && named !== undefined) wrong.push(...complaints(kind.named, [Buffer.from(named)]))
    found.push(...wrong.map((complaint) => `${key}: ${complaint}`))
  }
  return found
}

type Fields = ReadonlyMap<string, Buffer>
/** Throws a {@link Fault}, whose message is a clause. */
type Check = (value: Buffer) => void

/** A kind of key. The first group of the pattern must pass `named`. */
type Kind = { readonly pattern: RegExp; readonly named?: Check } & (
  | { readonly type: 'string'; readonly check: Check }
  | { readonly type: 'list' | 'set'; readonly member: Check }
  | { readonly type: 'zset'; readonly member: Check; readonly score?: Check }
  | { readonly type: 'hash' | 'stream'; readonly fields: (fields: Fields) => string[] }
)

class Fault extends Error {}

function rule(expected: string, holds: (text: string) => boolean): Check {
  return (value) => {
    const text = utf8(value)
    if (!holds(text)) throw new Fault(`${JSON.stringify(text.slice(0, 80))} is not ${expected}`)
  }
}

function utf8(value: Buffer): string {
  const text = value.toString('utf8')
  if (!Buffer.from(text, 'utf8').equals(value)) throw new Fault('is not UTF-8')
  return text
}

const text = rule('a string', () => true)
const id = rule('a job id', (value) => /^[A-Za-z0-9_-]+$/.test(value))
const positive = rule('a positive integer', (value) => /^[1-9]\d*$/.test(value))
const integer = rule('an integer', (value) => /^[+-]?\d+$/.test(value))
const number = rule('a number', (value) => value !== '' && Number.isFinite(Number(value)))
const time = rule('a UTC time that ends in Z', (value) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$/.test(value))
const status = rule('a status', (value) => JOB_STATUSES.some((known) => known === value))
/** Python has no date after the year 9999, and none for infinity. */
const moment = rule('a time that Python can show', (value) => Number(value) >= 0 && Number(value) < 253_402_300_800)
/** In RQ 2.0 to 2.7 deferred jobs expire, or never do. */
const momentOrNever: Check = (bytes) => (String(bytes) === 'inf' ? undefined : moment(bytes))
const execution = rule('job:execution', (value) => /^[A-Za-z0-9_-]+:[^:]+$/.test(value))
/** Before RQ 2.0 a member was the job id alone. */
const lease = rule('job:execution', (value) => /^[A-Za-z0-9_-]+(:[^:]+)?$/.test(value))
const startsWith = (start: string) => rule(`a key that begins with ${start}`, (value) => value.startsWith(start))

const PICKLE = 0x80

function value(bytes: Buffer): unknown {
  if (bytes[0] === PICKLE) return undefined
  try {
    return jsonSerializer.loads(bytes)
  } catch (error) {
    throw new Fault(`holds no JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
}

const json: Check = (bytes) => void value(bytes)

function jsonThat(expected: string, holds: (value: unknown) => boolean): Check {
  return (bytes) => {
    const read = value(bytes)
    if (read !== undefined && !holds(read)) throw new Fault(`is not ${expected}`)
  }
}

const isRecord = (read: unknown): boolean => typeof read === 'object' && read !== null && !Array.isArray(read)
const isListOf = (is: (item: unknown) => boolean) => (read: unknown) => Array.isArray(read) && read.every(is)
const integers = jsonThat('a list of integers', isListOf(Number.isInteger))
const ids = jsonThat(
  'a list of job ids',
  isListOf((item) => typeof item === 'string' && /^[A-Za-z0-9_-]+$/.test(item)),
)
const records = jsonThat('a list of objects', isListOf(isRecord))
const record = jsonThat('an object', isRecord)
const callTuple = jsonThat('a call', (read) => {
  if (!Array.isArray(read) || read.length !== 4) return false
  const [func, instance, args, kwargs] = read as unknown[]
  return typeof func === 'string' && instance === null && Array.isArray(args) && isRecord(kwargs)
})

/** Compressed or not: RQ tries to decompress, and falls back to the bytes as they are. */
const call: Check = (bytes) => callTuple(inflated(bytes) ?? bytes)

function inflated(bytes: Buffer): Buffer | undefined {
  try {
    return inflateSync(bytes)
  } catch {
    return undefined
  }
}

function base64(bytes: Buffer): Buffer {
  const encoded = utf8(bytes)
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(encoded))
    throw new Fault('is not base64')
  return Buffer.from(encoded, 'base64')
}

const returnValue: Check = (bytes) => json(base64(bytes))
const errorText: Check = (bytes) => {
  const unpacked = inflated(base64(bytes))
  if (unpacked === undefined) throw new Fault('is not compressed')
  utf8(unpacked)
}

/** Compressed or not. */
const oldErrorText: Check = (bytes) => void utf8(inflated(bytes) ?? bytes)

const orEmpty =
  (check: Check): Check =>
  (bytes) =>
    bytes.length === 0 ? undefined : check(bytes)

interface Field {
  readonly check: Check
  readonly needed?: true
}

/** `orEmpty`: RQ reads an empty value as unset. */
const JOB: Readonly<Record<string, Field>> = {
  data: { check: call, needed: true },
  // A Python worker deletes a job whose heartbeat creates this field.
  last_heartbeat: { check: orEmpty(time), needed: true },
  created_at: { check: orEmpty(time) },
  enqueued_at: { check: orEmpty(time) },
  started_at: { check: orEmpty(time) },
  ended_at: { check: orEmpty(time) },
  status: { check: orEmpty(status) },
  origin: { check: text, needed: true },
  description: { check: text },
  worker_name: { check: text },
  group_id: { check: text },
  success_callback_name: { check: text },
  failure_callback_name: { check: text },
  stopped_callback_name: { check: text },
  success_callback_timeout: { check: integer },
  failure_callback_timeout: { check: integer },
  stopped_callback_timeout: { check: integer },
  timeout: { check: orEmpty(integer) },
  result_ttl: { check: orEmpty(integer) },
  failure_ttl: { check: orEmpty(integer) },
  ttl: { check: orEmpty(integer) },
  retries_left: { check: orEmpty(integer) },
  number_of_retries: { check: orEmpty(integer) },
  repeats_left: { check: orEmpty(integer) },
  retry_intervals: { check: orEmpty(integers) },
  repeat_intervals: { check: orEmpty(integers) },
  enqueue_at_front_on_retry: { check: orEmpty(integer) },
  allow_dependency_failures: { check: orEmpty(integer) },
  enqueue_at_front: { check: integer },
  dependency_id: { check: orEmpty(id) },
  dependency_ids: { check: orEmpty(ids) },
  meta: { check: orEmpty(record) },
  webhooks: { check: orEmpty(records) },
  exc_info: { check: oldErrorText },
  rate_limit_key: { check: text },
  rate_limit_concurrency: { check: orEmpty(integer) },
}

const WORKER: Readonly<Record<string, Field>> = {
  birth: { check: time },
  last_heartbeat: { check: time },
  death: { check: time },
  shutdown_requested_date: { check: time },
  queues: { check: text, needed: true },
  state: { check: text },
  pid: { check: orEmpty(integer) },
  hostname: { check: text },
  ip_address: { check: text },
  version: { check: text },
  python_version: { check: text },
  current_job: { check: id },
  current_job_working_time: { check: number },
  successful_job_count: { check: integer },
  failed_job_count: { check: integer },
  total_working_time: { check: number },
}

const EXECUTION: Readonly<Record<string, Field>> = {
  id: { check: text, needed: true },
  created_at: { check: number, needed: true },
  last_heartbeat: { check: number, needed: true },
  job_id: { check: id },
  worker_name: { check: text },
}

const RESULT: Readonly<Record<string, Field>> = {
  type: { check: rule('a type of result', (type) => /^[1-5]$/.test(type)), needed: true },
  worker_name: { check: text },
  return_value: { check: returnValue },
  exc_string: { check: orEmpty(errorText) },
  execution_id: { check: text },
  execution_started_at: { check: number },
  execution_ended_at: { check: number },
}

const SCHEDULER: Readonly<Record<string, Field>> = {
  name: { check: text, needed: true },
  hostname: { check: text, needed: true },
  pid: { check: integer, needed: true },
  queues: { check: text },
  created_at: { check: time, needed: true },
  last_heartbeat: { check: orEmpty(time) },
}

const cronJobs = jsonThat(
  'a list of cron jobs',
  isListOf((item) => isRecord(item) && isCronJob(item as Record<string, unknown>)),
)

/** RQ's placeholder for arguments that JSON cannot hold. */
const NOT_JSON = '<not JSON serializable>'

function isCronJob(job: Record<string, unknown>): boolean {
  const isTime = (value: unknown) => value == null || (typeof value === 'string' && passes(time, Buffer.from(value)))
  const isJson = (value: unknown) =>
    value == null || value === NOT_JSON || (typeof value === 'string' && passes(json, Buffer.from(value)))
  return (
    typeof job.func_name === 'string' &&
    typeof job.queue_name === 'string' &&
    [job.latest_enqueue_time, job.next_enqueue_time].every(isTime) &&
    [job.args, job.kwargs, job.meta, job.webhooks].every(isJson) &&
    // RQ requires exactly one of the two.
    (job.interval == null) !== (job.cron == null)
  )
}

const CRON_SCHEDULER: Readonly<Record<string, Field>> = {
  hostname: { check: text, needed: true },
  pid: { check: integer },
  name: { check: text, needed: true },
  created_at: { check: time, needed: true },
  config_file: { check: text, needed: true },
  cron_jobs: { check: orEmpty(cronJobs) },
}

const RATE_LIMIT: Readonly<Record<string, Field>> = { concurrency: { check: positive, needed: true } }

function fieldsBy(rules: Readonly<Record<string, Field>>): (fields: Fields) => string[] {
  return (fields) => {
    const missing = Object.keys(rules).filter((name) => rules[name]?.needed === true && !fields.has(name))
    const wrong = [...fields].flatMap(([name, bytes]) => {
      const complaint = complaintOf(rules[name]?.check ?? (() => {}), bytes)
      return complaint === undefined ? [] : [`${name}: ${complaint}`]
    })
    return [...missing.map((name) => `has no ${name}`), ...wrong]
  }
}

/** The kinds of keys; the first whose pattern matches applies. */
const KINDS: readonly Kind[] = [
  { pattern: /^queues$/, type: 'set', member: startsWith('rq:queue:') },
  { pattern: /^queue:.+:first_seen:([^:]+)$/, named: id, type: 'string', check: number },
  { pattern: /^queue:.+$/, type: 'list', member: id },
  { pattern: /^job::(.+):dependencies$/, named: id, type: 'set', member: id },
  { pattern: /^job:(.+):dependents$/, named: id, type: 'set', member: id },
  { pattern: /^job:(.+)$/, named: id, type: 'hash', fields: fieldsBy(JOB) },
  { pattern: /^results:(.+)$/, named: id, type: 'stream', fields: fieldsBy(RESULT) },
  { pattern: /^wip:.+$/, type: 'zset', member: lease },
  // RQ shows these scores as dates. In the finished and failed registries infinity and -1 mean never.
  { pattern: /^(?:ready|scheduled|canceled):.+$/, type: 'zset', member: id, score: moment },
  { pattern: /^deferred:.+$/, type: 'zset', member: id, score: momentOrNever },
  { pattern: /^(?:finished|failed):.+$/, type: 'zset', member: id },
  { pattern: /^execution:(.+)$/, named: execution, type: 'hash', fields: fieldsBy(EXECUTION) },
  { pattern: /^executions:(.+)$/, named: id, type: 'zset', member: text },
  { pattern: /^workers(?::.+)?$/, type: 'set', member: startsWith('rq:worker:') },
  { pattern: /^worker:.+:executions$/, type: 'set', member: execution },
  { pattern: /^worker:.+$/, type: 'hash', fields: fieldsBy(WORKER) },
  { pattern: /^suspended$/, type: 'string', check: text },
  { pattern: /^clean_registries:.+$/, type: 'string', check: text },
  // RQ up to 2.9 parses it as a number; later versions write 32 hex digits.
  {
    pattern: /^scheduler-lock:.+$/,
    type: 'string',
    check: rule('a number', (value) => /^(\d+|[0-9a-f]{32})$/.test(value)),
  },
  { pattern: /^scheduler:.+$/, type: 'hash', fields: fieldsBy(SCHEDULER) },
  { pattern: /^cron_schedulers$/, type: 'zset', member: text, score: moment },
  { pattern: /^cron_scheduler:.+$/, type: 'hash', fields: fieldsBy(CRON_SCHEDULER) },
  { pattern: /^cron_job:.+:jobs$/, type: 'zset', member: id, score: moment },
  { pattern: /^groups$/, type: 'set', member: text },
  { pattern: /^group:.+$/, type: 'set', member: id },
  { pattern: /^rl-keys$/, type: 'set', member: text },
  { pattern: /^rl:.+:(?:allowed|rate_limited)$/, type: 'zset', member: id },
  { pattern: /^rl:.+$/, type: 'hash', fields: fieldsBy(RATE_LIMIT) },
]

async function read(client: Redis, key: string, kind: Kind, prefix: string): Promise<string[]> {
  switch (kind.type) {
    case 'string':
      return complaints(kind.check, [(await client.getBuffer(key)) ?? Buffer.alloc(0)])
    case 'list':
      return complaints(kind.member, await client.lrangeBuffer(key, 0, -1))
    case 'set': {
      const members = await client.smembersBuffer(key)
      // The members have the test's prefix too.
      const asRq = members.map((member) => (member.toString().startsWith(prefix) ? renamed(member, prefix) : member))
      return complaints(kind.member, asRq)
    }
    case 'zset': {
      const scored = await client.zrangeBuffer(key, '0', '-1', 'WITHSCORES')
      const every = (nth: 0 | 1) => scored.filter((_, at) => at % 2 === nth)
      return [...complaints(kind.member, every(0)), ...complaints(kind.score ?? text, every(1))]
    }
    case 'hash':
      return kind.fields(new Map(Object.entries(await client.hgetallBuffer(key))))
    case 'stream': {
      const entries = await client.xrangeBuffer(key, '-', '+')
      return entries.flatMap(([entry, flat]) =>
        kind.fields(pairs(flat)).map((complaint) => `entry ${entry}: ${complaint}`),
      )
    }
  }
}

function renamed(member: Buffer, prefix: string): Buffer {
  return Buffer.from(`rq:${member.toString().slice(prefix.length)}`)
}

function pairs(flat: readonly Buffer[]): Fields {
  const fields = new Map<string, Buffer>()
  for (let at = 0; at + 1 < flat.length; at += 2) fields.set(String(flat[at]), flat[at + 1] ?? Buffer.alloc(0))
  return fields
}

function complaints(check: Check, values: readonly Buffer[]): string[] {
  return values.flatMap((bytes) => {
    const complaint = complaintOf(check, bytes)
    return complaint === undefined ? [] : [complaint]
  })
}

function passes(check: Check, bytes: Buffer): boolean {
  return complaintOf(check, bytes) === undefined
}

function complaintOf(check: Check, bytes: Buffer): string | undefined {
  try {
    check(bytes)
    return undefined
  } catch (error) {
    if (error instanceof Fault) return error.message
    throw error
  }
}
