import { deferred, pause, SECOND_MS, startTimer } from '@rq/core'
import { isCluster } from '../connection/client-shape.ts'
import { socketOf } from '../connection/clients.ts'
import type { Connections } from '../connection/connections.ts'
import type { Client } from '../connection/script.ts'
import type { Keys } from '../keys.ts'
import { QueueWatch } from './queue-watch.ts'

/** How many queues have a blocking connection each. The others are watched together. */
const MOST_BLOCKED = 8
/** The longest block of one command. Then it is sent again, which also finds a connection that died silently. */
const BLOCK_S = 5
/** How much longer than that a reply may take before the connection counts as dead. */
const SLACK_MS = 2 * SECOND_MS
/** How often a paused queue with jobs is checked: no notice is sent when it is resumed. */
const PAUSED_MS = SECOND_MS
/** How long a wait may take when the other queues cannot be watched. */
const UNWATCHED_MS = SECOND_MS
/** If a queue has a job again this soon, it may be because the queue is paused and no worker may take it. */
const AGAIN_MS = 5
/** How long a wait takes when blocking is not possible. */
const REFUSED_MS = 100

/**
 * Resolves when a queue may have a job, pushed by a program in any language. Each queue has a connection that blocks in
 * `BLMOVE q q LEFT LEFT`: when the list has an element, Redis wakes it and puts the element back where it was, in one
 * step, so nothing can be lost. It wakes one of the workers that wait. At maxmemory Redis refuses that command, and the
 * queues are polled instead. Further queues are in a {@link QueueWatch}, which wakes all workers that wait; once waits
 * are shared, all queues are. A paused queue counts as empty.
 */
export class WorkSignal {
  readonly #connections: Connections
  readonly #keys: Keys
  readonly #watch: QueueWatch
  readonly #blocked = new Map<string, Promise<void>>()
  readonly #clients = new Map<string, Client>()
  /** When each queue was last seen with an element, by `performance.now()`. */
  readonly #seenMs = new Map<string, number>()
  /** What ends the claims along with a wait, and by which signal. */
  readonly #leaves = new Map<() => void, AbortSignal>()
  readonly #heard = new WeakSet<AbortSignal>()
  #isShared = false
  #ended = new AbortController()

  constructor(connections: Connections, keys: Keys) {
    this.#connections = connections
    this.#keys = keys
    this.#watch = new QueueWatch(connections, keys)
  }

  /** From now on no queue has a connection of its own. */
  share(): void {
    this.#isShared = true
    this.#connections.shareListener()
  }

