import { setTimeout as delay } from 'node:timers/promises'
import { SECOND_MS } from '@rq/core'
import { isCluster } from './client-shape.ts'
import type { Clients } from './clients.ts'
import type { Client } from './script.ts'

/** The longest block of one command. Then it is sent again, with the streams that are watched by then. */
const BLOCK_MS = 5 * SECOND_MS
/** How soon to unblock again a command that had not blocked yet. */
const UNBLOCK_AGAIN_MS = 10
/** The most streams in one command. */
const MOST_STREAMS = 500

/** A stream, and who waits for its next entry. */
interface Watched {
  /** The last entry that is not new. */
  readonly after: string
  readonly listeners: Set<() => void>
}

/**
 * Watches streams for new entries, over one blocking connection that is opened for the first stream. Who waits should
 * look at the stream now and then as well: a failure only makes the notice late.
 */
export class StreamWatch {
  readonly #clients: Clients
  readonly #watched = new Map<string, Watched>()
  #client: Client | undefined
  #blockedClientId: string | undefined
  #stale = false
  #running = false
  #closed = false

  constructor(clients: Clients) {
    this.#clients = clients
  }

  /**
   * Call `onEntry` once, at the first entry behind the entry `after`; or earlier, when another caller watches the same
   * stream from another entry.
   */
  watch(stream: string, after: string, onEntry: () => void): void {
    const known = this.#watched.get(stream)
    if (this.#closed || known?.after === after) {
      known?.listeners.add(onEntry)
      return
    }
    this.#watched.set(stream, { after, listeners: new Set([onEntry]) })
    for (const listener of known?.listeners ?? []) if (listener !== onEntry) listener()
    if (this.#running) void this.#restartRead()
    else void this.#run()
  }

  /** Stop watching. A stream without another caller is left out of the next command. */
  unwatch(stream: string, onEntry: () => void): void {
    const watched = this.#watched.get(stream)
    watched?.listeners.delete(onEntry)
    if (watched?.listeners.size === 0) this.#watched.delete(stream)
  }

  close(): void {
    this.#closed = true
    this.#watched.clear()
  }

  async #run(): Promise<void> {
    this.#running = true
    while (this.#watched.size > 0 && !this.#closed) {
      try {
        for (const [stream, watched] of await this.#read()) {
          if (this.#watched.get(stream) === watched) this.#watched.delete(stream)
          for (const listener of watched.listeners) listener()
        }
      } catch {
        await delay(SECOND_MS, undefined, { ref: false })
      }
    }
    this.#running = false
  }

  /**
   * Block until streams have a new entry, and return them; return none at the end of the block, or when it is
   * restarted.
   */
  async #read(): Promise<[stream: string, watched: Watched][]> {
    const client = this.#connection()
    const id = isCluster(client) ? undefined : String(await client.client('ID'))
    const watched = new Map([...this.#watched].slice(0, MOST_STREAMS))
    this.#stale = false
    this.#blockedClientId = id
    try {
      const afters = [...watched.values()].map(({ after }) => after)
      const reply = await client.xread('COUNT', 1, 'BLOCK', BLOCK_MS, 'STREAMS', ...watched.keys(), ...afters)
      return (reply ?? []).flatMap(([stream]) => {
        const one = watched.get(String(stream))
        return one === undefined ? [] : [[String(stream), one]]
      })
    } finally {
      this.#blockedClientId = undefined
    }
  }

  /** End the current block, so that the next one includes all streams that are watched now. */
  async #restartRead(): Promise<void> {
    if (this.#stale) return
    this.#stale = true
    while (this.#stale && this.#blockedClientId !== undefined) {
      const id = this.#blockedClientId
      try {
        await this.#clients.call((client) => client.client('UNBLOCK', id))
      } catch {
        // The user may lack the permission. Then the stream is added at the end of the block.
        return
      }
      await delay(UNBLOCK_AGAIN_MS, undefined, { ref: false })
    }
  }

  #connection(): Client {
    if (this.#client === undefined || this.#client.status === 'end') this.#client = this.#clients.open('blocking')
    return this.#client
  }
}
