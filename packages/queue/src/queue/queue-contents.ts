import {
  checkKnownName,
  checkOptionNames,
  type DurationLike,
  durationS,
  invalidOption,
  type OptionNames,
} from '@rq/core'
import type { BrokenJobRecord, JobLike, QueueConfiguration, QueueCounts, RegistryKind } from '@rq/job'
import type { JobContext } from '../context.ts'
import { fetchRecords } from '../job/fetch-records.ts'
import { handleOf, handlesOf, type Job } from '../job/job.ts'
import { jobIdOf } from '../job/job-view.ts'
import { checkConfiguration } from './queue-configuration.ts'
import { Registry } from './registry.ts'

/** Names of queues to read; an empty one may come from Redis. @throws RqError `RQ_INVALID_OPTION`. */
export function checkKnownQueueNames(names: readonly unknown[]): string[] {
  if (!Array.isArray(names)) throw invalidOption('queue names', names, 'a list of names')
  return names.map((name) => (name === '' ? name : checkKnownName(name, 'queue name')))
}

export interface SliceOptions {
  /** Index of the first job. Default 0: the head of the queue. */
  offset?: number
  /** Number of jobs. Default -1: all that follow. */
  length?: number
}

const SLICE_NAMES: OptionNames<SliceOptions> = { offset: true, length: true }

const MOST_REMOVED_SINGLY = 3

const MOST_BROKEN = 100

/** An id that is no job. */
export interface BrokenJob {
  readonly id: string
  readonly foundAt: Date
  /** What is wrong with it, as a part of a sentence: `its key is a set, not a hash`. */
  readonly reason: string
}

/**
 * Reads the jobs of a queue of any name, and removes some. Counts and lists include waiting jobs only.
 */
export class QueueContents {
  readonly name: string
  readonly #context: JobContext
  readonly #registries = new Map<RegistryKind, Registry>()

  constructor(name: string, context: JobContext) {
    this.name = name
    this.#context = context
  }

  /** How many jobs it has in each place, and how long the next one has waited. One atomic step, rate limits aside. */
  async counts(): Promise<QueueCounts> {
    const [counts] = await this.#context.storage.queues.counts([this.name])
    return counts as QueueCounts
  }

  /** Number of waiting jobs. */
  count(): Promise<number> {
    return this.#context.storage.queues.count(this.name)
  }

  async isEmpty(): Promise<boolean> {
    return (await this.count()) === 0
  }

  /**
   * Stop workers from claiming jobs of this queue, for `duration`; by default until {@link resume}. Jobs can still be
   * enqueued, and running jobs continue. Python workers ignore it.
   * @throws RqError `RQ_INVALID_OPTION`.
   */
  async pause(options: { duration?: DurationLike } = {}): Promise<void> {
    const { duration } = checkOptionNames(options, { duration: true }, 'queue.pause')
    const durationInS = duration === undefined ? undefined : durationS(duration, 'duration')
    if (durationInS === 0) throw invalidOption('duration', duration, 'at least 1 second')
    await this.#context.storage.queues.pause(this.name, durationInS)
  }

  /** Let workers claim jobs of this queue again; they notice within a second. @returns whether it was paused. */
  resume(): Promise<boolean> {
    return this.#context.storage.queues.resume(this.name)
  }

  isPaused(): Promise<boolean> {
    return this.#context.storage.queues.isPaused(this.name)
  }

  /**
   * Set how many ended jobs this queue keeps: the newest ones, by when they ended. What is absent stays as it is. The
   * limits are stored for all producers and workers, in one atomic step. Then jobs that are more are deleted with their
   * results, in bounded steps. A limit deletes jobs whose `resultTtl` or `failureTtl` has not passed, and keeps none
   * longer. Each worker of ours knows of a change within seconds and then applies the limits with each call that ends
   * jobs; maintenance applies them to all others.
   * @param options.keepFinished how many finished jobs, 0 = none; null = no limit.
   * @param options.keepFailed how many failed and stopped jobs, 0 = none; null = no limit.
   * @returns all limits of the queue, after the change.
   * @throws RqError `RQ_INVALID_OPTION`: nothing was written.
   */
  async configure(options: Partial<QueueConfiguration>): Promise<QueueConfiguration> {
    return this.#context.storage.queues.configure(this.name, checkConfiguration(options))
  }

  /** The limits that {@link configure} has set; null = no limit. */
  configuration(): Promise<QueueConfiguration> {
    return this.#context.storage.queues.configuration(this.name)
  }

