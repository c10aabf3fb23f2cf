import type { SchedulerIdentity, SchedulerRecord } from '@rq/job'
import type { ScriptArgument } from '../connection/script.ts'
import { readInteger } from './numbers.ts'
import { formatTime, parseTime } from './time.ts'

/** Encode the record of a scheduler as names and values of RQ's hash, in turn. */
export function encodeScheduler({ name, hostname, pid, queues, createdAtMs }: SchedulerIdentity): ScriptArgument[] {
  return [
    ...['name', name, 'hostname', hostname, 'pid', pid],
    ...['queues', queues.join(','), 'created_at', formatTime(createdAtMs)],
  ]
}

/** Decode the record of a scheduler; undefined if it is gone. */
export function decodeScheduler(name: string, fields: Readonly<Record<string, string>>): SchedulerRecord | undefined {
  if (fields.name === undefined && fields.hostname === undefined) return undefined
  const lastHeartbeatMs = parseTime(fields.last_heartbeat ?? '')
  return {
    name,
    queues: (fields.queues ?? '').split(',').filter((queue) => queue !== ''),
    pid: readInteger(fields.pid) ?? 0,
    hostname: fields.hostname ?? '',
    createdAtMs: parseTime(fields.created_at ?? '') ?? 0,
    ...(lastHeartbeatMs !== undefined && { lastHeartbeatMs }),
  }
}
