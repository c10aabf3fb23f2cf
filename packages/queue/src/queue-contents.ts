import { checkName, type DurationLike, durationS, invalidOption } from '@rq/core'
import { idOf, type JobLike, type RegistryKind } from '@rq/job'
import type { JobContext } from './context.ts'
import { Job } from './job.ts'
import { jobIdOf } from './job-view.ts'
import { Registry } from './registry.ts'

/** RQ's list of jobs that a worker has taken and not begun has a name of this form. */
const RESERVED_ENDING = ':intermediate'

/** @throws RqError `RQ_INVALID_OPTION`. */
function checkQueueName(name: unknown): string {
  const checked = checkName(name, 'queue name')
  if (checked.endsWith(RESERVED_ENDING)) {
    throw invalidOption('queue name', name, `a name that does not end in "${RESERVED_ENDING}", which RQ uses itself`)
  }
  return checked
}

export interface SliceOptions {
  /** Default 0: from the head. */
  offset?: number
  /** Default -1: to the end. */
  length?: number
}

/** What stands in a queue: reading it, and taking things out. Counts and lists are of waiting jobs only. */
export class QueueContents {
  readonly name: string
  readonly #context: JobContext
  readonly #registries = new Map<RegistryKind, Registry>()

  constructor(name: string, context: JobContext) {
    this.name = checkQueueName(name)
    this.#context = context
  }

  count(): Promise<number> {
    return this.#context.storage.queues.count(this.name)
  }

  async isEmpty(): Promise<boolean> {
    return (await this.count()) === 0
  }

  /**
   * Have workers take no jobs from this queue, for ever or for `duration`: jobs can be enqueued, and what runs goes on. Other
   * queues are not affected. Python workers do not heed it.
   * @throws RqError `RQ_INVALID_OPTION`.
   */
  async pause(options: { duration?: DurationLike } = {}): Promise<void> {
    const { duration } = options
    const durationInS = duration === undefined ? undefined : durationS(duration, 'duration')
    if (durationInS === 0) throw invalidOption('duration', duration, 'at least 1 second')
    await this.#context.storage.queues.pause(this.name, durationInS)
  }

  /** Let workers take jobs from it again; they notice within a second. Returns whether it was paused. */
  resume(): Promise<boolean> {
    return this.#context.storage.queues.resume(this.name)
  }

  isPaused(): Promise<boolean> {
    return this.#context.storage.queues.isPaused(this.name)
  }

  /** Ids in order, next first. */
  async getJobIds(options: SliceOptions = {}): Promise<string[]> {
    const { offset = 0, length = -1 } = options
    if (!Number.isInteger(offset)) throw invalidOption('offset', offset, 'a whole number')
    if (!Number.isInteger(length) || length < -1)
      throw invalidOption('length', length, 'a whole number; -1 means to the end')
    return length === 0 ? [] : this.#context.storage.queues.jobIds(this.name, offset, length)
  }

  /** Jobs in order, next first. Ids whose job is gone (its `ttl` was over) are left out, and removed from the queue. */
  async getJobs(options: SliceOptions = {}): Promise<Job[]> {
    const ids = await this.getJobIds(options)
    const records = await this.#context.storage.jobs.fetch(ids)
    const jobs: Job[] = []
    for (const [index, record] of records.entries()) {
      const id = ids[index]
      if (record !== undefined) jobs.push(new Job(record, this.#context))
      else if (id !== undefined) await this.#context.storage.queues.remove(this.name, id)
    }
    return jobs
  }

  /** A job that belongs to this queue, in whatever state; null when there is none, or it belongs to another queue. */
  async fetchJob<R = unknown>(id: string): Promise<Job<R> | null> {
    const [record] = await this.#context.storage.jobs.fetch([jobIdOf(id)])
    return record === undefined || record.origin !== this.name ? null : new Job<R>(record, this.#context)
  }

  /** Its index, 0 = next; null when it does not wait here. */
  getJobPosition(job: JobLike): Promise<number | null> {
    return this.#context.storage.queues.position(this.name, idOf(job, 'job'))
  }

  /** Take a job's id out of the queue; the job itself stays as it is. Returns how often it was there. */
  remove(job: JobLike): Promise<number> {
    return this.#context.storage.queues.remove(this.name, idOf(job, 'job'))
  }

  /** Drop ids whose job is gone, order kept. Returns how many. */
  compact(): Promise<number> {
    return this.#context.storage.queues.compact(this.name)
  }

  /** Delete all waiting jobs. Returns how many. The queue stays known, and so do jobs in other states. */
  empty(): Promise<number> {
    return this.#context.storage.queues.empty(this.name)
  }

  /** Forget the queue, and delete its waiting jobs unless `deleteJobs` is false. The next enqueue makes it anew. */
  delete(options: { deleteJobs?: boolean } = {}): Promise<void> {
    return this.#context.storage.queues.deleteQueue(this.name, options.deleteJobs ?? true)
  }

  get startedJobRegistry(): Registry {
    return this.#registry('started')
  }

  get finishedJobRegistry(): Registry {
    return this.#registry('finished')
  }

  /** Failed and stopped jobs. */
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

  /** The same queue by name, whatever the handle. */
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
