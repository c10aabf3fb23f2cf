import type { HeldQueue, NamesInUse, ShownJobNames, WorkerIdentity, WorkerRecord, WorkerState } from '@rq/job'
import type { ScriptArgument } from '../connection/script.ts'
import { readInteger, readNumber } from './numbers.ts'
import { parseTime } from './time.ts'

const STATES: ReadonlySet<string> = new Set<WorkerState>(['started', 'suspended', 'busy', 'idle'])

/**
 * Encode the record of a new worker as names and values, in turn. `birth`: the time at which it was registered;
 * `address`: host and port of its connection, as Redis sees it.
 */
export function encodeNewWorker(worker: WorkerIdentity, birth: string, address: string): ScriptArgument[] {
  return [
    ...['birth', birth, 'last_heartbeat', birth, 'queues', worker.queues.join(',')],
    ...['pid', worker.pid, 'hostname', worker.hostname, 'ip_address', address, 'instance', worker.instance],
    ...['version', worker.version, 'python_version', `node ${process.version}`, 'state', 'started'],
  ]
}

/** Decode a worker's record; undefined if it is gone. */
export function decodeWorker(name: string, fields: Readonly<Record<string, string>>): WorkerRecord | undefined {
  if (fields.birth === undefined || fields.birth === '') return undefined
  const shutdownRequestedMs = parseTime(fields.shutdown_requested_date ?? '')
  return {
    name,
    queues: namesOf(fields.queues),
    pid: readInteger(fields.pid) ?? 0,
    hostname: fields.hostname ?? '',
    version: fields.version ?? '',
    state: STATES.has(fields.state ?? '') ? (fields.state as WorkerState) : 'started',
    birthMs: parseTime(fields.birth) ?? 0,
    lastHeartbeatMs: parseTime(fields.last_heartbeat ?? '') ?? 0,
    successfulJobCount: readInteger(fields.successful_job_count) ?? 0,
    failedJobCount: readInteger(fields.failed_job_count) ?? 0,
    totalWorkingTimeS: readNumber(fields.total_working_time) ?? 0,
    paused: namesOf(fields.paused),
    held: decodeHeld(fields.held),
    isPython: fields.instance === undefined,
    ...readJobNames(fields.job_names),
    ...(fields.current_job ? { currentJobId: fields.current_job } : {}),
    ...(shutdownRequestedMs === undefined ? {} : { shutdownRequestedMs }),
  }
}

/** Each as `reason:since:name`, joined by commas. */
export function encodeHeld(held: readonly HeldQueue[]): string {
  return held.map(({ queue, reason, sinceMs }) => `${reason}:${Math.trunc(sinceMs)}:${queue}`).join(',')
}

/** Without what this library has not written. */
function decodeHeld(list: string | undefined): HeldQueue[] {
  return namesOf(list).flatMap((entry) => {
    const [reason = '', since = '', ...name] = entry.split(':')
    const hold = readHold(reason, since)
    return hold === undefined || name.length === 0 ? [] : [{ queue: name.join(':'), ...hold }]
  })
}

/** Undefined for what this library has not written. */
export function readHold(reason: string, since: string): Omit<HeldQueue, 'queue'> | undefined {
  const sinceMs = readInteger(since)
  if ((reason !== 'no' && reason !== 'failed') || sinceMs === undefined) return undefined
  return { reason, sinceMs }
}

export function encodeJobNames({ more, names }: ShownJobNames): string {
  return JSON.stringify({ names, more })
}

/** Nothing for a field that this library has not written. */
function readJobNames(field: string | undefined): Pick<WorkerRecord, 'jobNames' | 'moreJobNames'> {
  if (field === undefined || field === '') return {}
  try {
    const { more, names } = JSON.parse(field) as Partial<Record<keyof ShownJobNames, unknown>>
    if (!Array.isArray(names) || !names.every((name) => typeof name === 'string')) return {}
    return { jobNames: names, ...(typeof more === 'number' && more > 0 && { moreJobNames: more }) }
  } catch {
    return {}
  }
}

/** Decode the reply of `names_in_use`. */
export function decodeNamesInUse([schedules, workerCount, shown]: readonly [
  schedules: readonly string[],
  workerCount: number,
  shown: readonly string[],
]): NamesInUse {
  return {
    schedules: pairsOf(schedules).map(([name, funcName]) => ({ name, funcName })),
    workerCount,
    workers: pairsOf(shown).map(([name, field]) => ({ name, ...readJobNames(field) })),
  }
}

function pairsOf(list: readonly string[]): [string, string][] {
  const pairs: [string, string][] = []
  for (let at = 0; at + 1 < list.length; at += 2) pairs.push([list[at] ?? '', list[at + 1] ?? ''])
  return pairs
}

function namesOf(list = ''): string[] {
  return list.split(',').filter((name) => name !== '')
}
