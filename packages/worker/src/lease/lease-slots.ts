import type { RenewedLease } from './lease-renewer.ts'

/** A worker has as many leases as it runs jobs, and as it has claimed ahead. Further ones are sent as messages. */
const SLOTS = 2048
/** Of the text of one lease: the names of its queue, job and execution. Longer ones are sent as messages. */
const TEXT_BYTES = 384
const MOST_BYTES_PER_CHARACTER = 3

/** The words of a head. VERSION is odd while the slot is being written; LENGTH is 0 in a slot without a lease. */
const VERSION = 0
const LENGTH = 1
const QUEUE_LENGTH = 2
const JOB_LENGTH = 3
/** Counts the leases, and may wrap around. */
const NUMBER = 4
const HEAD_WORDS = 5
const WORD_BYTES = Int32Array.BYTES_PER_ELEMENT

const HEADS_BYTES = SLOTS * HEAD_WORDS * WORD_BYTES
const LIMITS_BYTES = SLOTS * Float64Array.BYTES_PER_ELEMENT

interface Numbered {
  readonly number: number
  readonly lease: RenewedLease
}

/**
 * Leases in memory that a worker's event loop shares with the thread that renews them. The loop writes each lease once
 * and does not wake the thread, which reads them when it is about to send a heartbeat. Neither waits for the other one.
 */
export class LeaseSlots {
  readonly memory: SharedArrayBuffer
  readonly #heads: Int32Array
  /** First in memory, since their words are the longest. */
  readonly #limits: Float64Array
  readonly #texts: Buffer
  readonly #free: number[] = []
  #count = 0

  constructor(memory = new SharedArrayBuffer(HEADS_BYTES + LIMITS_BYTES + SLOTS * TEXT_BYTES)) {
    this.memory = memory
    this.#limits = new Float64Array(memory, 0, SLOTS)
    this.#heads = new Int32Array(memory, LIMITS_BYTES, SLOTS * HEAD_WORDS)
    this.#texts = Buffer.from(memory, LIMITS_BYTES + HEADS_BYTES)
    for (let slot = SLOTS - 1; slot >= 0; slot--) this.#free.push(slot)
  }

  /** Write a lease. Returns its slot; undefined when there is no room for it. For the loop. */
  put(queue: string, jobId: string, executionId: string, longestRunMs: number): number | undefined {
    const text = queue + jobId + executionId
    if (text.length * MOST_BYTES_PER_CHARACTER > TEXT_BYTES) return undefined
    const slot = this.#free.pop()
    if (slot === undefined) return undefined
    const head = slot * HEAD_WORDS
    Atomics.add(this.#heads, head + VERSION, 1)
    this.#heads[head + QUEUE_LENGTH] = queue.length
    this.#heads[head + JOB_LENGTH] = jobId.length
    this.#heads[head + NUMBER] = this.#count++
    this.#heads[head + LENGTH] = this.#texts.write(text, slot * TEXT_BYTES)
    this.#limits[slot] = longestRunMs
    Atomics.add(this.#heads, head + VERSION, 1)
    return slot
  }

  /** Make the slot free again. For the loop. */
  free(slot: number): void {
    Atomics.store(this.#heads, slot * HEAD_WORDS + LENGTH, 0)
    this.#free.push(slot)
  }

  /** All leases in order, except for one that is being written: its job was claimed just now. For the thread. */
  read(): RenewedLease[] {
    const found: Numbered[] = []
    for (let slot = 0; slot < SLOTS; slot++) {
      const one = this.#read(slot)
      if (one !== undefined) found.push(one)
    }
    return found.sort((a, b) => (a.number - b.number) | 0).map(({ lease }) => lease)
  }

  #read(slot: number): Numbered | undefined {
    const head = slot * HEAD_WORDS
    const version = Atomics.load(this.#heads, head + VERSION)
    const length = Atomics.load(this.#heads, head + LENGTH)
    if (length === 0 || version % 2 !== 0) return undefined
    const queueLength = this.#heads[head + QUEUE_LENGTH] ?? 0
    const jobEnd = queueLength + (this.#heads[head + JOB_LENGTH] ?? 0)
    const text = this.#texts.toString('utf8', slot * TEXT_BYTES, slot * TEXT_BYTES + length)
    const longestRunMs = this.#limits[slot] ?? 0
    const number = this.#heads[head + NUMBER] ?? 0
    // An addition of nothing, since what was read before a mere load may be newer than what the load returns.
    if (Atomics.add(this.#heads, head + VERSION, 0) !== version) return undefined
    const lease = {
      queue: text.slice(0, queueLength),
      jobId: text.slice(queueLength, jobEnd),
      executionId: text.slice(jobEnd),
    }
    return { number, lease: { lease, longestRunMs } }
  }
}
