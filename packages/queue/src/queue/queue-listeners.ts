import { EventEmitter } from 'node:events'
import type { EventStore, QueueEventName } from '@rq/job'
import type { QueueContents } from './queue-contents.ts'
import { QueueEvent } from './queue-event.ts'

type QueueEvents = { readonly [Name in QueueEventName]: [QueueEvent] }

/** The listeners of a queue. The first one makes the only subscription in the store. */
export class QueueListeners extends EventEmitter<QueueEvents> {
  readonly #queue: QueueContents
  readonly #store: EventStore
  #listening: Promise<() => void> | undefined

  constructor(queue: QueueContents, store: EventStore) {
    super()
    this.#queue = queue
    this.#store = store
  }

  /** Subscribe. @throws RqError of the store, such as `RQ_REDIS_UNREACHABLE`; the next call tries again. */
  async listen(): Promise<void> {
    const queue = this.#queue
    this.#listening ??= this.#store.listen(queue.name, (event) => this.emit(event.name, new QueueEvent(event, queue)))
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
