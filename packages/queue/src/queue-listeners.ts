import { EventEmitter } from 'node:events'
import type { EventStore, QueueEvent, QueueEventName } from '@rq/job'

type QueueEvents = { readonly [Name in QueueEventName]: [QueueEvent] }

/** The listeners of a queue. The first one makes the only subscription in the store. */
export class QueueListeners extends EventEmitter<QueueEvents> {
  readonly #queue: string
  readonly #store: EventStore
  #listening: Promise<() => void> | undefined

  constructor(queue: string, store: EventStore) {
    super()
    this.#queue = queue
    this.#store = store
  }

  /** Subscribe. @throws RqError of the store, such as `RQ_REDIS_UNREACHABLE`; the next call tries again. */
  async listen(): Promise<void> {
    this.#listening ??= this.#store.listen(this.#queue, (event) => this.emit(event.name, event))
    try {
      await this.#listening
    } catch (error) {
      this.#listening = undefined
      throw error
    }
  }

  /** End the subscription. The listeners stay. */
  async stop(): Promise<void> {
    const listening = this.#listening
    this.#listening = undefined
    const end = await listening?.catch(() => undefined)
    end?.()
  }
}