  /** Ids of waiting jobs in order, next first. */
  async getJobIds(options: SliceOptions = {}): Promise<string[]> {
    const { offset = 0, length = -1 } = checkOptionNames(options, SLICE_NAMES, 'queue.getJobs')
    if (!Number.isInteger(offset)) throw invalidOption('offset', offset, 'a whole number')
    if (!Number.isInteger(length) || length < -1)
      throw invalidOption('length', length, 'a whole number; -1 means to the end')
    return length === 0 ? [] : this.#context.storage.queues.jobIds(this.name, offset, length)
  }

  /** Waiting jobs in order, next first. Ids without a job (its `ttl` is over) are removed from the queue. */
  async getJobs(options: SliceOptions = {}): Promise<Job[]> {
    const ids = await this.getJobIds(options)
    const records = await fetchRecords(ids, this.#context)
    const { queues } = this.#context.storage
    const gone = ids.filter((_, index) => records[index] === undefined)
    // Each removal reads the whole queue.
    if (gone.length > MOST_REMOVED_SINGLY) await queues.compact(this.name)
    else for (const id of gone) await queues.remove(this.name, id)
    return handlesOf(records, this.#context)
  }

  /** A job of this queue in any status; null when there is no such job, or it belongs to another queue. */
  async fetchJob<R = unknown>(id: string): Promise<Job<R> | null> {
    const [record] = await fetchRecords([jobIdOf(id)], this.#context)
    return record === undefined || record.origin !== this.name ? null : handleOf<R>(record, this.#context)
  }

  /** The index of a job, 0 = next; null when it does not wait here. */
  getJobPosition(job: JobLike): Promise<number | null> {
    return this.#context.storage.queues.position(this.name, knownId(job))
  }

  /** Remove the id of a job from the queue. The job itself stays as it is. @returns how many entries were removed. */
  remove(job: JobLike): Promise<number> {
    return this.#context.storage.queues.remove(this.name, knownId(job))
  }

  /** Remove ids without a job. The order stays. @returns how many were removed. */
  compact(): Promise<number> {
    return this.#context.storage.queues.compact(this.name)
  }

  /**
   * Ids of this queue that were set aside, and that nothing runs: their key in Redis is no job, or the store refused
   * each end of their job. The oldest first, 1000 at most. Those that are deleted, mended or enqueued again are not
   * listed any more. `length`: default 100.
   */
  async getBrokenJobs(options: { length?: number } = {}): Promise<BrokenJob[]> {
    const { length = MOST_BROKEN } = checkOptionNames(options, { length: true }, 'queue.getBrokenJobs')
    const found = await this.#context.storage.queues.brokenJobs(this.name, length)
    return found.map((record) => ({
      id: record.id,
      foundAt: new Date(record.foundAtMs),
      reason: reasonOf(record),
    }))
  }

  /** Delete all waiting jobs. The queue stays listed, and jobs in other states stay. @returns how many were deleted. */
  empty(): Promise<number> {
    return this.#context.storage.queues.empty(this.name)
  }

  /**
   * Remove the queue from the list of queues, end its pause, forget its limits, and delete its waiting jobs unless
   * `deleteJobs` is false. The next enqueue brings it back.
   */
  async delete(options: { deleteJobs?: boolean } = {}): Promise<void> {
    checkOptionNames(options, { deleteJobs: true }, 'queue.delete')
    return this.#context.storage.queues.deleteQueue(this.name, options.deleteJobs ?? true)
  }

  get startedJobRegistry(): Registry {
    return this.#registry('started')
  }

  get finishedJobRegistry(): Registry {
    return this.#registry('finished')
  }

  /** The registry of failed and stopped jobs. */
  get failedJobRegistry(): Registry {
    return this.#registry('failed')
  }

  get deferredJobRegistry(): Registry {
    return this.#registry('deferred')
  }

  get scheduledJobRegistry(): Registry {
    return this.#registry('scheduled')
  }

  get canceledJobRegistry(): Registry {
    return this.#registry('canceled')
  }

  /** Whether `other` is a queue of the same name. */
  equals(other: unknown): boolean {
    return other instanceof QueueContents && other.name === this.name
  }

  toString(): string {
    return `<Queue ${this.name}>`
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString()
  }

  #registry(kind: RegistryKind): Registry {
    let registry = this.#registries.get(kind)
    if (registry === undefined) {
      registry = new Registry(kind, this.name, this.#context)
      this.#registries.set(kind, registry)
    }
    return registry
  }
}

function reasonOf({ keyType, refusal }: BrokenJobRecord): string {
  if (keyType !== 'hash') return `its key is a ${keyType}, not a hash`
  return refusal === undefined ? 'it has no data' : `the store refused its end: ${refusal}`
}

/** The id of a job, as it stands in lists: with a colon it is not that of a run. */
function knownId(job: JobLike): string {
  return checkKnownName(typeof job === 'object' && job !== null ? job.id : job, 'job')
}
