import { LONGEST_TIMER_MS, SECOND_MS } from '@rq/core'
import type { JobRecord, Settlement, WebhookRecord } from '@rq/job'
import type { Serializer } from '@rq/serializer'
import { readCall } from './payload.ts'

/** One request that a job's end asks for. */
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
 * The requests that are due when a settlement of this job has been stored: the `finished` ones after every
 * success, the `failed` ones when it has failed for good. None after an attempt that will be tried again, or a stop.
 */
export function webhookCalls(record: JobRecord, settlement: Settlement, serializer: Serializer): WebhookCall[] {
  const { webhooks } = record
  if (webhooks === undefined) return []
  const status = endOf(settlement)
  return webhooks.flatMap((webhook) => {
    if (!isWebhook(webhook) || webhook.job_status !== status) return []
    const { url, method, headers, timeout } = webhook
    const call = { jobId: record.id, url, method, headers, timeoutMs: timeout * SECOND_MS }
    return [method === 'POST' ? { ...call, body: bodyOf(record, settlement, status, serializer) } : call]
  })
}

/**
 * Make the request, once.
 * @throws Error for anything but an answer of 2xx within the time, without the address, which may hold a secret.
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
    throw new Error(limit.aborted ? `no answer within ${call.timeoutMs / SECOND_MS} s` : reasonOf(error))
  })
  await response.body?.cancel()
  if (!response.ok) throw new Error(`it answered ${response.status}`)
}

/** Where a call goes, for a log: the path and what follows may be a secret. */
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

function funcName(record: JobRecord, serializer: Serializer): string | null {
  try {
    return readCall(serializer, record.data).func
  } catch {
    return null
  }
}

/** As Python writes times: microseconds only where there are some. */
function isoTime(ms: number | undefined): string | null {
  if (ms === undefined) return null
  const [seconds = '', fraction = ''] = new Date(ms).toISOString().slice(0, -1).split('.')
  return fraction === '000' ? `${seconds}+00:00` : `${seconds}.${fraction}000+00:00`
}

/** Whoever can write to the store can write anything there. */
function isWebhook(value: unknown): value is WebhookRecord {
  if (typeof value !== 'object' || value === null) return false
  const { url, method, headers, timeout } = value as Partial<WebhookRecord>
  return (
    typeof url === 'string' &&
    URL.canParse(url) &&
    /^https?:$/.test(new URL(url).protocol) &&
    (method === 'GET' || method === 'POST') &&
    typeof headers === 'object' &&
    headers !== null &&
    Object.values(headers).every((header) => typeof header === 'string') &&
    typeof timeout === 'number' &&
    timeout > 0
  )
}

function basic({ username, password }: URL): string {
  return `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')}`
}

/** `fetch failed` says nothing; its cause does. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { cause } = error
  return cause instanceof Error && 'code' in cause
    ? String(cause.code)
    : error.name === 'TypeError'
      ? 'not a request that can be made'
      : error.message
}
