import {
  type DueSchedule,
  isJobStatus,
  type ListedSchedule,
  type ScheduleFacts,
  type ScheduleRecord,
  type ScheduleRule,
} from '@rq/job'
import type { ScriptArgument } from '../connection/script.ts'
import { extraOf } from './enqueue-arguments.ts'
import { decodeJob, encodeJob } from './job-codec.ts'
import { isObject, parseJson } from './json.ts'
import { packList } from './message-pack.ts'
import { isFiniteNumber, readInteger } from './numbers.ts'

/** A field of the job of which each tick enqueues a copy. */
const JOB_FIELD = 'job:'

/** Encode a schedule as names and values of its hash, in turn, without `next`, which the script sets. */
export function encodeSchedule(schedule: ScheduleRecord): ScriptArgument[] {
  const { anchorMs, atFront, changedAtMs, count, createdAtMs, digest, funcName, latestMs, owner, pausedMs } = schedule
  const { queue, revision, rule, template } = schedule
  const fields: ScriptArgument[] = ['revision', revision, 'queue', queue, 'digest', digest, 'func', funcName]
  fields.push('rule', JSON.stringify(rule), 'anchor', anchorMs, 'count', count)
  fields.push('created', createdAtMs, 'changed', changedAtMs, 'front', atFront ? 1 : 0)
  if (owner !== undefined) fields.push('owner', owner)
  if (latestMs !== undefined) fields.push('latest', latestMs)
  if (pausedMs !== undefined) fields.push('paused', pausedMs)
  fields.push('extra', packList([extraOf({ record: template, atFront, unique: false })]))
  const job = encodeJob(template)
  for (let at = 0; at + 1 < job.length; at += 2) fields.push(`${JOB_FIELD}${job[at]}`, job[at + 1] ?? '')
  return fields
}

/** Decode a schedule from the names and values of its hash. Undefined when there is none. */
export function decodeSchedule(name: string, reply: readonly Buffer[]): ScheduleRecord | undefined {
  const texts = new Map<string, string>()
  const job: Buffer[] = []
  for (let at = 0; at + 1 < reply.length; at += 2) {
    const field = String(reply[at])
    const value = reply[at + 1] as Buffer
    if (field.startsWith(JOB_FIELD)) job.push(Buffer.from(field.slice(JOB_FIELD.length)), value)
    else if (field !== 'extra') texts.set(field, String(value))
  }
  const template = decodeJob('', job)
  const queue = texts.get('queue')
  if (template === undefined || queue === undefined) return undefined
  return { ...decodeFacts(name, queue, (field) => texts.get(field)), template, atFront: texts.get('front') === '1' }
}

/** The fields that a list reads of each schedule. The first one is in every schedule. */
export const LISTED_FIELDS = [
  ...['queue', 'func', 'owner', 'digest', 'created', 'changed'],
  ...['revision', 'rule', 'anchor', 'next', 'latest', 'count', 'paused'],
] as const

/** Decode a row of `schedule_list`. */
export function decodeListed([name = '', id = '', status = '', ...values]: readonly string[]): ListedSchedule {
  const texts = new Map<string, string>()
  for (const [at, field] of LISTED_FIELDS.entries()) {
    const value = values[at]
    if (value) texts.set(field, value)
  }
  return {
    ...decodeFacts(name, texts.get('queue') ?? '', (field) => texts.get(field)),
    ...(id !== '' && { lastJob: { id, status: isJobStatus(status) ? status : undefined } }),
  }
}

/** The fields of a row of `schedule_due`, in its order, after the name. */
const ROW = ['revision', 'rule', 'anchor', 'next', 'latest', 'count'] as const

/** Decode the rows of `schedule_due`. */
export function decodeRows(rows: readonly string[]): DueSchedule[] {
  const due: DueSchedule[] = []
  for (let at = 0; at < rows.length; at += ROW.length + 1) {
    const values = new Map<string, string>(ROW.map((field, index) => [field, rows[at + 1 + index] ?? '']))
    due.push(decodePosition(rows[at] ?? '', (field) => values.get(field)))
  }
  return due
}

function decodeFacts(name: string, queue: string, fieldOf: (field: string) => string | undefined): ScheduleFacts {
  const owner = fieldOf('owner')
  return {
    ...decodePosition(name, fieldOf),
    queue,
    ...(owner !== undefined && { owner }),
    digest: fieldOf('digest') ?? '',
    funcName: fieldOf('func') ?? '',
    createdAtMs: readInteger(fieldOf('created')) ?? 0,
    changedAtMs: readInteger(fieldOf('changed')) ?? 0,
  }
}

function decodePosition(name: string, fieldOf: (field: string) => string | undefined): DueSchedule {
  const timeOf = (field: string) => readInteger(fieldOf(field))
  const [nextMs, latestMs, pausedMs] = [timeOf('next'), timeOf('latest'), timeOf('paused')]
  return {
    name,
    revision: fieldOf('revision') ?? '',
    rule: readRule(fieldOf('rule') ?? ''),
    anchorMs: timeOf('anchor') ?? 0,
    count: timeOf('count') ?? 0,
    ...(nextMs !== undefined && { nextMs }),
    ...(latestMs !== undefined && { latestMs }),
    ...(pausedMs !== undefined && { pausedMs }),
  }
}

const TEXTS = ['cron', 'timezone'] as const
const NUMBERS = ['everyS', 'fromMs', 'untilMs', 'times', 'offsetS', 'spreadS'] as const

/** Undefined for what no program of ours has written. */
function readRule(json: string): ScheduleRule | undefined {
  const rule = parseJson(json)
  if (!isObject(rule)) return undefined
  const isRight =
    TEXTS.every((field) => rule[field] === undefined || typeof rule[field] === 'string') &&
    NUMBERS.every((field) => rule[field] === undefined || isFiniteNumber(rule[field])) &&
    (rule.cron === undefined) !== (rule.everyS === undefined) &&
    ['skip', 'once', 'all'].includes(String(rule.catchUp)) &&
    ['allow', 'skip'].includes(String(rule.overlap))
  return isRight ? (rule as unknown as ScheduleRule) : undefined
}
