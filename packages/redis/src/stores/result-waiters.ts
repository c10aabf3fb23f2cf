import { randomHex, SECOND_MS, startTimer } from '@rq/core'
import type { AwaitedResult } from '@rq/job'
import { decodeJob } from '../codec/job-codec.ts'
import { awaitedOf, readNotice } from '../codec/result-codec.ts'
import type { Connections } from '../connection/connections.ts'
import * as scripts from '../connection/scripts.generated.ts'
import type { Subscription } from '../connection/subscriptions.ts'
import type { Keys } from '../keys.ts'
import { ResultWait } from './result-wait.ts'

/** How often waiting jobs are polled: a notice can be lost, and Python RQ publishes none. */
const POLL_MS = SECOND_MS
/** How many jobs one poll asks about. */
const MOST_POLLED = 500

/**
 * Lets callers wait for the results of jobs, with one subscription. The channel of these waiters is stored in the job,
 * when it is enqueued to be waited for or when a caller comes later, and the script that ends the job publishes to it.
 * Python RQ, which may end jobs whose results go to the stream, publishes nothing: their streams are watched as well.
 */
export class ResultWaiters {
  readonly #connections: Connections
  readonly #keys: Keys
  readonly #channel = randomHex()
  /** In the order in which they are polled. */
  readonly #waiting = new Map<string, Set<ResultWait>>()
  /** What wakes the waits of a job whose stream is watched. */
  readonly #watches = new Map<string, () => void>()
  #subscribed: Promise<unknown> | undefined
  #isSubscribed = false
  #subscription: Subscription | undefined
  #poll: NodeJS.Timeout | undefined
  #closed = false

  constructor(connections: Connections, keys: Keys) {
    this.#connections = connections
    this.#keys = keys
  }

  /** The channel, for jobs that are about to be enqueued. A promise until Redis has confirmed the subscription. */
  channel(): string | Promise<string> {
    if (this.#isSubscribed) return this.#channel
    // Ask the main client first: it fails fast if Redis is away. The subscriber would wait forever.
    return this.#connections
      .call((client) => client.ping())
      .then(() => this.#subscribe())
      .then(() => this.#channel)
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
    const wait = this.#add(new ResultWait(jobId, untilEnd, true))
    try {
      return await this.answer(wait, timeoutMs, signal)
    } finally {
      this.end(wait)
    }
  }

  /** Wait for the end of a job that is about to be enqueued with the {@link channel}, until {@link end}. */
  expect(jobId: string): ResultWait {
    return this.#add(new ResultWait(jobId, true, false))
  }

  /** The answer for a wait, as {@link wait} says. */
  async answer(wait: ResultWait, timeoutMs: number, signal?: AbortSignal): Promise<AwaitedResult | undefined> {
    // The interval also keeps the process alive during the wait. Not in `expect`, for which a job would wait.
    if (!this.#closed) this.#poll ??= setInterval(() => void this.#lookAtAll(), POLL_MS)
    let hasEnded = timeoutMs <= 0 || signal?.aborted === true
    const isOver = () => hasEnded || this.#closed
    const end = () => {
      hasEnded = true
      wait.wake()
    }
    const timer = startTimer(timeoutMs, end)
    signal?.addEventListener('abort', end)
    try {
      for (;;) {
        const news = await wait.next(isOver)
        if (news !== 'look') return news
        if (isOver()) return undefined
        await this.#look(wait)
      }
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
    }
  }

  /** End a wait. */
  end(wait: ResultWait): void {
    const { jobId } = wait
    const waits = this.#waiting.get(jobId)
    if (waits?.delete(wait) !== true || waits.size > 0) return
    this.#waiting.delete(jobId)
    this.#unwatch(jobId)
    if (this.#waiting.size > 0) return
    clearInterval(this.#poll)
    this.#poll = undefined
  }

  close(): void {
    this.#closed = true
    for (const jobId of this.#watches.keys()) this.#unwatch(jobId)
    clearInterval(this.#poll)
    this.#poll = undefined
    for (const jobId of [...this.#waiting.keys()]) this.#tell(jobId)
  }

  #add(wait: ResultWait): ResultWait {
    const waits = this.#waiting.get(wait.jobId)
    if (waits === undefined) this.#waiting.set(wait.jobId, new Set([wait]))
    else waits.add(wait)
    return wait
  }

  /** Pass the answer on to a wait, if there is nothing left to wait for; else register for a notice. */
  async #look(wait: ResultWait): Promise<void> {
    const { isRegistered, jobId, untilEnd } = wait
    const [word, fields, lastEntry, result] = await this.#connections.run(
      scripts.awaitResult,
      [this.#keys.job(jobId), this.#keys.results(jobId)],
      [this.#channel, untilEnd],
    )
    if (String(word) === 'over') {
      const answer = awaitedOf(decodeJob(jobId, fields), lastEntry, result)
      if (answer.status === undefined && isRegistered) this.#tellGone(wait, answer)
      else wait.tell(answer)
      return
    }
    wait.noteRegistered()
    if (lastEntry.length > 0) this.#watch(jobId, String(lastEntry))
    if (!this.#isSubscribed) this.#lookWhenSubscribed(wait)
  }

  /** A job that is not kept has its result in its notice, which comes before a confirmation that is asked for now. */
  #tellGone(wait: ResultWait, answer: AwaitedResult): void {
    const tell = () => wait.tellGone(answer)
    if (this.#subscription === undefined) tell()
    else this.#subscription.confirm().then(tell, tell)
  }

  /** A notice that comes before Redis has confirmed the subscription is lost. */
  #lookWhenSubscribed(wait: ResultWait): void {
    this.#subscribe().then(
      () => wait.tell(),
      (error: unknown) => wait.fail(error),
    )
  }

  #subscribe(): Promise<unknown> {
    if (this.#subscribed === undefined) {
      const subscription = this.#connections.subscribe(
        this.#keys.notify(this.#channel),
        (message) => {
          const { jobId, awaited } = readNotice(message)
          this.#tell(jobId, awaited)
        },
        () => void this.#lookAtAll(),
      )
      this.#subscribed = subscription.subscribed
        .then(() => {
          this.#isSubscribed = true
          this.#subscription = subscription
        })
        .catch((error: unknown) => {
          this.#subscribed = undefined
          subscription.end()
          throw error
        })
    }
    return this.#subscribed
  }

  #tell(jobId: string, answer?: AwaitedResult): void {
    for (const wait of this.#waiting.get(jobId) ?? []) wait.tell(answer)
  }

  #watch(jobId: string, lastEntry: string): void {
    if (this.#closed || !this.#waiting.has(jobId)) return
    const wake = this.#watches.get(jobId) ?? (() => this.#tell(jobId))
    this.#watches.set(jobId, wake)
    this.#connections.streams.watch(this.#keys.results(jobId), lastEntry, wake)
  }

  #unwatch(jobId: string): void {
    const wake = this.#watches.get(jobId)
    if (wake === undefined) return
    this.#watches.delete(jobId)
    this.#connections.streams.unwatch(this.#keys.results(jobId), wake)
  }

  /** Look at the jobs that were not looked at for the longest. */
  async #lookAtAll(): Promise<void> {
    const some = [...this.#waiting].slice(0, MOST_POLLED)
    for (const [jobId, waits] of some) {
      this.#waiting.delete(jobId)
      this.#waiting.set(jobId, waits)
    }
    // A poll may fail: the next one comes in a second.
    await Promise.allSettled(
      some.map(async ([, waits]) => {
        for (const wait of waits) {
          if (wait.isStored) await this.#look(wait)
          else wait.tell()
        }
      }),
    )
  }
}
