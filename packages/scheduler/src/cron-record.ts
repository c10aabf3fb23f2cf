import { type CronJobRecord, DEFAULT_RESULT_TTL_S } from '@rq/job'
import type { CronDefinition } from './cron-options.ts'

/** The placeholder for values that JSON cannot hold, as in RQ. */
const NOT_SERIALIZABLE = '<not JSON serializable>'
/** The placeholder for what the codec of the scheduler would encode: this record is not encoded. */
const SECRET = '<encoded>'

interface Facts {
  readonly funcName: string
  readonly name: string
  /** Arguments and meta must not be shown. */
  readonly isSecret: boolean
  readonly latestMs: number | null
  readonly nextMs: number | null
}

/** A cron job in the record of its scheduler. */
export function cronJobRecord(definition: CronDefinition, { isSecret, ...facts }: Facts): CronJobRecord {
  const { args, catchUp, checked, cron, intervalS, overlap, queueName, timezone } = definition
  const { failureTtlS, kwargs, meta, resultTtlS = DEFAULT_RESULT_TTL_S, timeoutS, ttlS, webhooks = [] } = checked
  const shown = (value: unknown) => (isSecret ? SECRET : json(value))
  return {
    ...facts,
    queueName,
    args: args.length === 0 ? null : shown(args),
    kwargs: Object.keys(kwargs).length === 0 ? null : shown(kwargs),
    intervalS,
    cron,
    ...(timezone !== undefined && { timezone }),
    options: {
      ...(timeoutS !== undefined && { job_timeout: timeoutS }),
      result_ttl: resultTtlS,
      ...(ttlS !== undefined && { ttl: ttlS }),
      ...(failureTtlS !== undefined && { failure_ttl: failureTtlS }),
      ...(meta !== undefined && { meta: shown(meta) }),
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
