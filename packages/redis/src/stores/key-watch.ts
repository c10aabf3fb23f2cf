import type { Connections, OwnClient } from '../connection/connections.ts'
import type { IdentifiedSubscription } from '../connection/subscriptions.ts'

/** Where Redis reports that keys which a client has read have changed. */
const CHANGES = '__redis__:invalidate'

export interface KeyWatchOptions {
  readonly connections: Connections
  /** Called with the keys that have changed; undefined: all may have. */
  readonly onChange: (keys: readonly string[] | undefined) => void
  /** Called once when changes may have been missed, since a connection broke: this watch hears no more. */
  readonly onLost: () => void
}

/**
 * Hears when keys change. It uses what Redis offers to clients that cache values: Redis remembers which keys a
 * connection has read, where that asked for it, and reports the next change of each over another connection. So it
 * takes no connection of its own: it reads over the main one, and listens over the one that listens to channels.
 */
export class KeyWatch {
  readonly #reader: OwnClient
  readonly #subscription: IdentifiedSubscription
  readonly #onLost: () => void
  #isOver = false
  readonly #lose = (): void => {
    if (this.#isOver) return
    this.end()
    this.#onLost()
  }

  private constructor({ connections, onChange, onLost }: KeyWatchOptions) {
    this.#onLost = onLost
    this.#reader = connections.openOwn()
    this.#subscription = connections.subscribeIdentified(CHANGES, (keys) => onChange(changedKeys(keys)), this.#lose)
    // With another connection Redis does not know any more what was read.
    this.#reader.client.on('close', this.#lose)
  }

  /** @throws what Redis answers if it does not report changes: an old server, a proxy, a user without the right. */
  static async open(options: KeyWatchOptions): Promise<KeyWatch> {
    const watch = new KeyWatch(options)
    try {
      const { clientId, subscribed } = watch.#subscription
      await subscribed
      await watch.#reader.client.client('TRACKING', 'ON', 'REDIRECT', await clientId(), 'OPTIN')
      return watch
    } catch (error) {
      watch.end()
      throw error
    }
  }

  /** How many of the keys exist. Redis reports the next change of each. */
  async exist(keys: readonly string[]): Promise<number> {
    const { client } = this.#reader
    // It concerns the very next command of the connection.
    const [, count] = await Promise.all([client.client('CACHING', 'YES'), client.exists(...keys)])
    return count
  }

  /** Hear no more. */
  end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#subscription.end()
    this.#reader.client.off('close', this.#lose)
    this.#reader.end()
  }
}

/** The keys of a message: an array of buffers, which Redis sends as in no other channel; or nil after a flush. */
function changedKeys(message: unknown): readonly string[] | undefined {
  return Array.isArray(message) ? message.map(String) : undefined
}
