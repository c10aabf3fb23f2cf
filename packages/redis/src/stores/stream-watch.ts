import { setTimeout as delay } from 'node:timers/promises'
import { SECOND_MS } from '@rq/core'
import { Cluster } from 'ioredis'
import type { Connections } from '../connection/connections.ts'
import type { Client } from '../connection/script.ts'
import type { Keys } from '../keys.ts'

/** Longest block of one command; then it is sent again with the streams that are watched by then. */
const BLOCK_MS = 5 * SECOND_MS
/** How soon to try again to end a block that had not quite begun. */
const AGAIN_MS = 10
/** Streams in one command. */
const MOST_STREAMS = 500

/**
 * Hears of results that others write into results streams: a Python worker tells nobody that a job is over, but its
 * result is in the stream in the same moment. One blocked connection, opened when a job is first watched.
 */
export class StreamWatch {
  readonly #connections: Connections
  readonly #keys: Keys
  readonly #onResult: (jobId: string) => void
  /** The entry behind which a result is new, by job. */
  readonly #watched = new Map<string, string>()
  #client: Client | undefined
  #reading: string | undefined
  #stale = false
  #running = false
  #closed = false

  constructor(connections: Connections, keys: Keys, onResult: (jobId: string) => void) {
    this.#connections = connections
    this.#keys = keys
    this.#onResult = onResult
  }

  /** Tell once of the first result behind the entry `after`. */
  watch(jobId: string, after: string): void {
    if (this.#closed || this.#watched.get(jobId) === after) return
    this.#watched.set(jobId, after)
    if (this.#running) void this.#readAnew()
    else void this.#run()
  }

  /** What is no longer watched is left out of the next command. */
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
        // Whoever waits looks for itself once in a while, so a failure here costs no more than that.
        await delay(SECOND_MS, undefined, { ref: false })
      }
    }
    this.#running = false
  }

  /** The jobs that have a new result; none when the time is over or others are watched by now. */
  async #read(): Promise<string[]> {
    const client = this.#connection()
    const id = client instanceof Cluster ? undefined : String(await client.client('ID'))
    const watched = [...this.#watched].slice(0, MOST_STREAMS)
    const streams = watched.map(([jobId]) => this.#keys.results(jobId))
    this.#stale = false
    this.#reading = id
    try {
      const afters = watched.map(([, after]) => after)
      const reply = await client.xread('COUNT', 1, 'BLOCK', BLOCK_MS, 'STREAMS', ...streams, ...afters)
      return (reply ?? []).flatMap(([stream]) => watched[streams.indexOf(String(stream))]?.[0] ?? [])
    } finally {
      this.#reading = undefined
    }
  }

  /** End the block that goes on, so that the next one is for all that is watched now. */
  async #readAnew(): Promise<void> {
    if (this.#stale) return
    this.#stale = true
    while (this.#stale && this.#reading !== undefined) {
      const id = this.#reading
      try {
        await this.#connections.call((client) => client.client('UNBLOCK', id))
      } catch {
        // Not permitted: then it joins when the block is over.
        return
      }
      await delay(AGAIN_MS, undefined, { ref: false })
    }
  }

  #connection(): Client {
    if (this.#client === undefined || this.#client.status === 'end') this.#client = this.#connections.open('blocking')
    return this.#client
  }
}
