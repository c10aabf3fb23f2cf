import { deferred, randomHex, SECOND_MS } from '@rq/core'
import type { AwaitedResult } from '@rq/job'
import { readNews } from '../codec/result-codec.ts'
import type { Connections } from '../connection/connections.ts'
import * as scripts from '../connection/scripts.generated.ts'
import type { Keys } from '../keys.ts'
import { StreamWatch } from './stream-watch.ts'

/** How often a waiting process looks for itself: for jobs in our own dialect that a Python worker ends, and for lost notices. */
const LOOK_MS = SECOND_MS
/** How many jobs one look asks about. */
const LOOK_BATCH = 500
/** The longest that a timer of Node can run. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** One caller that waits. */
interface Wait {
  readonly untilEnd: boolean
  /** `told`: all there is to know, if the notice said so. */
  wake: (told?: AwaitedResult) => void
}

/**
 * Lets callers wait for the results of jobs. One subscription for the whole process: a waiting caller leaves the
 * process's channel with the job, and the script that ends the job publishes to it. Jobs whose results go to the stream
 * may be ended by Python, which publishes nothing: their streams are watched as well.
 */
export class ResultWaiters {
  readonly #connections: Connections
  readonly #keys: Keys
  readonly #channel = randomHex()
  readonly #waiting = new Map<string, Set<Wait>>()
  readonly #streams: StreamWatch
  #ready: Promise<unknown> | undefined
  #look: NodeJS.Timeout | undefined
  #closed = false

  constructor(connections: Connections, keys: Keys) {
    this.#connections = connections
    this.#keys = keys
    this.#streams = new StreamWatch(connections, keys, (jobId) => this.#wake(jobId))
  }

  /**
   * Resolves when the job has a result (or, with `untilEnd`, has ended) or is gone, at the latest after `timeoutMs`
   * or when `signal` fires. To the result where the notice held it; else the caller looks.
   */
  async wait(
    jobId: string,
    timeoutMs: number,
    untilEnd: boolean,
    signal?: AbortSignal,
  ): Promise<AwaitedResult | undefined> {
    if (timeoutMs <= 0) return undefined
    const wait: Wait = { untilEnd, wake: () => {} }
    const waits = this.#waiting.get(jobId) ?? new Set()
    this.#waiting.set(jobId, waits.add(wait))
    // Also what keeps the process alive while it waits.
    this.#look ??= setInterval(() => void this.#lookAround(), LOOK_MS)
    let isOver = signal?.aborted === true
    const end = () => {
      isOver = true
      wait.wake()
    }
    const timer = setTimeout(end, Math.min(timeoutMs, LONGEST_TIMER_MS))
    signal?.addEventListener('abort', end)
    try {
      await this.#subscribe()
      while (!isOver && !this.#closed) {
        const { promise, resolve } = deferred<AwaitedResult | undefined>()
        wait.wake = resolve
        if (await this.#over(jobId, untilEnd)) return undefined
        const told = await promise
        if (told !== undefined) return told
      }
      return undefined
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      waits.delete(wait)
      if (waits.size === 0) {
        this.#waiting.delete(jobId)
        this.#streams.unwatch(jobId)
      }
      if (this.#waiting.size === 0) {
        clearInterval(this.#look)
        this.#look = undefined
      }
    }
  }

  close(): void {
    this.#closed = true
    this.#streams.close()
    clearInterval(this.#look)
    this.#look = undefined
    for (const jobId of [...this.#waiting.keys()]) this.#wake(jobId)
  }

  /** Asks to be told, and says whether there is nothing left to wait for. */
  async #over(jobId: string, untilEnd: boolean): Promise<boolean> {
    const keys: [string, string] = [this.#keys.job(jobId), this.#keys.results(jobId)]
    const reply = await this.#connections.run(scripts.awaitResult, keys, [this.#channel, untilEnd ? 1 : 0])
    const [, word, lastEntry] = reply as [status: AwaitedResult['status'] | null, word: string, lastEntry?: string]
    if (word !== 'over' && lastEntry !== undefined) this.#streams.watch(jobId, lastEntry)
    return word === 'over'
  }

  #subscribe(): Promise<unknown> {
    if (this.#ready === undefined) {
      const subscriber = this.#connections.open('subscriber')
      subscriber.on('messageBuffer', (_channel: Buffer, message: Buffer) => {
        const { jobId, awaited } = readNews(message)
        this.#wake(jobId, awaited)
      })
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

  #wake(jobId: string, told?: AwaitedResult): void {
    for (const wait of this.#waiting.get(jobId) ?? []) wait.wake(told)
  }

  async #lookAround(): Promise<void> {
    const ids = [...this.#waiting.keys()].slice(0, LOOK_BATCH)
    // A look that fails is no harm: the next one comes in a second.
    await Promise.allSettled(
      ids.map(async (jobId) => {
        for (const wait of this.#waiting.get(jobId) ?? []) {
          if (await this.#over(jobId, wait.untilEnd)) wait.wake()
        }
      }),
    )
  }
}
