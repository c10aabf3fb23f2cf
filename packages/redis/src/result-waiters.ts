import { deferred, randomHex, SECOND_MS } from '@rq/core'
import type { AwaitedResult } from '@rq/job'
import type { Connections } from './connections.ts'
import type { Keys } from './keys.ts'
import * as scripts from './scripts.generated.ts'

/** How often a waiting process looks for itself: for jobs that a Python worker ends, and for lost notices. */
const LOOK_MS = SECOND_MS
/** How many jobs one look asks about. */
const LOOK_BATCH = 500

/**
 * Lets callers wait for the results of jobs. One subscription for the whole process: a waiting caller leaves the
 * process's channel with the job, and the script that ends the job publishes to it.
 */
export class ResultWaiters {
  readonly #connections: Connections
  readonly #keys: Keys
  readonly #channel = randomHex()
  readonly #waiting = new Map<string, Set<() => void>>()
  #ready: Promise<unknown> | undefined
  #look: NodeJS.Timeout | undefined

  constructor(connections: Connections, keys: Keys) {
    this.#connections = connections
    this.#keys = keys
  }

  /** Resolves when the job is over or has a result, at the latest after `timeoutMs` or when `signal` fires. */
  async wait(jobId: string, timeoutMs: number, signal?: AbortSignal): Promise<void> {
    if (timeoutMs <= 0) return
    await this.#subscribe()
    const { promise, resolve } = deferred()
    const resolvers = this.#waiting.get(jobId) ?? new Set()
    this.#waiting.set(jobId, resolvers.add(resolve))
    const timer = Number.isFinite(timeoutMs) ? setTimeout(resolve, Math.min(timeoutMs, 2 ** 31 - 1)) : undefined
    signal?.addEventListener('abort', () => resolve(), { once: true })
    this.#look ??= setInterval(() => void this.#lookAround(), LOOK_MS)
    try {
      if (await this.#over(jobId)) return
      await promise
    } finally {
      clearTimeout(timer)
      resolvers.delete(resolve)
      if (resolvers.size === 0) this.#waiting.delete(jobId)
      if (this.#waiting.size === 0) {
        clearInterval(this.#look)
        this.#look = undefined
      }
    }
  }

  close(): void {
    clearInterval(this.#look)
    this.#look = undefined
    for (const jobId of [...this.#waiting.keys()]) this.#wake(jobId)
  }

  /** Asks to be told, and says whether there is nothing left to wait for. */
  async #over(jobId: string): Promise<boolean> {
    const keys: [string, string] = [this.#keys.job(jobId), this.#keys.results(jobId)]
    const reply = await this.#connections.run(scripts.awaitResult, keys, [this.#channel])
    return (reply as [AwaitedResult['status'] | null, string])[1] === 'over'
  }

  #subscribe(): Promise<unknown> {
    if (this.#ready === undefined) {
      const subscriber = this.#connections.open('subscriber')
      subscriber.on('message', (_channel: string, jobId: string) => this.#wake(jobId))
      // The main client is asked first: it fails fast, where the subscriber would wait for ever for a Redis that is away.
      this.#ready = this.#connections
        .call((client) => client.ping())
        .then(() => subscriber.subscribe(this.#keys.notify(this.#channel)))
        .catch((error: unknown) => {
          this.#ready = undefined
          this.#connections.drop(subscriber)
          throw error
        })
    }
    return this.#ready
  }

  #wake(jobId: string): void {
    for (const resolve of this.#waiting.get(jobId) ?? []) resolve()
  }

  async #lookAround(): Promise<void> {
    const ids = [...this.#waiting.keys()].slice(0, LOOK_BATCH)
    // A look that fails is no harm: the next one comes in a second.
    await Promise.allSettled(
      ids.map(async (jobId) => {
        if (await this.#over(jobId)) this.#wake(jobId)
      }),
    )
  }
}
