import type { Logger } from '@rq/core'
import type { JobRecord, Settlement } from '@rq/job'
import { callWebhook, type WebhookCall, webhookCalls, webhookHost } from '@rq/queue/run'
import type { Serializer } from '@rq/serializer'

export interface WebhooksOptions {
  readonly serializer: Serializer
  readonly logger: Logger
  /** The most requests under way at once. Default 32. */
  readonly mostAtOnce?: number
  /** The most requests that wait; further ones are dropped and logged. Default 10,000. */
  readonly mostWaiting?: number
}

/**
 * Calls the webhooks of jobs that have ended, once the end is stored. Each is called once. A call that fails is logged,
 * and so is one that is never made because the worker had to leave.
 */
export class Webhooks {
  readonly #options: WebhooksOptions
  readonly #mostAtOnce: number
  readonly #mostWaiting: number
  readonly #leaving = new AbortController()
  #waiting: WebhookCall[] = []
  #underWay = 0
  #onIdle: (() => void)[] = []

  constructor(options: WebhooksOptions) {
    this.#options = options
    this.#mostAtOnce = options.mostAtOnce ?? 32
    this.#mostWaiting = options.mostWaiting ?? 10_000
  }

  /** Call the webhooks of a job whose settlement was stored. Returns at once. */
  settled(record: JobRecord, settlement: Settlement): void {
    if (record.webhooks === undefined) return
    const { logger, serializer } = this.#options
    const onMalformed = () => logger.warn(`A webhook of job ${record.id} is malformed and was not called`)
    for (const call of webhookCalls(record, settlement, serializer, onMalformed)) {
      if (this.#waiting.length < this.#mostWaiting) this.#waiting.push(call)
      else this.#log(call, 'too many others wait')
    }
    this.#callMore()
  }

  /** Resolves when nothing is under way and nothing waits. */
  idle(): Promise<void> {
    if (this.#isIdle) return Promise.resolve()
    return new Promise((resolve) => {
      this.#onIdle.push(resolve)
    })
  }

  /** Abort the calls under way, and drop those that wait. */
  stop(): void {
    for (const call of this.#waiting.splice(0)) this.#log(call, 'the worker had to leave')
    this.#leaving.abort(new Error('the worker had to leave'))
  }

  get #isIdle(): boolean {
    return this.#underWay === 0 && this.#waiting.length === 0
  }

  #callMore(): void {
    while (this.#underWay < this.#mostAtOnce) {
      const call = this.#waiting.shift()
      if (call === undefined) return
      void this.#call(call)
    }
  }

  async #call(call: WebhookCall): Promise<void> {
    this.#underWay++
    try {
      await callWebhook(call, this.#leaving.signal)
    } catch (error) {
      this.#log(call, error instanceof Error ? error.message : String(error))
    }
    this.#underWay--
    this.#callMore()
    if (this.#isIdle) for (const resolve of this.#onIdle.splice(0)) resolve()
  }

  #log(call: WebhookCall, reason: string): void {
    this.#options.logger.warn(`The webhook of job ${call.jobId} failed`, { host: webhookHost(call), reason })
  }
}
