import type { CronJobRecord, CronSchedulerRecord } from '@rq/job'
import type { ScriptArgument } from '../connection/script.ts'
import { isObject, parseJson } from './json.ts'
import { isFiniteNumber, readInteger } from './numbers.ts'
import { pythonCronText } from './python-cron-text.ts'
import { formatTime, parseTime } from './time.ts'

/** Encode a cron scheduler's record as names and values of RQ's hash, in turn. */
export function encodeCronScheduler(scheduler: CronSchedulerRecord): ScriptArgument[] {
  return [
    ...['hostname', scheduler.hostname, 'pid', scheduler.pid, 'name', scheduler.name],
    ...['created_at', formatTime(scheduler.createdAtMs), 'config_file', scheduler.configFile],
    ...['cron_jobs', JSON.stringify(scheduler.jobs.map(encodeCronJob))],
  ]
}

/**
 * Encode a cron job with RQ's keys in RQ's order. RQ's reader ignores our own keys: `timezone`, and `cron_text`, the
 * rule as it was given.
 */
function encodeCronJob(job: CronJobRecord): Record<string, unknown> {
  const cron = job.cron === null ? null : pythonCronText(job.cron)
  return {
    func_name: job.funcName,
    name: job.name,
    queue_name: job.queueName,
    args: job.args,
    kwargs: job.kwargs,
    interval: job.intervalS,
    cron,
    latest_enqueue_time: job.latestMs === null ? null : formatTime(job.latestMs),
    next_enqueue_time: job.nextMs === null ? null : formatTime(job.nextMs),
    ...job.options,
    ...(job.timezone !== undefined && { timezone: job.timezone }),
    ...(cron !== job.cron && { cron_text: job.cron }),
  }
}

/** Decode a record that Python RQ or we wrote; undefined if it is gone. Jobs that cannot be read are left out. */
export function decodeCronScheduler(
  name: string,
  fields: Readonly<Record<string, string>>,
): CronSchedulerRecord | undefined {
  if (fields.name === undefined && fields.hostname === undefined) return undefined
  return {
    name,
    hostname: fields.hostname ?? '',
    pid: readInteger(fields.pid) ?? 0,
    createdAtMs: parseTime(fields.created_at ?? '') ?? 0,
    configFile: fields.config_file ?? '',
    jobs: readJobs(fields.cron_jobs ?? ''),
  }
}

function readJobs(json: string): CronJobRecord[] {
  const list = parseJson(json)
  return Array.isArray(list) ? list.flatMap((item) => decodeCronJob(item) ?? []) : []
}

function decodeCronJob(value: unknown): CronJobRecord | undefined {
  if (!isObject(value)) return undefined
  const {
    func_name: funcName,
    name,
    queue_name: queueName,
    args,
    kwargs,
    interval,
    cron,
    cron_text: cronText,
    timezone,
    latest_enqueue_time: latest,
    next_enqueue_time: next,
    ...options
  } = value
  if (typeof funcName !== 'string' || typeof queueName !== 'string') return undefined
  return {
    funcName,
    // Older versions of RQ write no name.
    name: typeof name === 'string' && name !== '' ? name : funcName,
    queueName,
    args: stringOrNull(args),
    kwargs: stringOrNull(kwargs),
    intervalS: isFiniteNumber(interval) ? interval : null,
    cron: stringOrNull(cronText) ?? stringOrNull(cron),
    latestMs: timeOrNull(latest),
    nextMs: timeOrNull(next),
    options,
    ...(typeof timezone === 'string' && { timezone }),
  }
}

function stringOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

function timeOrNull(value: unknown): number | null {
  return typeof value === 'string' ? (parseTime(value) ?? null) : null
}
