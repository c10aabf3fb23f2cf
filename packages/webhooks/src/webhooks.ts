import { type LogFields, type Logger, MINUTE_MS, SECOND_MS } from '@rq/core'
import { type JobRecord, MOST_WEBHOOKS, type Settlement } from '@rq/job'
import { type CallFailure, callWebhook } from './call-webhook.ts'
import { idAndQueue, type WebhookCall, webhookCalls } from './webhook-calls.ts'
import type { WebhookPolicy } from './webhook-policy.ts'

export interface WebhooksOptions {
  /** Where calls may go. False: nowhere. */
  readonly policy: WebhookPolicy | false
  /** The name of a job's function, or null if it cannot be read. */
  readonly funcName: (record: JobRecord) => string | null
  /** The fields of a log line about a job. Default: its id and its queue. */
  readonly factsOf?: (record: JobRecord) => LogFields
  readonly logger: Logger
  /** The most requests under way at once. Default 32. */
  readonly mostAtOnce?: number
  /** The most calls that wait, for their turn or for another try; further ones are dropped. Default 10,000. */
  readonly mostWaiting?: number
  /** How long a call that failed waits before each further try, in milliseconds. Default 5 s, 30 s, 2 minutes. */
  readonly retryWaitsMs?: readonly number[]
}

const RETRY_WAITS_MS = [5 * SECOND_MS, 30 * SECOND_MS, 2 * MINUTE_MS]

/** A call and the number of its tries that failed. */
interface Attempt {
  readonly call: WebhookCall
  readonly failures: number
}

/**
 * Calls the webhooks of jobs that have ended, once the end is stored. One that fails for now is tried again, from the
 * memory of this process; each failure is logged, and so is what is never called because the worker had to leave.
 */
export class Webhooks {
  readonly #options: WebhooksOptions
  readonly #mostAtOnce: number
  readonly #mostWaiting: number
  readonly #retryWaitsMs: readonly number[]
  readonly #waiting: Attempt[] = []
  /** Those that wait for another try. */
  readonly #later = new Map<Attempt, NodeJS.Timeout>()
  /** What ends the calls under way. */
  readonly #underWay = new Set<AbortController>()
  readonly #onIdle: (() => void)[] = []
  #hasLeft = false
  #hasSaidOff = false

  constructor(options: WebhooksOptions) {
    this.#options = options
    this.#mostAtOnce = options.mostAtOnce ?? 32
    this.#mostWaiting = options.mostWaiting ?? 10_000
    this.#retryWaitsMs = options.retryWaitsMs ?? RETRY_WAITS_MS
  }

  /** Call the webhooks of a job whose settlement was stored. Returns at once. */
  settled(record: JobRecord, settlement: Settlement): void {
    if (record.webhooks === undefined) return
    const { factsOf = idAndQueue, funcName, logger, policy } = this.#options
    if (record.webhooks.length > MOST_WEBHOOKS) {
      logger.warn(
        `Job ${record.id} has more than ${MOST_WEBHOOKS} webhooks; only the first of them are called`,
        factsOf(record),
      )
    }
    const onMalformed = () => {
      logger.warn(`A webhook of job ${record.id} is malformed and was not called`, factsOf(record))
    }
    const calls = webhookCalls(record, settlement, { factsOf, funcName, onMalformed })
    if (policy === false) {
      this.#sayOff(calls)
      return
    }
    for (const call of calls) {
      if (this.#hasRoom) this.#waiting.push({ call, failures: 0 })
      else this.#log(call, 'too many others wait')
    }
    this.#callMore(policy)
  }

  /** Resolves when nothing is under way or waits for its turn. What waits for another try does not count. */
  idle(): Promise<void> {
    if (this.#isIdle) return Promise.resolve()
    return new Promise((resolve) => {
      this.#onIdle.push(resolve)
    })
  }

  /** Abort the calls under way, and drop those that wait. */
  stop(): void {
    for (const { call } of this.#waiting.splice(0)) this.#log(call, LEFT)
    for (const [{ call }, timer] of this.#later) {
      clearTimeout(timer)
      this.#log(call, `${LEFT} before the next try`)
    }
    this.#later.clear()
    for (const call of this.#underWay) call.abort(new Error(LEFT))
    this.#hasLeft = true
  }

  get #isIdle(): boolean {
    return this.#underWay.size === 0 && this.#waiting.length === 0
  }

  get #hasRoom(): boolean {
    return this.#waiting.length + this.#later.size < this.#mostWaiting
  }

  #callMore(policy: WebhookPolicy): void {
    while (this.#underWay.size < this.#mostAtOnce) {
      const attempt = this.#waiting.shift()
      if (attempt === undefined) return
      void this.#call(attempt, policy)
    }
  }

  async #call(attempt: Attempt, policy: WebhookPolicy): Promise<void> {
    const leaving = new AbortController()
    this.#underWay.add(leaving)
    const failure = await callWebhook(attempt.call, policy, { signal: leaving.signal })
    this.#underWay.delete(leaving)
    if (failure !== undefined) this.#fail(attempt, failure, policy)
    this.#callMore(policy)
    if (this.#isIdle) for (const resolve of this.#onIdle.splice(0)) resolve()
  }

  #fail({ call, failures }: Attempt, failure: CallFailure, policy: WebhookPolicy): void {
    const { isTemporary, reason, retryAfterMs = 0 } = failure
    const waitMs = this.#retryWaitsMs[failures]
    if (!isTemporary || waitMs === undefined || this.#hasLeft) {
      this.#log(call, reason)
    } else if (!this.#hasRoom) {
      this.#log(call, `${reason}; too many others wait for another try`)
    } else {
      const afterMs = Math.max(waitMs, retryAfterMs)
      this.#log(call, reason, { nextTryInSeconds: afterMs / SECOND_MS })
      this.#callLater({ call, failures: failures + 1 }, afterMs, policy)
    }
  }

  #callLater(attempt: Attempt, afterMs: number, policy: WebhookPolicy): void {
    const again = () => {
      this.#later.delete(attempt)
      this.#waiting.push(attempt)
      this.#callMore(policy)
    }
    this.#later.set(attempt, setTimeout(again, afterMs))
  }

  #log(call: WebhookCall, reason: string, fields: { nextTryInSeconds?: number } = {}): void {
    // The host, and no more: the rest of the URL may be a secret.
    const facts = { ...call.end.facts, host: call.url.origin, reason, ...fields }
    this.#options.logger.warn(`The webhook of job ${call.end.jobId} failed`, facts)
  }

  #sayOff(calls: readonly WebhookCall[]): void {
    const [call] = calls
    if (call === undefined || this.#hasSaidOff) return
    this.#hasSaidOff = true
    const why = 'its option `webhooks` is false (--disable-webhooks)'
    this.#options.logger.warn(
      `This worker calls no webhooks, such as those of job ${call.end.jobId}: ${why}`,
      call.end.facts,
    )
  }
}

const LEFT = 'the worker had to leave'
