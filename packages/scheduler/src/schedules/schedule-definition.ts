import { createHash } from 'node:crypto'
import { checkName, checkQueueName, invalidOption, randomHex, SECOND_MS } from '@rq/core'
import {
  type AnyFunction,
  type CheckedOptions,
  checkOptions,
  type EnqueueOptions,
  type FunctionRef,
  type JobRecord,
  type LimitOptions,
  type ScheduleRecord,
  type ScheduleRule,
} from '@rq/job'
import { type JobContext, Queue } from '@rq/queue'
import { scheduleRecurrence } from './schedule-recurrence.ts'
import { checkTimes, type ScheduleTimes } from './schedule-times.ts'

/** Options of the jobs of a schedule. */
export interface ScheduleJobOptions extends Omit<EnqueueOptions, 'jobId' | 'unique' | 'dependsOn' | 'pipeline'> {
  /** The queue of its jobs, or its name. */
  readonly queue: string | { readonly name: string }
}

const REFUSED: Readonly<Record<string, string>> = {
  jobId: 'none: the id of each job is made of the name and the time of its tick',
  unique: 'none: each tick is enqueued once anyway',
  dependsOn: 'none: each job waits for its time alone',
  pipeline: 'none: its jobs are enqueued later',
  codec: 'none: workers enqueue its jobs, and have no keys; a CronScheduler takes a codec',
  sign: 'none: workers enqueue its jobs, and have no keys; a CronScheduler takes sign',
}

/** A checked schedule. */
export interface ScheduleDefinition {
  readonly name: string
  readonly rule: ScheduleRule
  readonly func: FunctionRef
  readonly args: readonly unknown[]
  readonly queue: string
  readonly jobOptions: EnqueueOptions
  readonly checked: CheckedOptions
  readonly owner?: string
}

/** Check what a schedule is made of. @throws RqError `RQ_INVALID_OPTION` naming the option. */
export function checkSchedule(
  name: string,
  times: ScheduleTimes,
  func: FunctionRef,
  args: readonly unknown[],
  { queue, ...jobOptions }: ScheduleJobOptions,
): ScheduleDefinition {
  for (const [option, expected] of Object.entries(REFUSED)) {
    const value = (jobOptions as Readonly<Record<string, unknown>>)[option]
    if (value !== undefined) throw invalidOption(option, value, expected)
  }
  if (typeof func !== 'function' && typeof func !== 'string') {
    throw invalidOption('func', func, 'a function or a reference to one')
  }
  if (!Array.isArray(args)) throw invalidOption('args', args, 'an array of the arguments of the function')
  return {
    name: checkName(name, 'name'),
    rule: checkTimes(name, times),
    func,
    args: [...args],
    queue: checkQueueName(typeof queue === 'object' ? queue?.name : queue, 'queue'),
    jobOptions,
    checked: checkOptions(jobOptions),
  }
}

/** A schedule whose function has been found, with the job of which each tick enqueues a copy. */
export interface PreparedSchedule extends ScheduleDefinition {
  readonly funcName: string
  readonly template: JobRecord
  readonly digest: string
}

/** How the job of a schedule is made. */
export interface MakingOptions {
  /** The folders to which the name of a function is relative. Default: as for a queue. */
  readonly importPaths?: readonly string[]
  /** How large its arguments may be. Default: as for a queue. */
  readonly limits?: LimitOptions
}

/**
 * Find the function of a schedule and serialize its arguments.
 * @throws RqError `RQ_INVALID_REFERENCE`, `RQ_SERIALIZATION`, `RQ_TOO_LARGE`.
 */
export async function prepareSchedule(
  definition: ScheduleDefinition,
  { serializer, storage }: JobContext,
  making: MakingOptions,
): Promise<PreparedSchedule> {
  const { args, func, jobOptions, queue, rule } = definition
  const maker = new Queue(queue, { ...making, serializer, storage })
  const job = await maker.createJob<AnyFunction>(func, args as never, jobOptions)
  const template = job.toRecord()
  const { createdAtMs: _created, id: _id, ...facts } = template
  const said = [
    rule,
    queue,
    definition.checked.atFront,
    Object.entries(facts).map(([key, value]) => [key, text(value)]),
  ]
  const digest = createHash('sha256').update(JSON.stringify(said)).digest('hex').slice(0, 32)
  return { ...definition, funcName: job.funcName, template, digest }
}

function text(value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value
}

/** The record of a schedule at the time `nowMs`, in place of `known`. What it says of its past stays. */
export function scheduleRecord(
  { checked, digest, funcName, name, owner, queue, rule, template }: PreparedSchedule,
  known: ScheduleRecord | undefined,
  nowMs: number,
): ScheduleRecord {
  const isSameRule = known !== undefined && JSON.stringify(known.rule) === JSON.stringify(rule)
  const { anchorMs, nextMs } = isSameRule ? known : firstTick(rule, known, nowMs)
  const { count = 0, latestMs, pausedMs } = known ?? {}
  const isOver = rule.times !== undefined && count >= rule.times
  return {
    ...{ name, revision: randomHex(), rule, queue, digest, funcName, template, anchorMs, count },
    ...{ atFront: checked.atFront, createdAtMs: known?.createdAtMs ?? nowMs, changedAtMs: nowMs },
    ...(owner !== undefined && { owner }),
    ...(nextMs !== undefined && pausedMs === undefined && !isOver && { nextMs }),
    ...(latestMs !== undefined && { latestMs }),
    ...(pausedMs !== undefined && { pausedMs }),
  }
}

/** A new rule is in force from now on. An interval counts from the last job before, or its first one comes at once. */
function firstTick(
  rule: ScheduleRule,
  known: ScheduleRecord | undefined,
  nowMs: number,
): { anchorMs: number; nextMs: number | undefined } {
  const latestMs = known?.latestMs
  const beginsMs = rule.fromMs === undefined ? Math.floor(nowMs / SECOND_MS) : Math.ceil(rule.fromMs / SECOND_MS)
  const anchorMs = latestMs === undefined ? beginsMs * SECOND_MS : latestMs - (known?.rule?.offsetS ?? 0) * SECOND_MS
  const isFirst = rule.everyS !== undefined && latestMs === undefined && anchorMs > nowMs - SECOND_MS
  return { anchorMs, nextMs: scheduleRecurrence(rule).next(isFirst ? anchorMs - 1 : nowMs, anchorMs) }
}
