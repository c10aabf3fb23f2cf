import { setTimeout as delay } from 'node:timers/promises'
import { SECOND_MS } from '@rq/core'
import { Cluster } from 'ioredis'
import type { Connections } from '../connection/connections.ts'
import type { Client } from '../connection/script.ts'
import type { Keys } from '../keys.ts'

/** The longest block of one command. Then it is sent again, with the streams that are watched by then. */
const BLOCK_MS = 5 * SECOND_MS
/** How soon to unblock again a command that had not blocked yet. */
const UNBLOCK_AGAIN_MS = 10
/** The most streams in one command. */
const MOST_STREAMS = 500

/**
 * Watches the results streams of jobs. A Python worker publishes nothing when a job has ended, but writes its result to
 * the stream at that moment. Uses one blocking connection, opened when the first job is watched.
 */
export class ResultStreamReader {
  readonly #connections: Connections
  readonly #keys: Keys
  readonly #onResult: (jobId: string) => void
  /** The last entry of the stream that is not new, by job. */
  readonly #watched = new Map<string, string>()
  #client: Client | undefined
  #blockedClientId: string | undefined
  #stale = false
  #running = false
  #closed = false

  constructor(connections: Connections, keys: Keys, onResult: (jobId: string) => void) {
    this.#connections = connections
    this.#keys = keys
    this.#onResult = onResult
  }

  /** Call `onResult` once, for the first result behind the entry `after`. */
  watch(jobId: string, after: string): void {
    if (this.#closed || this.#watched.get(jobId) === after) return
    this.#watched.set(jobId, after)
    if (this.#running) void this.#restartRead()
    else void this.#run()
  }

  /** Stop watching a job. Its stream is left out of the next command. */
  unwatch(jobId: string): void {
    this.#watched.delete(jobId)
  }

  close(): void {
    this.#closed = true
    this.#watched.clear()
  }

  async #run(): Promise<void> {
    this.#running = true
    while (this.#watched.size > 0 && !this.#closed) {
      try {
        for (const jobId of await this.#read()) {
          this.#watched.delete(jobId)
          this.#onResult(jobId)
        }
      } catch {
        // Waiting callers also poll, so a failure only makes them slower.
        await delay(SECOND_MS, undefined, { ref: false })
      }
    }
    this.#running = false
  }

  /**
   * Block until jobs have a new result, and return them; return none at the end of the block, or when it is restarted.
   */
  async #read(): Promise<string[]> {
    const client = this.#connection()
    const id = client instanceof Cluster ? undefined : String(await client.client('ID'))
    const watched = [...this.#watched].slice(0, MOST_STREAMS)
    const streams = watched.map(([jobId]) => this.#keys.results(jobId))
    this.#stale = false
    this.#blockedClientId = id
    try {
      const afters = watched.map(([, after]) => after)
      const reply = await client.xread('COUNT', 1, 'BLOCK', BLOCK_MS, 'STREAMS', ...streams, ...afters)
      return (reply ?? []).flatMap(([stream]) => watched[streams.indexOf(String(stream))]?.[0] ?? [])
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
        await this.#connections.call((client) => client.client('UNBLOCK', id))
      } catch {
        // The user may lack the permission. Then the stream is added at the end of the block.
        return
      }
      await delay(UNBLOCK_AGAIN_MS, undefined, { ref: false })
    }
  }

  #connection(): Client {
    if (this.#client === undefined || this.#client.status === 'end') this.#client = this.#connections.open('blocking')
    return this.#client
  }
}
