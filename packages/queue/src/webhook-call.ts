import { LONGEST_TIMER_MS, SECOND_MS } from '@rq/core'
import type { JobRecord, Settlement, WebhookRecord } from '@rq/job'
import type { Serializer } from '@rq/serializer'
import { readCall } from './payload.ts'

/** Of a webhook that does not say, in seconds. */
const DEFAULT_TIMEOUT_S = 10
/** A larger call is not read for the name of its function, since the worker's own process would read it. */
const LARGEST_CALL_READ = 1024 ** 2

/** A webhook request that is due. */
export interface WebhookCall {
  readonly jobId: string
  readonly url: string
  readonly method: 'GET' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly timeoutMs: number
  /** JSON, with POST only. */
  readonly body?: string
}

/**
 * The requests that are due when a settlement of this job is stored: those for `finished` after each success, those for
 * `failed` when it has failed for good. None after a retry or a stop. `onMalformed` is called for each webhook that
 * cannot be read.
 */
export function webhookCalls(
  record: JobRecord,
  settlement: Settlement,
  serializer: Serializer,
  onMalformed: () => void = () => {},
): WebhookCall[] {
  const { webhooks } = record
  if (webhooks === undefined) return []
  const status = endOf(settlement)
  return webhooks.flatMap((stored) => {
    const webhook = readWebhook(stored)
    if (webhook === undefined) onMalformed()
    if (webhook === undefined || webhook.job_status !== status) return []
    const { url, method, headers, timeout } = webhook
    const call = { jobId: record.id, url, method, headers: headers ?? {}, timeoutMs: timeout * SECOND_MS }
    return [method === 'POST' ? { ...call, body: bodyOf(record, settlement, status, serializer) } : call]
  })
}

/**
 * Make the request once.
 * @throws Error unless the answer is 2xx and comes in time. Its message leaves out the URL, which may hold a secret.
 */
export async function callWebhook(call: WebhookCall, signal?: AbortSignal): Promise<void> {
  const url = new URL(call.url)
  const headers = new Headers()
  if (call.body !== undefined) headers.set('Content-Type', 'application/json')
  if (url.username !== '' || url.password !== '') headers.set('Authorization', basic(url))
  for (const [name, value] of Object.entries(call.headers)) headers.set(name, value)
  url.username = ''
  url.password = ''
  const limit = AbortSignal.timeout(Math.min(call.timeoutMs, LONGEST_TIMER_MS))
  const response = await fetch(url, {
    method: call.method,
    headers,
    signal: signal === undefined ? limit : AbortSignal.any([limit, signal]),
    ...(call.body !== undefined && { body: call.body }),
  }).catch((error: unknown) => {
    throw new Error(limit.aborted ? `no response within ${call.timeoutMs / SECOND_MS} s` : reasonOf(error))
  })
  await response.body?.cancel()
  if (!response.ok) throw new Error(`response status ${response.status}`)
}

/** The host of a call, for logs. The rest of the URL may be a secret. */
export function webhookHost({ url }: WebhookCall): string {
  return new URL(url).origin
}

function endOf({ result, to }: Settlement): 'finished' | 'failed' | undefined {
  if (to === 'failed') return 'failed'
  return result?.type === 'successful' ? 'finished' : undefined
}

function bodyOf(record: JobRecord, settlement: Settlement, status: string | undefined, serializer: Serializer): string {
  return JSON.stringify({
    job_id: record.id,
    func_name: funcName(record, serializer),
    status,
    enqueued_at: isoTime(record.enqueuedAtMs),
    ended_at: isoTime(settlement.endedAtMs),
    ...(status === 'failed' && { exc_info: settlement.result?.excString ?? '' }),
  })
}

/** Null if the call cannot be read, or is too large to read it for this. */
function funcName({ data }: JobRecord, serializer: Serializer): string | null {
  if (data.length > LARGEST_CALL_READ) return null
  try {
    return readCall(serializer, data, LARGEST_CALL_READ).func
  } catch {
    return null
  }
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

function basic({ username, password }: URL): string {
  return `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')}`
}

/** The message of `fetch` says only "fetch failed"; its cause has the reason. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { cause } = error
  return cause instanceof Error && 'code' in cause
    ? String(cause.code)
    : error.name === 'TypeError'
      ? 'invalid request'
      : error.message
}
