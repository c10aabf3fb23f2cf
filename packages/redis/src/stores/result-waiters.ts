import { deferred, randomHex, SECOND_MS, startTimer } from '@rq/core'
import type { AwaitedResult } from '@rq/job'
import { decodeJob } from '../codec/job-codec.ts'
import { awaitedOf, readNotice } from '../codec/result-codec.ts'
import type { Connections } from '../connection/connections.ts'
import * as scripts from '../connection/scripts.generated.ts'
import type { Keys } from '../keys.ts'

/** How often waiting jobs are polled: a notice can be lost, and Python RQ publishes none. */
const POLL_MS = SECOND_MS
/** How many jobs one poll asks about. */
const MOST_POLLED = 500

/** One caller that waits. */
interface Wait {
  readonly untilEnd: boolean
  /** `answer`: what it waits for, if that is known by now. */
  wake: (answer?: AwaitedResult) => void
}

/**
 * Lets callers wait for the results of jobs, with one subscription. A caller that waits stores the channel of these
 * waiters in the job, and the script that ends the job publishes to it. Python RQ, which may end jobs whose results go
 * to the stream, publishes nothing: their streams are watched as well.
 */
export class ResultWaiters {
  readonly #connections: Connections
  readonly #keys: Keys
  readonly #channel = randomHex()
  readonly #waiting = new Map<string, Set<Wait>>()
  /** What wakes the waits of a job whose stream is watched. */
  readonly #watches = new Map<string, () => void>()
  #subscribed: Promise<unknown> | undefined
  #poll: NodeJS.Timeout | undefined
  #closed = false

  constructor(connections: Connections, keys: Keys) {
    this.#connections = connections
    this.#keys = keys
  }

  /**
   * Wait until the job has a result (or, with `untilEnd`, has ended) or is gone, at most `timeoutMs`, or until `signal`
   * fires. Resolves to the answer, or to undefined if it is not over by then.
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
    // The interval also keeps the process alive during the wait.
    this.#poll ??= setInterval(() => void this.#pollAll(), POLL_MS)
    let isOver = signal?.aborted === true
    const end = () => {
      isOver = true
      wait.wake()
    }
    const timer = startTimer(timeoutMs, end)
    signal?.addEventListener('abort', end)
    try {
      await this.#subscribe()
      while (!isOver && !this.#closed) {
        const { promise, resolve } = deferred<AwaitedResult | undefined>()
        wait.wake = resolve
        const answer = (await this.#answerNow(jobId, untilEnd)) ?? (await promise)
        if (answer !== undefined) return answer
      }
      return undefined
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      waits.delete(wait)
      if (waits.size === 0) {
        this.#waiting.delete(jobId)
        this.#unwatch(jobId)
      }
      if (this.#waiting.size === 0) {
        clearInterval(this.#poll)
        this.#poll = undefined
      }
    }
  }

  close(): void {
    this.#closed = true
    for (const jobId of this.#watches.keys()) this.#unwatch(jobId)
    clearInterval(this.#poll)
    this.#poll = undefined
    for (const jobId of [...this.#waiting.keys()]) this.#wake(jobId)
  }

  /** The answer, if there is nothing left to wait for; else registers for a notice. */
  async #answerNow(jobId: string, untilEnd: boolean): Promise<AwaitedResult | undefined> {
    const [word, fields, lastEntry, result] = await this.#connections.run(
      scripts.awaitResult,
      [this.#keys.job(jobId), this.#keys.results(jobId)],
      [this.#channel, untilEnd],
    )
    if (String(word) === 'over') return awaitedOf(decodeJob(jobId, fields), lastEntry, result)
    if (lastEntry.length > 0) this.#watch(jobId, String(lastEntry))
    return undefined
  }

  #subscribe(): Promise<unknown> {
    if (this.#subscribed === undefined) {
      const { subscribed, end } = this.#connections.subscribe(this.#keys.notify(this.#channel), (message) => {
        const { jobId, awaited } = readNotice(message)
        this.#wake(jobId, awaited)
      })
      // Ask the main client first: it fails fast if Redis is away. The subscriber would wait forever.
      this.#subscribed = this.#connections
        .call((client) => client.ping())
        .then(() => subscribed)
        .catch((error: unknown) => {
          this.#subscribed = undefined
          end()
          throw error
        })
    }
    return this.#subscribed
  }

  #wake(jobId: string, answer?: AwaitedResult): void {
    for (const wait of this.#waiting.get(jobId) ?? []) wait.wake(answer)
  }

  #watch(jobId: string, lastEntry: string): void {
    if (this.#closed) return
    const wake = this.#watches.get(jobId) ?? (() => this.#wake(jobId))
    this.#watches.set(jobId, wake)
    this.#connections.streams.watch(this.#keys.results(jobId), lastEntry, wake)
  }

  #unwatch(jobId: string): void {
    const wake = this.#watches.get(jobId)
    if (wake === undefined) return
    this.#watches.delete(jobId)
    this.#connections.streams.unwatch(this.#keys.results(jobId), wake)
  }

  async #pollAll(): Promise<void> {
    const ids = [...this.#waiting.keys()].slice(0, MOST_POLLED)
    // A poll may fail: the next one comes in a second.
    await Promise.allSettled(
      ids.map(async (jobId) => {
        for (const wait of this.#waiting.get(jobId) ?? []) {
          const answer = await this.#answerNow(jobId, wait.untilEnd)
          if (answer !== undefined) wait.wake(answer)
        }
      }),
    )
  }
}
