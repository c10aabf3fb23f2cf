import type { JobStatus } from './status.ts'

/** Bytes that only a serializer understands: text where it is known to be text, else raw bytes. */
export type Payload = string | Uint8Array

/** A callback as it is stored: the function's reference and its own limit. */
export interface CallbackRecord {
  readonly name: string
  /** Seconds. */
  readonly timeoutS: number
}

export interface RateLimitRecord {
  readonly key: string
  readonly concurrency: number
}

/** A webhook in RQ's stored shape. */
export interface WebhookRecord {
  readonly url: string
  readonly job_status: 'finished' | 'failed'
  readonly method: 'GET' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly timeout: number
}

/** Where a job's results are written: in its own hash, or in RQ's results stream (ADR 0001). */
export type ResultDialect = 'hash' | 'stream'

/**
 * One job as data: what RQ's hash holds, decoded. Times are epoch milliseconds,
 * lengths of time are seconds, as their names say. An absent field is unset.
 */
export interface JobRecord {
  readonly id: string
  /** The name of its queue. */
  origin: string
  status: JobStatus
  /** The serialized call: `[function, null, args, kwargs]`. */
  data: Payload
  /** Serialized meta. */
  meta?: Payload
  description?: string
  createdAtMs: number
  enqueuedAtMs?: number
  startedAtMs?: number
  endedAtMs?: number
  lastHeartbeatMs?: number
  /** Seconds; -1 = no limit. */
  timeoutS?: number
  /** Seconds; -1 = for ever, 0 = drop at once. */
  resultTtlS?: number
  /** Seconds; -1 = for ever. */
  failureTtlS?: number
  /** Most seconds in the queue. */
  ttlS?: number
  workerName?: string
  executionId?: string
  groupId?: string
  onSuccess?: CallbackRecord
  onFailure?: CallbackRecord
  onStopped?: CallbackRecord
  retriesLeft?: number
  retryIntervalsS?: readonly number[]
  enqueueAtFrontOnRetry?: boolean
  /** How often the function itself returned a Retry. */
  numberOfRetries?: number
  repeatsLeft?: number
  repeatIntervalsS?: readonly number[]
  /** How many repeats have been begun; picks the next interval in the order given. */
  repeatsDone?: number
  dependencyIds?: readonly string[]
  allowDependencyFailures?: boolean
  enqueueAtFront?: boolean
  rateLimit?: RateLimitRecord
  webhooks?: readonly WebhookRecord[]
  /** How often a lease of this job was lost since it last came to its end; three park it as poisoned. */
  abandonedCount?: number
  results: ResultDialect
  /** Latest return value, only in the `hash` dialect. */
  result?: Payload
  /** Latest error text, only in the `hash` dialect. */
  excInfo?: string
}
