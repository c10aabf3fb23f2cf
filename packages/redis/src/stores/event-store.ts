import { type EventStore, LISTENING_MS, type PublishedEvent } from '@rq/job'
import { readEvent } from '../codec/event-codec.ts'
import type { Connections } from '../connection/connections.ts'
import type { Keys } from '../keys.ts'

/** A new worker publishes this on the channel of events. Subscribers announce themselves then. */
const WHO_LISTENS = '?'

/** Workers publish events only while a listener announces itself, on a channel to which workers subscribe. */
export class RedisEventStore implements EventStore {
  readonly #connections: Connections
  readonly #keys: Keys

  constructor(connections: Connections, keys: Keys) {
    this.#connections = connections
    this.#keys = keys
  }

  async listen(queue: string, listener: (event: PublishedEvent) => void): Promise<() => void> {
    const announce = () => this.#connections.call((client) => client.publish(this.#keys.listeners(queue), ''))
    const { subscribed, end } = this.#connections.subscribe(this.#keys.events(queue), (message) => {
      const text = String(message)
      if (text === WHO_LISTENS) announce().catch(() => {})
      else {
        const event = readEvent(queue, text)
        if (event !== undefined) listener(event)
      }
    })
    // The interval also keeps the process alive, which may do nothing else.
    const announcing = setInterval(() => void announce().catch(() => {}), LISTENING_MS)
    try {
      // Ask the main client first: it fails fast if Redis is away. The subscriber would wait forever.
      await this.#connections.call((client) => client.ping())
      await subscribed
      await announce()
    } catch (error) {
      clearInterval(announcing)
      end()
      throw error
    }
    return () => {
      clearInterval(announcing)
      end()
    }
  }

  async onListeners(queues: readonly string[], listener: (queue: string) => void): Promise<() => void> {
    const subscriptions = queues.map((queue) =>
      this.#connections.subscribe(this.#keys.listeners(queue), () => listener(queue)),
    )
    // Not awaited: a worker starts even if Redis is away. ioredis subscribes when Redis is back.
    const ask = async () => {
      await Promise.all(subscriptions.map(({ subscribed }) => subscribed))
      for (const queue of queues) {
        await this.#connections.call((client) => client.publish(this.#keys.events(queue), WHO_LISTENS))
      }
    }
    ask().catch(() => {})
    return () => {
      for (const { end } of subscriptions) end()
    }
  }

  async publish(events: readonly PublishedEvent[]): Promise<void> {
    await this.#connections.call(async (client) => {
      const pipeline = client.pipeline()
      for (const { queue, ...facts } of events) pipeline.publish(this.#keys.events(queue), JSON.stringify(facts))
      await pipeline.exec()
    })
  }
}
