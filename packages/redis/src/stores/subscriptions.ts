import type { Connections } from '../connection/connections.ts'
import type { Client } from '../connection/script.ts'

/** What others publish, over one connection, which is opened for the first channel and dropped after the last. */
export class Subscriptions {
  readonly #connections: Connections
  readonly #listeners = new Map<string, Set<(text: string) => void>>()
  #client: Client | undefined

  constructor(connections: Connections) {
    this.#connections = connections
  }

  /**
   * Hear a channel, until the returned function is called. `heard` resolves when it is heard; it does not while Redis is away,
   * and the channel is heard once Redis is back.
   */
  add(channel: string, listener: (text: string) => void): { heard: Promise<unknown>; end: () => void } {
    const client = this.#connection()
    const known = this.#listeners.get(channel)
    const listeners = known ?? new Set()
    this.#listeners.set(channel, listeners.add(listener))
    // Asked again for a channel that is heard already, Redis answers all the same.
    const heard = client.subscribe(channel)
    heard.catch(() => {})
    return { heard, end: () => this.#end(channel, listener) }
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
