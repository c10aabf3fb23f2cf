import { checkOptionNames, type DurationLike, durationS, invalidOption, type OptionNames, oneOf } from '@rq/core'
import { isConnectionHeader } from './connection-header.ts'
import { LONGEST_WEBHOOK } from './limits.ts'
import type { WebhookRecord } from './record.ts'

export interface WebhookOptions {
  /** Method of the request. Default 'GET'. */
  method?: 'GET' | 'POST'
  /** Names and values of request headers, but for those of the connection, and `host`. Default: none. */
  headers?: Readonly<Record<string, string>>
  /** Timeout of the request. Default 10 s. */
  timeout?: DurationLike
}

const DEFAULT_TIMEOUT_S = 10

const NAMES: OptionNames<WebhookOptions> = { method: true, headers: true, timeout: true }

/**
 * A URL to call when a job has finished or failed, after its status is stored.
 * @throws RqError `RQ_INVALID_OPTION` for a wrong URL (not http(s), or without a host), status, method, header or
 *   timeout, and for more than 16 KB in all.
 */
export class Webhook {
  readonly url: string
  readonly jobStatus: 'finished' | 'failed'
  readonly method: 'GET' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly timeoutS: number

  constructor(url: string, jobStatus: 'finished' | 'failed', options: WebhookOptions = {}) {
    checkOptionNames(options, NAMES, 'Webhook')
    if (!isHttpUrl(url)) throw invalidOption('webhook.url', 'a URL', 'an http:// or https:// URL with a host')
    this.jobStatus = oneOf('webhook.jobStatus', jobStatus, ['finished', 'failed'])
    const { method = 'GET', headers = {} } = options
    this.method = oneOf('webhook.method', method, ['GET', 'POST'])
    if (!isHeaders(headers)) throw invalidOption('webhook.headers', headers, 'an object of string values')
    const unfit = Object.keys(headers).find(isConnectionHeader)
    if (unfit !== undefined) throw invalidOption('webhook.headers', unfit, 'no header of the connection, and no host')
    this.url = url
    this.headers = headers
    this.timeoutS = durationS(options.timeout ?? DEFAULT_TIMEOUT_S, 'webhook.timeout')
    if (this.timeoutS === 0) throw invalidOption('webhook.timeout', options.timeout, 'more than 0 seconds')
    const { length } = JSON.stringify(this.toRecord())
    if (length > LONGEST_WEBHOOK) {
      throw invalidOption(
        'webhook',
        `${length} characters`,
        `a URL and headers of at most ${LONGEST_WEBHOOK} characters`,
      )
    }
  }

  /** The webhook as RQ stores it. */
  toRecord(): WebhookRecord {
    return {
      url: this.url,
      job_status: this.jobStatus,
      method: this.method,
      // As RQ does, so that its webhooks are equal to ours.
      headers: Object.keys(this.headers).length === 0 ? null : this.headers,
      timeout: this.timeoutS,
    }
  }
}

function isHttpUrl(text: unknown): boolean {
  if (typeof text !== 'string' || !URL.canParse(text)) return false
  const { protocol, hostname } = new URL(text)
  return (protocol === 'http:' || protocol === 'https:') && hostname !== ''
}

function isHeaders(value: unknown): value is Record<string, string> {
  return (
    typeof value === 'object' && value !== null && Object.values(value).every((header) => typeof header === 'string')
  )
}
