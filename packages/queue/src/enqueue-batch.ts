import { RqError } from '@rq/core'
import type { NewJob, Placement, QueueStore } from '@rq/job'

/** Most jobs in one call: enough to hide the round trip, few enough that no other client waits long for Redis. */
export const MOST_PER_CALL = 500
/** Most payload in one call, in characters or bytes; one larger job goes alone. */
const MOST_PAYLOAD = 4 * 1024 * 1024
/** So many that wait are sent at once, without waiting for more of the same tick: Redis works while the others are made. */
const ENOUGH = 250
/** Calls under way at once: while Redis works on one, the next is being written. */
const MOST_IN_FLIGHT = 4

interface Waiting {
  readonly job: NewJob
  readonly resolve: (placement: Placement) => void
  readonly reject: (error: unknown) => void
}

/**
 * Turns concurrent `enqueue` calls into few calls of the store, in the order in which they were made. What arrives in one
 * tick goes together, 250 at a time, and so does what arrives while the most calls are in flight; a lone call is sent at once.
 * Each caller learns of its own job only.
 */
export class EnqueueBatch {
  readonly #queues: QueueStore
  #waiting: Waiting[] = []
  #inFlight = 0
  #flushing = false
  #onIdle: (() => void)[] = []

  constructor(queues: QueueStore) {
    this.#queues = queues
  }

  /** @throws RqError of the store, for this job. */
  add(job: NewJob): Promise<Placement> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ job, resolve, reject })
      if (this.#waiting.length >= ENOUGH && this.#inFlight < MOST_IN_FLIGHT) void this.#send(this.#take())
      else this.#flushSoon()
    })
  }

  /** Resolves when nothing waits and nothing is in flight. */
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
    queueMicrotask(() => {
      this.#flushing = false
      while (this.#waiting.length > 0 && this.#inFlight < MOST_IN_FLIGHT) void this.#send(this.#take())
    })
  }

  #take(): Waiting[] {
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

  async #send(batch: readonly Waiting[]): Promise<void> {
    this.#inFlight++
    try {
      const placements = await this.#queues.enqueue(batch.map((waiting) => waiting.job))
      for (const [index, waiting] of batch.entries()) settle(waiting, placements[index])
    } catch (error) {
      if (batch.length > 1 && isAboutOneJob(error)) await this.#sendEach(batch)
      else for (const waiting of batch) waiting.reject(error)
    } finally {
      this.#inFlight--
      this.#flushSoon()
      if (this.#isIdle()) for (const resolve of this.#onIdle.splice(0)) resolve()
    }
  }

  /** Nothing of the batch was written: one job spoiled it for the others. */
  async #sendEach(batch: readonly Waiting[]): Promise<void> {
    for (const waiting of batch) {
      try {
        const [placement] = await this.#queues.enqueue([waiting.job])
        settle(waiting, placement)
      } catch (error) {
        waiting.reject(error)
      }
    }
  }
}

function settle(waiting: Waiting, placement: Placement | undefined): void {
  if (placement !== undefined) waiting.resolve(placement)
  else waiting.reject(new RqError('RQ_REDIS', 'The store did not say what became of the job.'))
}

/** Whether sending the same jobs apart could make a difference: not when the store itself is the trouble. */
function isAboutOneJob(error: unknown): boolean {
  if (!(error instanceof RqError)) return true
  return error.code === 'RQ_SERIALIZATION' || error.code === 'RQ_INVALID_OPTION'
}

const batches = new WeakMap<QueueStore, EnqueueBatch>()

/** The batch that all queues on one store share, so that jobs for different queues travel together. */
export function batchOf(queues: QueueStore): EnqueueBatch {
  let batch = batches.get(queues)
  if (batch === undefined) {
    batch = new EnqueueBatch(queues)
    batches.set(queues, batch)
  }
  return batch
}
