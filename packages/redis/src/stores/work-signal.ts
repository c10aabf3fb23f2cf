import { setTimeout as delay } from 'node:timers/promises'
import { deferred, SECOND_MS } from '@rq/core'
import type { Connections } from '../connection/connections.ts'
import type { Client } from '../connection/script.ts'
import type { Keys } from '../keys.ts'

/** One blocked connection a queue; beyond this many queues the rest is looked at once in a while. */
const MOST_BLOCKED = 8
/** Longest block of one command; then it is sent again, which also finds connections that died silently. */
const BLOCK_S = 5
const SLACK_MS = 2 * SECOND_MS
/** A paused queue that has jobs is looked at so often: nothing tells that it is resumed. */
const PAUSED_MS = SECOND_MS
/** Elements that are there so soon after the last time may be so because nobody may take them. */
const AGAIN_MS = 5
/** How often queues are looked at when blocking is not possible. */
const LOOK_MS = 100

/**
 * Tells a worker that a queue may have work, for jobs pushed by anybody in any language. Each queue has a connection that
 * blocks in `BLMOVE q q LEFT LEFT`: it wakes when the list has an element and puts that element back where it was, in one
 * step, so nothing can be lost. At maxmemory Redis refuses that command; then the queues are looked at instead. A queue that
 * is paused has no work.
 */
export class WorkSignal {
  readonly #connections: Connections
  readonly #keys: Keys
  readonly #blocked = new Map<string, Promise<void>>()
  readonly #clients = new Map<string, Client>()
  /** When each queue had an element last, by `performance.now()`. */
  readonly #seenMs = new Map<string, number>()
  #ended = new AbortController()

  constructor(connections: Connections, keys: Keys) {
    this.#connections = connections
    this.#keys = keys
  }

  async wait(queues: readonly string[], timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    const { promise, resolve } = deferred()
    const timer = setTimeout(resolve, queues.length > MOST_BLOCKED ? Math.min(timeoutMs, SECOND_MS) : timeoutMs)
    const stop = () => resolve()
    signal.addEventListener('abort', stop, { once: true })
    for (const queue of queues.slice(0, MOST_BLOCKED)) void this.#block(queue).then(resolve)
    await promise
    clearTimeout(timer)
    signal.removeEventListener('abort', stop)
  }

  /** Give the connections back; waits that go on end. The next wait opens new ones. */
  disconnect(): void {
    this.#ended.abort()
    this.#ended = new AbortController()
    this.#blocked.clear()
    for (const client of this.#clients.values()) this.#connections.drop(client)
    this.#clients.clear()
  }

  /** Resolves when the queue has an element. One at a time for each queue, shared by successive waits. */
  #block(queue: string): Promise<void> {
    const running = this.#blocked.get(queue)
    if (running !== undefined) return running
    const block = this.#blockUntilWork(queue).finally(() => {
      if (this.#blocked.get(queue) === block) this.#blocked.delete(queue)
    })
    this.#blocked.set(queue, block)
    return block
  }

  async #blockUntilWork(queue: string): Promise<void> {
    const key = this.#keys.queue(queue)
    const ended = this.#ended.signal
    while (!ended.aborted) {
      const client = this.#client(queue)
      // A connection that is silent for longer than the command may take is dead: the command is sent again by another one.
      const watchdog = setInterval(() => client.disconnect(true), BLOCK_S * SECOND_MS + SLACK_MS).unref()
      try {
        const id = await client.blmove(key, key, 'LEFT', 'LEFT', BLOCK_S)
        if (id === null) continue
        if (!this.#isAgain(queue) || (await client.exists(this.#keys.paused(queue))) === 0) return
        await delay(PAUSED_MS, undefined, { signal: ended })
      } catch {
        if (ended.aborted) return
        // Refused (maxmemory, a server that is loading, ...): look, but not in a hurry.
        await delay(LOOK_MS)
        return
      } finally {
        clearInterval(watchdog)
      }
    }
  }

  /** Whether the queue has had an element just before, too. */
  #isAgain(queue: string): boolean {
    const nowMs = performance.now()
    const lastMs = this.#seenMs.get(queue) ?? Number.NEGATIVE_INFINITY
    this.#seenMs.set(queue, nowMs)
    return nowMs - lastMs < AGAIN_MS
  }

  #client(queue: string): Client {
    const known = this.#clients.get(queue)
    if (known !== undefined) return known
    const client = this.#connections.open('blocking')
    this.#clients.set(queue, client)
    return client
  }
}
