import { SECOND_MS } from '@rq/core'
import type { Redis } from 'ioredis'
import { isSingle } from '../connection/client-shape.ts'
import type { Connections } from '../connection/connections.ts'
import type { Keys } from '../keys.ts'

/** Where Redis reports that keys which a client has read have changed. */
const CHANGES = '__redis__:invalidate'
/** After a failure, how long to watch nothing. */
const RETRY_MS = 10 * SECOND_MS

/**
 * Notices when one of many queues may have a job, over two connections for any number of queues. It uses what Redis
 * offers to clients that cache values: one connection reads whether the lists exist, which Redis remembers, and another
 * one hears when any of them changes. Nothing is taken from a list, and a wait costs Redis nothing.
 */
export class QueueWatch {
  readonly #connections: Connections
  readonly #keys: Keys
  readonly #waiting = new Set<() => void>()
  #clients: readonly Redis[] = []
  #reader: Promise<Redis> | undefined
  /** When watching failed, by `performance.now()`. */
  #failedMs = Number.NEGATIVE_INFINITY

  constructor(connections: Connections, keys: Keys) {
    this.#connections = connections
    this.#keys = keys
  }

  /**
   * Call `onWork` once when a queue may have a job that workers may take, or a connection was lost. Call the returned
   * function to end that.
   * @param onRefused called when Redis does not report changes: an old server, a proxy, a cluster.
   */
  watch(queues: readonly string[], onWork: () => void, onRefused: () => void): () => void {
    if (performance.now() - this.#failedMs < RETRY_MS) {
      onRefused()
      return () => {}
    }
    this.#waiting.add(onWork)
    this.#hasWork(queues).then(
      (hasWork) => {
        if (hasWork) onWork()
      },
      () => {
        this.#failedMs = performance.now()
        this.#waiting.delete(onWork)
        this.disconnect()
        onRefused()
      },
    )
    return () => this.#waiting.delete(onWork)
  }

  /** Close the connections and end current waits. The next one opens new connections. */
  disconnect(): void {
    const clients = this.#clients
    this.#clients = []
    this.#reader = undefined
    for (const client of clients) this.#connections.drop(client)
    this.#wakeAll()
  }

  #wakeAll(): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const wake of waiting) wake()
  }

  /** Whether a queue has a job and is not paused. What this reads is what Redis reports changes of. */
  async #hasWork(queues: readonly string[]): Promise<boolean> {
    this.#reader ??= this.#open()
    const reader = await this.#reader
    const found = await Promise.all(
      queues.map((queue) =>
        Promise.all([reader.exists(this.#keys.queue(queue)), reader.exists(this.#keys.paused(queue))]),
      ),
    )
    return found.some(([jobs, paused]) => jobs > 0 && paused === 0)
  }

  async #open(): Promise<Redis> {
    const listener = this.#client('subscriber')
    const reader = this.#client('worker')
    this.#clients = [listener, reader]
    // With another connection Redis does not know any more what was read, or where to report it.
    for (const client of this.#clients) {
      client.on('close', () => {
        if (this.#clients.includes(client)) this.disconnect()
      })
    }
    listener.on('message', () => this.#wakeAll())
    const id = await listener.client('ID')
    await listener.subscribe(CHANGES)
    await reader.client('TRACKING', 'ON', 'REDIRECT', id)
    return reader
  }

  #client(role: 'subscriber' | 'worker'): Redis {
    const client = this.#connections.open(role)
    if (isSingle(client)) return client
    this.#connections.drop(client)
    throw new Error('A cluster reports changes per node.')
  }
}
