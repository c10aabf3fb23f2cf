import type { JobStatus } from './status.ts'

/** Serialized data, which only the serializer can read: a string where it is known to be text, else bytes. */
export type Payload = string | Uint8Array

/** A callback as it is stored: the reference of its function and its timeout. */
export interface CallbackRecord {
  /** The reference of the function. */
  readonly name: string
  /** Timeout in seconds. */
  readonly timeoutS: number
  /** Of a failure callback: call it for the last attempt only. Absent: for each. */
  readonly when?: 'last'
}

/** A rate limit as it is stored. */
export interface RateLimitRecord {
  readonly key: string
  readonly concurrency: number
}

/** How long a job holds its unique key: to its start, to its end, or for as long as it is stored. */
export type UniqueUntil = 'started' | 'ended' | 'deleted'

/** The key of which only one job of a queue at a time holds it, as it is stored. */
export interface UniqueRecord {
  readonly key: string
  readonly until: UniqueUntil
}

/** A webhook as RQ stores it. */
export interface WebhookRecord {
  readonly url: string
  readonly job_status: 'finished' | 'failed'
  readonly method: 'GET' | 'POST'
  readonly headers: Readonly<Record<string, string>> | null
  /** Seconds. */
  readonly timeout: number
}

/** What may be changed of a job at any time, whatever it is doing. */
export type JobChanges = Partial<
  Pick<JobRecord, 'description' | 'failureTtlS' | 'meta' | 'resultTtlS' | 'timeoutS' | 'ttlS'>
>

/** Where a job's results are written: in its own hash, or in RQ's results stream (ADR 0001). */
export type ResultDialect = 'hash' | 'stream'

/**
 * One job as data: the decoded hash of RQ. Names end in their unit: `Ms` for epoch milliseconds, `S` for a number of
 * seconds. An absent field is unset.
 */
export interface JobRecord {
  readonly id: string
  /** The name of its queue; empty for a job that was created without one. */
  origin: string
  status: JobStatus
  /** The serialized call: `[function, null, args, kwargs]`. */
  data: Payload
  /** Says who has enqueued it: the version, the id of the key and the hash of the job, `v1:key:hash`. */
  signature?: string
  /** Serialized meta. */
  meta?: Payload
  description?: string
  createdAtMs: number
  enqueuedAtMs?: number
  startedAtMs?: number
  endedAtMs?: number
  lastHeartbeatMs?: number
  /** Timeout of a run in seconds; -1 = no limit. */
  timeoutS?: number
  /** Seconds that the finished job is kept; -1 = without limit, 0 = not at all. */
  resultTtlS?: number
  /** Seconds that the failed job is kept; -1 = without limit. */
  failureTtlS?: number
  /** Time limit in the queue, in seconds. */
  ttlS?: number
  workerName?: string
  executionId?: string
  groupId?: string
  onSuccess?: CallbackRecord
  onFailure?: CallbackRecord
  onStopped?: CallbackRecord
  /** Retries that are left. A failed or abandoned attempt takes one when the job is retried. */
  retriesLeft?: number
  /** Retries that it had at first. Absent for a job of another program before its first retry. */
  retryMax?: number
  /** The reference of the function that decides whether an error is worth a retry. */
  retryOn?: string
  retryIntervalsS?: readonly number[]
  enqueueAtFrontOnRetry?: boolean
  /** How often the function returned a Retry. */
  numberOfRetries?: number
  /** Repeats that are left. A successful run takes one. */
  repeatsLeft?: number
  repeatIntervalsS?: readonly number[]
  /** Number of repeats that have started. It selects the next interval. */
  repeatsDone?: number
  dependencyIds?: readonly string[]
  allowDependencyFailures?: boolean
  enqueueAtFront?: boolean
  rateLimit?: RateLimitRecord
  unique?: UniqueRecord
  webhooks?: readonly WebhookRecord[]
  /**
   * How often a lease of this job was lost since its last successful run. At three the job is poisoned: it fails for
   * good.
   */
  abandonedCount?: number
  /**
   * How long the job has waited in all since workers returned it, because they did not know its function; in
   * milliseconds. With a pause that is not over yet.
   */
  returnedMs?: number
  /** How long it may wait so, as the last of these workers said; in milliseconds. Then it fails. */
  returnForMs?: number
  /** How many bytes the job has, if that is too much for its reader: `data` is empty, and long values are left out. */
  leftOutBytes?: number
  /**
   * The fields that were too large for who has fetched the job, by their names in Redis, and how many bytes each has.
   * They are absent here, `data` is empty, and all others are as they are stored.
   */
  leftOut?: Readonly<Record<string, number>>
  results: ResultDialect
  /** The latest return value, in the `hash` dialect only. */
  result?: Payload
  /** The latest error with its stack, in the `hash` dialect only. */
  excInfo?: string
}
