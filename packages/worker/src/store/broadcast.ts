import type { Clock } from '@rq/core'
import { type EventStore, LISTENING_MS, QUEUE_EVENT_NAMES, type QueueEvent, type QueueEventName } from '@rq/job'
import type { JobEvent, WorkerEmitter } from '../events.ts'

export interface BroadcastOptions {
  readonly store: EventStore
  readonly events: WorkerEmitter
  readonly workerName: string
  readonly queues: readonly string[]
  readonly clock: Clock
}

/** A listener that was not heard of for so long is gone. */
const FORGET_MS = 3 * LISTENING_MS
/** More than these are not kept for a store that does not take them. */
const MOST_WAITING = 10_000

/**
 * Passes on what a worker tells of its jobs to those who listen to their queues, in any process. It hears the worker only
 * while somebody listens, so that otherwise no event is even made. Events that cannot be sent are lost.
 */
export class Broadcast {
  readonly #options: BroadcastOptions
  readonly #untilMs = new Map<string, number>()
  readonly #hearers: readonly [QueueEventName, (event: JobEvent) => void][]
  #serving: Promise<() => void> | undefined
  #isHearing = false
  #waiting: QueueEvent[] = []
  #sending: Promise<void> | undefined

  constructor(options: BroadcastOptions) {
    this.#options = options
    this.#hearers = QUEUE_EVENT_NAMES.map((name) => [name, (event) => this.#hear(name, event)] as const)
  }

  /** Returns at once. */
  start(): void {
    const { queues, store } = this.#options
    this.#serving = store.onListeners(queues, (queue) => this.#want(queue))
    this.#serving.catch(() => {})
  }

  async stop(): Promise<void> {
    const end = await this.#serving?.catch(() => undefined)
    end?.()
    this.#untilMs.clear()
    this.#stopHearing()
    await this.#send()
  }

  #want(queue: string): void {
    this.#untilMs.set(queue, this.#options.clock.monotonicMs() + FORGET_MS)
    if (this.#isHearing) return
    this.#isHearing = true
    for (const [name, hearer] of this.#hearers) this.#options.events.on(name, hearer)
  }

  #stopHearing(): void {
    this.#isHearing = false
    for (const [name, hearer] of this.#hearers) this.#options.events.off(name, hearer)
  }

  #hear(name: QueueEventName, { queue, jobId, executionId }: JobEvent): void {
    const { clock, workerName } = this.#options
    const untilMs = this.#untilMs.get(queue)
    if (untilMs === undefined) return
    if (clock.monotonicMs() > untilMs) {
      this.#untilMs.delete(queue)
      if (this.#untilMs.size === 0) this.#stopHearing()
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

  /** One call at a time, with all there is. */
  async #sendAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const events = this.#waiting
      this.#waiting = []
      await this.#options.store.publish(events).catch(() => {})
    }
  }
}
