import { RqError, randomHex, SECOND_MS, startTimer } from '@rq/core'
import type { MessageSource, MessagesPage, MessagesRequest } from '@rq/job'
import { decodeMessages } from '../codec/message-codec.ts'
import type { Connections } from '../connection/connections.ts'
import * as scripts from '../connection/scripts.generated.ts'
import type { Subscription } from '../connection/subscriptions.ts'
import type { Keys } from '../keys.ts'

/** How often a reader that waits looks without a notice: one can be lost, and Python RQ publishes none. */
const LOOK_MS = SECOND_MS
/** A notice that a job has ended has more lines behind its id. */
const LINE_FEED = 0x0a

/** What the channels of readers begin with, by what they read; `add_messages` knows it. */
const CHANNEL_START: Readonly<Record<MessageSource, string>> = { job: 'm-', outside: 'p-' }

/**
 * Reads the messages of jobs. All readers that wait share the subscriber's connection: the job notes their channel
 * among its waiters, so the script that adds a message notifies them, and so does the one that ends the job.
 */
export class MessageReaders {
  readonly #connections: Connections
  readonly #keys: Keys
  readonly #name = randomHex()
  /** By job: what wakes the readers that wait. */
  readonly #waiting = new Map<string, Set<() => void>>()
  readonly #subscriptions = new Map<MessageSource, Subscription>()
  #closed = false

  constructor(connections: Connections, keys: Keys) {
    this.#connections = connections
    this.#keys = keys
  }

  /** As {@link JobStore.readMessages}. One that has read before goes on after an outage, until its time is over. */
  async read(jobId: string, request: MessagesRequest, signal?: AbortSignal): Promise<MessagesPage> {
    const deadlineMs = performance.now() + request.timeoutMs
    // A work horse may ask for anything.
    const from = request.from === 'job' ? 'job' : 'outside'
    let { after } = request
    for (;;) {
      const wait = this.#wait(jobId, signal)
      try {
        this.#subscribe(from)
        const answer = await this.#ask(jobId, from, after)
        const leftMs = deadlineMs - performance.now()
        const isOver = !(leftMs > 0) || this.#closed || signal?.aborted === true
        if (answer instanceof RqError) {
          if (isOver || after === undefined) throw answer
        } else {
          if (isOver || hasNews(answer)) return answer
          // From now on it is a loss when a message goes before it is read.
          after ??= answer.last
        }
        await wait.forNews(Math.min(leftMs, LOOK_MS))
      } finally {
        wait.end()
      }
    }
  }

  close(): void {
    this.#closed = true
    for (const { end } of this.#subscriptions.values()) end()
    for (const jobId of this.#waiting.keys()) this.#wake(jobId)
  }

  /** Returns the error of a call that may succeed later. */
  async #ask(jobId: string, from: MessageSource, after = -1): Promise<MessagesPage | RqError> {
    const keys: [job: string, list: string] = [this.#keys.job(jobId), this.#keys.messages(jobId, from)]
    try {
      return decodeMessages(await this.#connections.run(scripts.readMessages, keys, [from, this.#channel(from), after]))
    } catch (error) {
      if (error instanceof RqError && error.retryable) return error
      throw error
    }
  }

  /** Begin before the store is asked, so that a notice that comes meanwhile counts. */
  #wait(jobId: string, signal: AbortSignal | undefined): { forNews(mostMs: number): Promise<void>; end(): void } {
    let hasNews = false
    let wake = () => {}
    const note = () => {
      hasNews = true
      wake()
    }
    const waiting = this.#waiting.get(jobId) ?? new Set()
    this.#waiting.set(jobId, waiting.add(note))
    signal?.addEventListener('abort', note)
    return {
      forNews: async (mostMs) => {
        if (hasNews) return
        let timer: NodeJS.Timeout | undefined
        await new Promise<void>((resolve) => {
          wake = resolve
          timer = startTimer(mostMs, resolve)
        })
        clearTimeout(timer)
      },
      end: () => {
        signal?.removeEventListener('abort', note)
        waiting.delete(note)
        if (waiting.size === 0 && this.#waiting.get(jobId) === waiting) this.#waiting.delete(jobId)
      },
    }
  }

  /** A notice that comes before Redis has confirmed the subscription is lost, so all look again then. */
  #subscribe(from: MessageSource): void {
    if (this.#closed || this.#subscriptions.has(from)) return
    const wakeAll = () => {
      for (const jobId of this.#waiting.keys()) this.#wake(jobId)
    }
    const channel = this.#keys.notify(this.#channel(from))
    const subscription = this.#connections.subscribe(channel, (notice) => this.#wake(jobOf(notice)), wakeAll)
    this.#subscriptions.set(from, subscription)
    subscription.subscribed.then(wakeAll, () => {
      subscription.end()
      this.#subscriptions.delete(from)
    })
  }

  #channel(from: MessageSource): string {
    return CHANNEL_START[from] + this.#name
  }

  #wake(jobId: string): void {
    for (const wake of this.#waiting.get(jobId) ?? []) wake()
  }
}

function hasNews({ lost, messages, state }: MessagesPage): boolean {
  return state !== 'open' || lost > 0 || messages.length > 0
}

function jobOf(notice: Buffer): string {
  const end = notice.indexOf(LINE_FEED)
  return String(end === -1 ? notice : notice.subarray(0, end))
}
