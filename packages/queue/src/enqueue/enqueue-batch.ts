import { RqError } from '@rq/core'
import type { NewJob, Placement, QueueStore } from '@rq/job'

/**
 * Maximum number of jobs in one call: enough to hide the round trip, few enough that no other client waits long for the
 * store.
 */
export const MOST_PER_CALL = 500
/** Maximum payload of one call, in characters or bytes. A larger job is sent alone. */
const MOST_PAYLOAD = 4 * 1024 * 1024
/** This many waiting jobs are sent at once, before the tick ends: the store works while the other jobs are made. */
const SENT_AT_ONCE = 250
/** Calls in flight at once: while the store works on one, the next is being written. */
const MOST_IN_FLIGHT = 4

const RESOLVED = Promise.resolve()

/** A job that waits to be sent, and the promise of its caller. */
interface PendingJob {
  readonly job: NewJob
  readonly resolve: (placement: Placement) => void
  readonly reject: (error: unknown) => void
}

/**
 * Gathers concurrent `enqueue` calls into few calls of the store, in the order in which they were made. Jobs of one
 * tick are sent together, 250 at a time, and so are jobs that come while the most calls are in flight; a lone job is
 * sent at once. Each caller gets the answer for its own job only.
 */
export class EnqueueBatch {
  readonly #queues: QueueStore
  #waiting: PendingJob[] = []
  #inFlight = 0
  #flushing = false
  #onIdle: (() => void)[] = []
  readonly #flush = (): void => {
    this.#flushing = false
    while (this.#waiting.length > 0 && this.#inFlight < MOST_IN_FLIGHT) void this.#send(this.#take())
  }

  constructor(queues: QueueStore) {
    this.#queues = queues
  }

  /**
   * Send a job with others of the same tick.
   * @returns where it was placed.
   * @throws RqError of the store, for this job.
   */
  add(job: NewJob): Promise<Placement> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ job, resolve, reject })
      if (this.#waiting.length >= SENT_AT_ONCE && this.#inFlight < MOST_IN_FLIGHT) void this.#send(this.#take())
      else this.#flushSoon()
    })
  }

  /** Resolves when no job is waiting or in flight. */
  idle(): Promise<void> {
    if (this.#isIdle()) return Promise.resolve()
    return new Promise((resolve) => {
      this.#onIdle.push(resolve)
    })
  }

  #isIdle(): boolean {
    return this.#waiting.length === 0 && this.#inFlight === 0
  }

  #flushSoon(): void {
    if (this.#flushing || this.#inFlight >= MOST_IN_FLIGHT) return
    this.#flushing = true
    // Not queueMicrotask, which takes several times as long in Node.
    void RESOLVED.then(this.#flush)
  }

  #take(): PendingJob[] {
    let count = 0
    let payload = 0
    for (const { job } of this.#waiting) {
      payload += job.record.data.length
      if (count === MOST_PER_CALL || (count > 0 && payload > MOST_PAYLOAD)) break
      count++
    }
    if (count === this.#waiting.length) {
      const all = this.#waiting
      this.#waiting = []
      return all
    }
    return this.#waiting.splice(0, count)
  }

  async #send(batch: readonly PendingJob[]): Promise<void> {
    this.#inFlight++
    try {
      const placements = await this.#queues.enqueue(batch.map((waiting) => waiting.job))
      for (let at = 0; at < batch.length; at++) batch[at]?.resolve(placements[at] as Placement)
    } catch (error) {
      if (batch.length > 1 && isAboutOneJob(error)) await this.#sendEach(batch)
      else for (const waiting of batch) waiting.reject(error)
    } finally {
      this.#inFlight--
      if (this.#waiting.length > 0) this.#flushSoon()
      if (this.#onIdle.length > 0 && this.#isIdle()) for (const resolve of this.#onIdle.splice(0)) resolve()
    }
  }

  /** Send the jobs of a batch one by one: nothing of it was written, since the store refused one of its jobs. */
  async #sendEach(batch: readonly PendingJob[]): Promise<void> {
    for (const waiting of batch) {
      try {
        const [placement] = await this.#queues.enqueue([waiting.job])
        waiting.resolve(placement as Placement)
      } catch (error) {
        waiting.reject(error)
      }
    }
  }
}

/** Whether the error may be the fault of a single job, so that the others can be sent without it. */
function isAboutOneJob(error: unknown): boolean {
  if (!(error instanceof RqError)) return true
  // A key that another program has replaced: of one job, or of its queue.
  if (error.code === 'RQ_REDIS') return error.message.includes('WRONGTYPE')
  return error.code === 'RQ_SERIALIZATION' || error.code === 'RQ_INVALID_OPTION'
}

const batches = new WeakMap<QueueStore, EnqueueBatch>()

/** The batch that all queues of one store share, so that jobs for different queues are sent together. */
export function batchOf(queues: QueueStore): EnqueueBatch {
  let batch = batches.get(queues)
  if (batch === undefined) {
    batch = new EnqueueBatch(queues)
    batches.set(queues, batch)
  }
  return batch
}
