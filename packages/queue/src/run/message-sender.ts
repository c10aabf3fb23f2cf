import { RqError } from '@rq/core'
import { type JobStore, MOST_MESSAGE_BYTES, MOST_MESSAGES, type Payload } from '@rq/job'
import { CallOrder } from '../enqueue/call-order.ts'
import { noSuchJob } from '../failure/job-errors.ts'

/** The run whose messages are sent. */
export interface SendingRun {
  readonly jobId: string
  readonly executionId: string
  readonly attempt: number
}

interface Unsent {
  readonly payload: Payload
  resolve(): void
  reject(error: unknown): void
}

/**
 * Sends the messages of one run in their order: one call at a time, with all messages that have come meanwhile. Those
 * of one turn of the event loop go together.
 */
export class MessageSender {
  readonly #jobs: JobStore
  readonly #run: SendingRun
  /** Keeps messages that are being encoded in order. */
  readonly #encoding = new CallOrder()
  readonly #unsent = new Set<Promise<void>>()
  #waiting: Unsent[] = []
  #isSending = false

  constructor(jobs: JobStore, run: SendingRun) {
    this.#jobs = jobs
    this.#run = run
  }

  /** Resolves when the message is stored. A job that does not wait for that does not hear of an error either. */
  send(write: () => Payload | Promise<Payload>): Promise<void> {
    const sent = this.#written(write)
    this.#unsent.add(sent)
    const end = () => void this.#unsent.delete(sent)
    sent.then(end, end)
    return sent
  }

  /** Resolves when all messages of now are stored, or have failed. Never rejects. */
  get allSent(): Promise<unknown> {
    return Promise.allSettled(this.#unsent)
  }

  #written(write: () => Payload | Promise<Payload>): Promise<void> {
    let payload: Payload | Promise<Payload>
    try {
      payload = write()
    } catch (error) {
      return Promise.reject(error)
    }
    if (!(payload instanceof Promise) && this.#encoding.isEmpty) return this.#add(payload)
    return this.#encoding.wait(Promise.resolve(payload)).then((encoded) => this.#add(encoded))
  }

  #add(payload: Payload): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ payload, resolve, reject })
      if (!this.#isSending) void this.#sendAll()
    })
  }

  /** Never rejects. */
  async #sendAll(): Promise<void> {
    this.#isSending = true
    // For the others of this turn.
    await null
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, fitting(this.#waiting))
      try {
        await this.#store(batch.map(({ payload }) => payload))
        for (const { resolve } of batch) resolve()
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    this.#isSending = false
  }

  async #store(payloads: readonly Payload[]): Promise<void> {
    const { attempt, executionId, jobId } = this.#run
    const answer = await this.#jobs.addMessages(jobId, { from: 'job', executionId, attempt, payloads })
    if (answer === 'missing') throw noSuchJob(jobId)
    if (answer === 'refused') {
      throw new RqError(
        'RQ_LEASE_LOST',
        `Job ${jobId} has ended, or now belongs to another execution. The message was not sent.`,
      )
    }
  }
}

/** How many of them one call takes: what is kept of one source. */
function fitting(unsent: readonly Unsent[]): number {
  let bytes = 0
  const end = unsent.findIndex(({ payload }, index) => {
    bytes += Buffer.byteLength(payload)
    return index > 0 && (index === MOST_MESSAGES || bytes > MOST_MESSAGE_BYTES)
  })
  return end === -1 ? unsent.length : end
}
