import type { Connections } from '../connection/connections.ts'
import type { Client } from '../connection/script.ts'

/** Listens to channels over one connection, which is opened for the first channel and closed after the last. */
export class Subscriptions {
  readonly #connections: Connections
  readonly #listeners = new Map<string, Set<(text: string) => void>>()
  #client: Client | undefined

  constructor(connections: Connections) {
    this.#connections = connections
  }

  /**
   * Call `listener` for each message of a channel, until `end` is called. `subscribed` resolves when Redis has
   * confirmed the subscription. While Redis is away it is pending, and the subscription is made once Redis is back.
   */
  add(channel: string, listener: (text: string) => void): { subscribed: Promise<unknown>; end: () => void } {
    const client = this.#connection()
    const known = this.#listeners.get(channel)
    const listeners = known ?? new Set()
    this.#listeners.set(channel, listeners.add(listener))
    // Redis also confirms a subscription that exists already.
    const subscribed = client.subscribe(channel)
    subscribed.catch(() => {})
    return { subscribed, end: () => this.#end(channel, listener) }
  }

  #end(channel: string, listener: (text: string) => void): void {
    const listeners = this.#listeners.get(channel)
    if (listeners?.delete(listener) !== true || listeners.size > 0) return
    this.#listeners.delete(channel)
    const client = this.#client
    if (this.#listeners.size > 0) client?.unsubscribe(channel).catch(() => {})
    else if (client !== undefined) {
      this.#client = undefined
      this.#connections.drop(client)
    }
  }

  #connection(): Client {
    if (this.#client !== undefined && this.#client.status !== 'end') return this.#client
    const client = this.#connections.open('subscriber')
    client.on('message', (channel: string, text: string) => {
      for (const listener of this.#listeners.get(channel) ?? []) listener(text)
    })
    this.#client = client
    return client
  }
}
