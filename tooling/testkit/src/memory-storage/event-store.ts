import { type EventStore, LISTENING_MS, type PublishedEvent } from '@rq/job'
import type { MemoryData } from './memory-data.ts'

export class MemoryEventStore implements EventStore {
  readonly #data: MemoryData
  readonly #closed: AbortSignal

  /** Listeners end when `closed` fires. */
  constructor(data: MemoryData, closed: AbortSignal) {
    this.#data = data
    this.#closed = closed
  }

  async listen(queue: string, listener: (event: PublishedEvent) => void): Promise<() => void> {
    const announce = () => this.#data.listenerNews.publish(queue, queue)
    const endListening = this.#data.events.listen(queue, listener)
    const announcing = setInterval(announce, LISTENING_MS)
    announce()
    return this.#ending(() => {
      clearInterval(announcing)
      endListening()
    })
  }

  async onListeners(queues: readonly string[], listener: (queue: string) => void): Promise<() => void> {
    const ends = queues.map((queue) => this.#data.listenerNews.listen(queue, listener))
    for (const queue of queues) {
      if (this.#data.events.hasListeners(queue)) queueMicrotask(() => listener(queue))
    }
    return this.#ending(() => {
      for (const end of ends) end()
    })
  }

  async publish(events: readonly PublishedEvent[]): Promise<void> {
    for (const event of events) this.#data.events.publish(event.queue, event)
  }

  /** Returns `end`, and calls it when the storage is closed. */
  #ending(end: () => void): () => void {
    this.#closed.addEventListener('abort', end)
    return () => {
      this.#closed.removeEventListener('abort', end)
      end()
    }
  }
}
