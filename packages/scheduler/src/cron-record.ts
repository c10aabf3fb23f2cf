import { type CronJobRecord, DEFAULT_RESULT_TTL_S } from '@rq/job'
import type { CronDefinition } from './cron-options.ts'

/** The placeholder for values that JSON cannot hold, as in RQ. */
const NOT_SERIALIZABLE = '<not JSON serializable>'

interface Facts {
  readonly funcName: string
  readonly name: string
  readonly latestMs: number | null
  readonly nextMs: number | null
}

/** A cron job in the record of its scheduler. */
export function cronJobRecord(definition: CronDefinition, facts: Facts): CronJobRecord {
  const { args, catchUp, checked, cron, intervalS, overlap, queueName, timezone } = definition
  const { failureTtlS, kwargs, meta, resultTtlS = DEFAULT_RESULT_TTL_S, timeoutS, ttlS, webhooks = [] } = checked
  return {
    ...facts,
    queueName,
    args: args.length === 0 ? null : json(args),
    kwargs: Object.keys(kwargs).length === 0 ? null : json(kwargs),
    intervalS,
    cron,
    ...(timezone !== undefined && { timezone }),
    options: {
      ...(timeoutS !== undefined && { job_timeout: timeoutS }),
      result_ttl: resultTtlS,
      ...(ttlS !== undefined && { ttl: ttlS }),
      ...(failureTtlS !== undefined && { failure_ttl: failureTtlS }),
      ...(meta !== undefined && { meta: json(meta) }),
      ...(webhooks.length > 0 && { webhooks: json(webhooks.map((webhook) => webhook.toRecord())) }),
      ...(catchUp !== 'skip' && { catch_up: catchUp }),
      ...(overlap !== 'allow' && { overlap }),
    },
  }
}

function json(value: unknown): string {
  try {
    return JSON.stringify(value) ?? NOT_SERIALIZABLE
  } catch {
    return NOT_SERIALIZABLE
  }
}
