import { createHash } from 'node:crypto'
import { type LogFields, SECOND_MS } from '@rq/core'
import { type JobRecord, MOST_WEBHOOKS, type Settlement, type WebhookRecord } from '@rq/job'

/** Of a webhook that does not say, in seconds. */
const DEFAULT_TIMEOUT_S = 10

/** The end of a job, as all of its webhooks report it. */
interface JobEnd {
  readonly jobId: string
  readonly executionId: string
  /** Null if it cannot be read. Undefined if no webhook reports it. */
  readonly funcName: string | null | undefined
  readonly status: 'finished' | 'failed'
  readonly enqueuedAtMs: number | undefined
  readonly endedAtMs: number
  readonly excInfo: string
  /** The fields of a log line about the job. */
  readonly facts: LogFields
}

/** A webhook that is due. Its body is made for each try, so that those that wait share its parts. */
export interface WebhookCall {
  readonly end: JobEnd
  /** Its place among the webhooks of its job. */
  readonly index: number
  readonly url: URL
  readonly method: 'GET' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly timeoutMs: number
}

export interface WebhookCallsOptions {
  /** The name of the job's function, or null if it cannot be read. Called at most once. */
  readonly funcName: (record: JobRecord) => string | null
  /** The fields of a log line about the job. Default: its id and its queue. */
  readonly factsOf?: (record: JobRecord) => LogFields
  /** Called for each webhook that cannot be read. */
  readonly onMalformed?: () => void
}

/**
 * The webhooks that are due when a settlement of this job is stored: those for `finished` after each success, those for
 * `failed` when it has failed for good. None after a retry or a stop, and no more than 32.
 */
export function webhookCalls(record: JobRecord, settlement: Settlement, options: WebhookCallsOptions): WebhookCall[] {
  const { factsOf = idAndQueue, funcName, onMalformed } = options
  const status = statusOf(settlement)
  const due = (record.webhooks ?? []).slice(0, MOST_WEBHOOKS).flatMap((stored, index) => {
    const webhook = readWebhook(stored)
    if (webhook === undefined) onMalformed?.()
    return webhook === undefined || webhook.job_status !== status ? [] : [{ webhook, index }]
  })
  if (status === undefined || due.length === 0) return []
  const end: JobEnd = {
    jobId: record.id,
    executionId: settlement.executionId,
    funcName: due.some(({ webhook }) => webhook.method === 'POST') ? funcName(record) : undefined,
    status,
    enqueuedAtMs: record.enqueuedAtMs,
    endedAtMs: settlement.endedAtMs,
    facts: factsOf(record),
    excInfo: (status === 'failed' && settlement.result?.excString) || '',
  }
  return due.map(({ webhook: { url, method, headers, timeout }, index }) => {
    return { end, index, url: new URL(url), method, headers: headers ?? {}, timeoutMs: timeout * SECOND_MS }
  })
}

/** What a call sends: JSON with POST, else nothing. */
export function bodyOf({ method, end }: WebhookCall): string {
  if (method === 'GET') return ''
  return JSON.stringify({
    job_id: end.jobId,
    func_name: end.funcName,
    status: end.status,
    enqueued_at: isoTime(end.enqueuedAtMs),
    ended_at: isoTime(end.endedAtMs),
    ...(end.status === 'failed' && { exc_info: end.excInfo }),
  })
}

/** The same for each try of one webhook of one run, and of no other. */
export function messageId({ end, index }: WebhookCall): string {
  const name = JSON.stringify([end.jobId, end.executionId, index])
  return `msg_${createHash('sha256').update(name).digest('base64url')}`
}

function statusOf({ result, to }: Settlement): 'finished' | 'failed' | undefined {
  if (to === 'failed') return 'failed'
  return result?.type === 'successful' ? 'finished' : undefined
}

/** A time as Python writes it: with microseconds unless they are 0. */
function isoTime(ms: number | undefined): string | null {
  if (ms === undefined) return null
  const [seconds = '', fraction = ''] = new Date(ms).toISOString().slice(0, -1).split('.')
  return fraction === '000' ? `${seconds}+00:00` : `${seconds}.${fraction}000+00:00`
}

/**
 * Read a stored webhook, with RQ's defaults for what is missing. It is checked, since other programs can write to the
 * store.
 */
function readWebhook(stored: unknown): WebhookRecord | undefined {
  if (typeof stored !== 'object' || stored === null) return undefined
  const webhook = { method: 'GET', headers: null, timeout: DEFAULT_TIMEOUT_S, ...stored }
  return isWebhook(webhook) ? webhook : undefined
}

function isWebhook(webhook: object): webhook is WebhookRecord {
  const { url, method, headers, timeout } = webhook as Partial<WebhookRecord>
  return (
    typeof url === 'string' &&
    URL.canParse(url) &&
    /^https?:$/.test(new URL(url).protocol) &&
    (method === 'GET' || method === 'POST') &&
    isHeaders(headers) &&
    typeof timeout === 'number' &&
    timeout > 0
  )
}

/** RQ writes null for none. */
function isHeaders(headers: unknown): boolean {
  if (typeof headers !== 'object') return false
  return headers === null || Object.values(headers).every((header) => typeof header === 'string')
}

export const idAndQueue = ({ id, origin }: JobRecord): LogFields => ({ jobId: id, queue: origin })