  async wait(queues: readonly string[], timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    const { promise, resolve } = deferred()
    const stop = () => resolve()
    let timer = startTimer(timeoutMs, stop)
    signal.addEventListener('abort', stop, { once: true })
    const blocked = this.#isShared ? 0 : MOST_BLOCKED
    for (const queue of queues.slice(0, blocked)) void this.#block(queue).then(resolve)
    const unwatch = this.#watchAll(queues.slice(blocked), stop, () => {
      clearTimeout(timer)
      timer = setTimeout(stop, Math.min(timeoutMs, UNWATCHED_MS))
    })
    await promise
    unwatch()
    clearTimeout(timer)
    signal.removeEventListener('abort', stop)
  }

  /**
   * As {@link wait}, for one queue: what `claim` sends goes right behind the blocking command over the same
   * connection, so that Redis runs it in the moment in which there is a job. Resolves to its reply; to undefined if it
   * was not sent, after `timeoutMs`, or when `signal` fires. In the last two cases the reply is lost, if there will be
   * one.
   * @throws what `claim` throws.
   */
  async claimFrom<T>(
    queue: string,
    timeoutMs: number,
    signal: AbortSignal,
    claim: (client: Client) => Promise<T>,
  ): Promise<T | undefined> {
    const client = this.#client(queue)
    // What is sent before there is a connection looks like what is sent again.
    const isReady = isCluster(client) ? false : await isReadyWithin(client, timeoutMs, signal)
    // The blocking command of an earlier wait may still hold the connection.
    if (!isReady || signal.aborted || this.#blocked.has(queue)) {
      await this.wait([queue], timeoutMs, signal)
      return undefined
    }
    const key = this.#keys.queue(queue)
    let isOver = false
    const over = deferred<undefined>()
    const leave = () => {
      isOver = true
      this.#drop(queue)
      over.resolve(undefined)
    }
    this.#leaveOn(signal, leave)
    const timer = startTimer(timeoutMs, leave)
    const watchdog = this.#watchdog(client)
    try {
      // The claim runs whatever becomes of this: it finds no job, or that Redis has no memory left for it.
      const isRefused = client.blmove(key, key, 'LEFT', 'LEFT', BLOCK_S).then(
        () => false,
        () => true,
      )
      const claimed = claim(client)
      const reply = await Promise.race([claimed, over.promise])
      if (!isOver && (await isRefused)) await pause(REFUSED_MS, AbortSignal.any([signal, this.#ended.signal]))
      return reply
    } catch (error) {
      if (isOver) return undefined
      throw error
    } finally {
      clearInterval(watchdog)
      clearTimeout(timer)
      this.#leaves.delete(leave)
    }
  }

  /**
   * Call `leave` when the signal fires or this is disconnected. One listener for each signal: to add and remove one at
   * each wait takes longer than the rest of the wait, and the job that it has brought waits for that.
   */
  #leaveOn(signal: AbortSignal, leave: () => void): void {
    this.#leaves.set(leave, signal)
    if (this.#heard.has(signal)) return
    this.#heard.add(signal)
    signal.addEventListener('abort', () => this.#leave((of) => of === signal), { once: true })
  }

  #leave(mustLeave: (signal: AbortSignal) => boolean): void {
    for (const [leave, signal] of [...this.#leaves]) if (mustLeave(signal)) leave()
  }

  /** Close the connections and end current waits. The next wait opens new connections. */
  disconnect(): void {
    this.#ended.abort()
    this.#leave(() => true)
    this.#ended = new AbortController()
    this.#watch.disconnect()
    this.#blocked.clear()
    for (const client of this.#clients.values()) this.#connections.drop(client)
    this.#clients.clear()
  }

  #watchAll(queues: readonly string[], onWork: () => void, onRefused: () => void): () => void {
    return queues.length === 0 ? () => {} : this.#watch.watch(queues, onWork, onRefused)
  }

  /** Resolves when the queue has an element. One command at a time for each queue, shared by successive waits. */
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
      const watchdog = this.#watchdog(client)
      try {
        const id = await client.blmove(key, key, 'LEFT', 'LEFT', BLOCK_S)
        if (id === null) continue
        if (!this.#isSeenAgain(queue) || (await client.exists(this.#keys.paused(queue))) === 0) return
        await pause(PAUSED_MS, ended)
      } catch {
        // Refused: maxmemory is reached, the server is loading its data, and so on.
        await pause(REFUSED_MS, ended)
        return
      } finally {
        clearInterval(watchdog)
      }
    }
  }

  /** Whether the queue was seen with an element just before. */
  #isSeenAgain(queue: string): boolean {
    const nowMs = performance.now()
    const lastMs = this.#seenMs.get(queue) ?? Number.NEGATIVE_INFINITY
    this.#seenMs.set(queue, nowMs)
    return nowMs - lastMs < AGAIN_MS
  }

  /** A connection without a reply for longer than the block is dead: its commands go over another one. */
  #watchdog(client: Client): NodeJS.Timeout {
    return setInterval(() => client.disconnect(true), BLOCK_S * SECOND_MS + SLACK_MS).unref()
  }

  #drop(queue: string): void {
    const client = this.#clients.get(queue)
    if (client === undefined) return
    this.#clients.delete(queue)
    this.#connections.drop(client)
  }

  #client(queue: string): Client {
    const known = this.#clients.get(queue)
    if (known !== undefined) return known
    const client = this.#connections.open('blocking')
    this.#clients.set(queue, client)
    return client
  }
}

/** Whether a client is connected, or comes to be in this time. */
async function isReadyWithin(client: Client, timeoutMs: number, signal: AbortSignal): Promise<boolean> {
  if (socketOf(client) !== undefined) return true
  const { promise, resolve } = deferred()
  const stop = () => resolve()
  const timer = startTimer(timeoutMs, stop)
  client.once('ready', stop)
  signal.addEventListener('abort', stop, { once: true })
  await promise
  clearTimeout(timer)
  client.off('ready', stop)
  signal.removeEventListener('abort', stop)
  return socketOf(client) !== undefined
}
