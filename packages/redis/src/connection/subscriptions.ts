import type { Clients } from './clients.ts'
import type { Client } from './script.ts'

/** What is being listened to. */
export interface Subscription {
  /**
   * Resolves when Redis has confirmed it. While Redis is away it is pending, and the subscription is made once Redis is
   * back. Rejects with an RqError when Redis refuses it.
   */
  readonly subscribed: Promise<unknown>
  /** Resolves when Redis has confirmed it once more: what was published before has arrived by then. */
  confirm(): Promise<unknown>
  end(): void
}

/** A subscription over a connection whose id in Redis is known. */
export interface IdentifiedSubscription extends Subscription {
  /** The id that the connection has now: another one after each loss of it. @throws what Redis answers. */
  clientId(): Promise<number>
}

/** Listens to channels over one connection, which is opened for the first channel and closed after the last. */
export class Subscriptions {
  readonly #clients: Clients
  readonly #listeners = new Map<string, Set<(message: Buffer) => void>>()
  /** By channel: who asks for what may have been lost. */
  readonly #onResumed = new Map<string, () => void>()
  readonly #isIdentified: boolean
  #client: Client | undefined
  #clientId: Promise<number> | undefined

  /** @param isIdentified - whether to ask for the id of the connection: Redis says it only before subscriptions. */
  constructor(clients: Clients, isIdentified = false) {
    this.#clients = clients
    this.#isIdentified = isIdentified
  }

  /**
   * Call `listener` for each message of a channel, until `end` is called. Messages are lost while the connection is
   * broken: `onResumed`, one for each channel, is called when Redis has confirmed the subscription again.
   */
  add(channel: string, listener: (message: Buffer) => void, onResumed?: () => void): IdentifiedSubscription {
    const client = this.#connection()
    const known = this.#listeners.get(channel)
    const listeners = known ?? new Set()
    this.#listeners.set(channel, listeners.add(listener))
    if (onResumed !== undefined) this.#onResumed.set(channel, onResumed)
    // Redis also confirms a subscription that exists already.
    const subscribed = this.#subscribe(client, channel)
    subscribed.catch(() => {})
    return {
      subscribed,
      confirm: () => this.#subscribe(client, channel),
      end: () => this.#end(channel, listener),
      clientId: () => this.#clientId ?? Promise.reject(new Error('The id of this connection was not asked for.')),
    }
  }

  /** @throws RqError as `Clients.call` does. */
  async #subscribe(client: Client, channel: string): Promise<unknown> {
    try {
      return await client.subscribe(channel)
    } catch (error) {
      throw this.#clients.failure(error, client)
    }
  }

  #end(channel: string, listener: (message: Buffer) => void): void {
    const listeners = this.#listeners.get(channel)
    if (listeners?.delete(listener) !== true || listeners.size > 0) return
    this.#listeners.delete(channel)
    this.#onResumed.delete(channel)
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
    client.once('ready', () => client.on('ready', () => this.#resume(client)))
    this.#client = client
    this.#identify(client)
    return client
  }

  #identify(client: Client): void {
    if (!this.#isIdentified) return
    this.#clientId = client.client('ID')
    this.#clientId.catch(() => {})
  }

  /** Subscribe again over a new connection. A Cluster does so by itself; Redis confirms a channel also twice. */
  #resume(client: Client): void {
    this.#identify(client)
    for (const channel of this.#listeners.keys()) client.subscribe(channel).then(this.#onResumed.get(channel), () => {})
  }
}
