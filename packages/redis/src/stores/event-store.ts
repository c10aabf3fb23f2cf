import { type EventStore, LISTENING_MS, QUEUE_EVENT_NAMES, type QueueEvent } from '@rq/job'
import type { Connections } from '../connection/connections.ts'
import type { Keys } from '../keys.ts'
import type { Subscriptions } from './subscriptions.ts'

/** What a worker that has come says on the channel of events: whoever listens there answers that it does. */
const WHO_LISTENS = '?'

/** Events are published only by workers that know of a listener, who says so on a channel that workers hear. */
export class RedisEventStore implements EventStore {
  readonly #connections: Connections
  readonly #keys: Keys
  readonly #subscriptions: Subscriptions

  constructor(connections: Connections, keys: Keys, subscriptions: Subscriptions) {
    this.#connections = connections
    this.#keys = keys
    this.#subscriptions = subscriptions
  }

  async listen(queue: string, listener: (event: QueueEvent) => void): Promise<() => void> {
    const announce = () => this.#connections.call((client) => client.publish(this.#keys.listeners(queue), ''))
    const { heard, end } = this.#subscriptions.add(this.#keys.events(queue), (text) => {
      if (text === WHO_LISTENS) announce().catch(() => {})
      else {
        const event = readEvent(queue, text)
        if (event !== undefined) listener(event)
      }
    })
    // Also what keeps a process alive that does nothing but listen.
    const announcing = setInterval(() => void announce().catch(() => {}), LISTENING_MS)
    try {
      // Asked first, since it fails fast where the subscriber would wait for ever.
      await this.#connections.call((client) => client.ping())
      await heard
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
    const subscribed = queues.map((queue) =>
      this.#subscriptions.add(this.#keys.listeners(queue), () => listener(queue)),
    )
    // Not awaited: a worker starts even while Redis is away, and ioredis subscribes when it is back.
    const ask = async () => {
      await Promise.all(subscribed.map(({ heard }) => heard))
      for (const queue of queues) {
        await this.#connections.call((client) => client.publish(this.#keys.events(queue), WHO_LISTENS))
      }
    }
    ask().catch(() => {})
    return () => {
      for (const { end } of subscribed) end()
    }
  }

  async publish(events: readonly QueueEvent[]): Promise<void> {
    await this.#connections.call(async (client) => {
      const pipeline = client.pipeline()
      for (const { queue, ...facts } of events) pipeline.publish(this.#keys.events(queue), JSON.stringify(facts))
      await pipeline.exec()
    })
  }
}

/** Undefined for what is no event: anybody may publish there. */
function readEvent(queue: string, text: string): QueueEvent | undefined {
  try {
    const { name, jobId, executionId, workerName, atMs } = JSON.parse(text) as Partial<QueueEvent>
    const known = QUEUE_EVENT_NAMES.find((one) => one === name)
    if (known === undefined || typeof jobId !== 'string' || typeof atMs !== 'number') return undefined
    if (typeof executionId !== 'string' || typeof workerName !== 'string') return undefined
    return { name: known, queue, jobId, executionId, workerName, atMs }
  } catch {
    return undefined
  }
}
