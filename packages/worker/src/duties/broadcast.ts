import type { Clock } from '@rq/core'
import { type EventStore, LISTENING_MS, type PublishedEvent, QUEUE_EVENT_NAMES, type QueueEventName } from '@rq/job'
import type { WorkerEmitter } from '../events.ts'
import type { JobEvent } from '../job-event.ts'

export interface BroadcastOptions {
  readonly store: EventStore
  readonly events: WorkerEmitter
  readonly workerName: string
  readonly queues: readonly string[]
  readonly clock: Clock
}

/** A listener that has not reported for this long is gone. */
const FORGET_MS = 3 * LISTENING_MS
/** The most events kept while the store takes none. */
const MOST_WAITING = 10_000

/**
 * Publishes the job events of a worker to the listeners of its queues, in any process. It subscribes to the worker only
 * while a queue has listeners, so that otherwise no event is created. Events that cannot be sent are lost.
 */
export class Broadcast {
  readonly #options: BroadcastOptions
  readonly #listeningUntilMs = new Map<string, number>()
  readonly #handlers: readonly [QueueEventName, (event: JobEvent) => void][]
  #subscription: Promise<() => void> | undefined
  #isSubscribed = false
  #waiting: PublishedEvent[] = []
  #sending: Promise<void> | undefined

  constructor(options: BroadcastOptions) {
    this.#options = options
    this.#handlers = QUEUE_EVENT_NAMES.map((name) => [name, (event) => this.#publishLater(name, event)] as const)
  }

  /** Returns at once. */
  start(): void {
    const { queues, store } = this.#options
    this.#subscription = store.onListeners(queues, (queue) => this.#renew(queue))
    this.#subscription.catch(() => {})
  }

  async stop(): Promise<void> {
    const end = await this.#subscription?.catch(() => undefined)
    end?.()
    this.#listeningUntilMs.clear()
    this.#unsubscribe()
    await this.#send()
  }

  #renew(queue: string): void {
    this.#listeningUntilMs.set(queue, this.#options.clock.monotonicMs() + FORGET_MS)
    if (this.#isSubscribed) return
    this.#isSubscribed = true
    for (const [name, handler] of this.#handlers) this.#options.events.on(name, handler)
  }

  #unsubscribe(): void {
    this.#isSubscribed = false
    for (const [name, handler] of this.#handlers) this.#options.events.off(name, handler)
  }

  #publishLater(name: QueueEventName, { queue, jobId, executionId }: JobEvent): void {
    const { clock, workerName } = this.#options
    const untilMs = this.#listeningUntilMs.get(queue)
    if (untilMs === undefined) return
    if (clock.monotonicMs() > untilMs) {
      this.#listeningUntilMs.delete(queue)
      if (this.#listeningUntilMs.size === 0) this.#unsubscribe()
      return
    }
    if (this.#waiting.length >= MOST_WAITING) return
    this.#waiting.push({ name, queue, jobId, executionId, workerName, atMs: clock.nowMs() })
    if (this.#waiting.length === 1) setImmediate(() => void this.#send())
  }

  #send(): Promise<void> {
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = undefined
    })
    return this.#sending
  }

  /** One call at a time, each with all waiting events. */
  async #sendAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const events = this.#waiting
      this.#waiting = []
      await this.#options.store.publish(events).catch(() => {})
    }
  }
}
