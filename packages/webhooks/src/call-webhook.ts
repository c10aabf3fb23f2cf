import { MINUTE_MS, SECOND_MS, startTimer } from '@rq/core'
import { isConnectionHeader } from '@rq/job'
import { AddressRefused, type Answer, type Resolve, request } from './request.ts'
import { standardHeaders } from './standard-headers.ts'
import { bodyOf, messageId, type WebhookCall } from './webhook-calls.ts'
import type { WebhookPolicy } from './webhook-policy.ts'

/** Why a call failed. */
export interface CallFailure {
  /** Leaves out the path of the URL and the headers, which may be secrets. */
  readonly reason: string
  /** Whether the same call may succeed later. */
  readonly isTemporary: boolean
  /** How long the receiver asked to wait, at most five minutes. */
  readonly retryAfterMs?: number
}

/** The longest that a receiver is waited for because it asks for it. */
const LONGEST_WAIT_MS = 5 * MINUTE_MS

interface CallOptions {
  /** Ends the call. Its reason becomes that of the failure. */
  readonly signal?: AbortSignal
  /** Finds the addresses of a host. Default: as the system does. */
  readonly resolve?: Resolve | undefined
}

const ADVICE = "To call it, name it in the worker's option `webhooks.allow` (--webhook-allow)"

/**
 * Make a call once: it succeeds if the answer is 2xx and comes in time.
 * @returns why it failed, or undefined. Never rejects.
 */
export async function callWebhook(
  call: WebhookCall,
  policy: WebhookPolicy,
  { signal, resolve }: CallOptions = {},
): Promise<CallFailure | undefined> {
  const { url, method, timeoutMs } = call
  const reach = policy.hosts.reach(url)
  if (reach === 'none') return lasting(`this host is not among those that may be called. ${ADVICE}`)
  const unfit = Object.keys(call.headers).find(isConnectionHeader)
  if (unfit !== undefined) return lasting(`invalid request: the header "${unfit.toLowerCase()}" cannot be set`)
  const body = bodyOf(call)
  // Not `AbortSignal.any`: in Node 20 each one leaves something behind in a signal that lives on.
  const until = new AbortController()
  const leave = () => until.abort()
  const timer = startTimer(timeoutMs, leave)
  signal?.addEventListener('abort', leave)
  if (signal?.aborted) leave()
  try {
    const headers = headersOf(call, policy, body)
    return failureOf(await request({ url, method, headers, body, reach, signal: until.signal, resolve }))
  } catch (error) {
    if (signal?.aborted) return lasting(String(signal.reason?.message ?? signal.reason))
    if (until.signal.aborted) return temporary(`no response within ${timeoutMs / SECOND_MS} s`)
    return errorOf(error)
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', leave)
  }
}

/** Later ones replace earlier ones, whatever the case of their names. */
function headersOf(call: WebhookCall, policy: WebhookPolicy, body: string): Readonly<Record<string, string>> {
  const message = { id: messageId(call), timestampS: Math.floor(Date.now() / SECOND_MS), body }
  const given = Object.entries(call.headers).map(([name, value]) => [name.toLowerCase(), value])
  return {
    'user-agent': 'rq',
    ...(call.method === 'POST' && {
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(body)),
    }),
    ...Object.fromEntries(given),
    ...standardHeaders(message, policy.keys),
  }
}

function failureOf({ status, retryAfter }: Answer): CallFailure | undefined {
  if (status >= 200 && status < 300) return undefined
  const reason = `response status ${status}`
  if (status >= 300 && status < 400) return lasting(`${reason}; redirects are not followed`)
  if (status !== 408 && status !== 429 && status < 500) return lasting(reason)
  const retryAfterMs = readRetryAfter(retryAfter)
  return { ...temporary(reason), ...(retryAfterMs !== undefined && { retryAfterMs }) }
}

/** A number of seconds, or a date. */
function readRetryAfter(header: string | undefined): number | undefined {
  if (header === undefined) return undefined
  const ms = /^\d+$/.test(header) ? Number(header) * SECOND_MS : Date.parse(header) - Date.now()
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(0, ms), LONGEST_WAIT_MS)
}

function errorOf(error: unknown): CallFailure {
  if (error instanceof AddressRefused) return lasting(`${error.message}. ${ADVICE}`)
  const { code, message } = error as NodeJS.ErrnoException
  // What cannot be sent: a header or a percent sign that is not allowed. The message may show it.
  if (error instanceof URIError || code?.startsWith('ERR_')) return lasting('invalid request')
  return temporary(code ?? message)
}

function lasting(reason: string): CallFailure {
  return { reason, isTemporary: false }
}

function temporary(reason: string): CallFailure {
  return { reason, isTemporary: true }
}
