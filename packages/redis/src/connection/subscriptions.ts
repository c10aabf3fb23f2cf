import type { Clients } from './clients.ts'
import type { Client } from './script.ts'

/** What is being listened to. */
export interface Subscription {
  /**
   * Resolves when Redis has confirmed it. While Redis is away it is pending, and the subscription is made once Redis is
   * back.
   */
  readonly subscribed: Promise<unknown>
  end(): void
}

/** Listens to channels over one connection, which is opened for the first channel and closed after the last. */
export class Subscriptions {
  readonly #clients: Clients
  readonly #listeners = new Map<string, Set<(message: Buffer) => void>>()
  #client: Client | undefined

  constructor(clients: Clients) {
    this.#clients = clients
  }

  /** Call `listener` for each message of a channel, until `end` is called. */
  add(channel: string, listener: (message: Buffer) => void): Subscription {
    const client = this.#connection()
    const known = this.#listeners.get(channel)
    const listeners = known ?? new Set()
    this.#listeners.set(channel, listeners.add(listener))
    // Redis also confirms a subscription that exists already.
    const subscribed = client.subscribe(channel)
    subscribed.catch(() => {})
    return { subscribed, end: () => this.#end(channel, listener) }
  }

  #end(channel: string, listener: (message: Buffer) => void): void {
    const listeners = this.#listeners.get(channel)
    if (listeners?.delete(listener) !== true || listeners.size > 0) return
    this.#listeners.delete(channel)
    const client = this.#client
    if (this.#listeners.size > 0) client?.unsubscribe(channel).catch(() => {})
    else if (client !== undefined) {
      this.#client = undefined
      this.#clients.drop(client)
    }
  }

  #connection(): Client {
    if (this.#client !== undefined && this.#client.status !== 'end') return this.#client
    const client = this.#clients.open('subscriber')
    client.on('messageBuffer', (channel: Buffer, message: Buffer) => {
      for (const listener of this.#listeners.get(String(channel)) ?? []) listener(message)
    })
    this.#client = client
    return client
  }
}
