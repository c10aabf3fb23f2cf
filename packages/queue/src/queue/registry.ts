import { checkOptionNames, invalidOption, type OptionNames, RqError } from '@rq/core'
import type { JobLike, RegistryKind } from '@rq/job'
import type { JobContext } from '../context.ts'
import { fetchRecords } from '../job/fetch-records.ts'
import { handlesOf, type Job } from '../job/job.ts'
import { deleteIn, invalidOperation, promoteIn, type RequeueOptions, requeueIn } from '../job/job-actions.ts'
import { jobIdOf } from '../job/job-view.ts'
import { type BulkResult, type BulkWork, type Taken, takeAll } from './registry-bulk.ts'
import { jobsOf, type RegistryJobsOptions, type RegistryPlace } from './registry-jobs.ts'
import { type RegistrySelection, SELECTION_NAMES } from './registry-selection.ts'

export interface RegistryRange {
  /** First index, from 0; a negative one counts from the end. Default 0. */
  start?: number
  /** Last index, inclusive. Default -1: the end. */
  end?: number
  /** Highest score first. Default false. */
  desc?: boolean
  /** Remove expired entries first. Default true. */
  cleanup?: boolean
}

const RANGE_NAMES: OptionNames<RegistryRange> = { start: true, end: true, desc: true, cleanup: true }

const BULK_NAMES: OptionNames<RegistrySelection & RequeueOptions> = { ...SELECTION_NAMES, atFront: true }

/**
 * The jobs of one queue in one status. `failed` also has the stopped jobs. `started` is ordered by the end of the
 * lease, `finished` and `failed` by expiry, `scheduled` by due time, `deferred` and `canceled` by time of entry.
 */
export class Registry {
  readonly kind: RegistryKind
  readonly queueName: string
  readonly #context: JobContext

  constructor(kind: RegistryKind, queueName: string, context: JobContext) {
    this.kind = kind
    this.queueName = queueName
    this.#context = context
  }

  /** Number of jobs. Expired ones count only if `cleanup` is false. */
  async count(options: Pick<RegistryRange, 'cleanup'> = {}): Promise<number> {
    checkOptionNames(options, { cleanup: true }, 'registry.count')
    return this.#queues.registryCount(this.queueName, this.kind, options.cleanup === false)
  }

  /** Ids of the jobs in order. Expired ones are removed first, unless `cleanup` is false. */
  async getJobIds(range: RegistryRange = {}): Promise<string[]> {
    checkOptionNames(range, RANGE_NAMES, 'registry.getJobIds')
    await this.#sweep(range.cleanup)
    const { start = 0, end = -1, desc = false } = range
    return this.#queues.registryIds(this.queueName, this.kind, start, end, desc)
  }

  /** Its jobs, in the order of {@link getJobIds}. Those that are gone are left out. Two calls of the store. */
  async getJobs(range: RegistryRange = {}): Promise<Job[]> {
    const ids = await this.getJobIds(checkOptionNames(range, RANGE_NAMES, 'registry.getJobs'))
    return handlesOf(await fetchRecords(ids, this.#context), this.#context)
  }

  /**
   * Those of its jobs that are meant, one after the other, read a hundred at a time: `for await (const job of
   * registry.jobs({ error: 'ECONNRESET', limit: 20 }))`. Those that are gone are left out. A job that leaves the
   * registry during the loop may hide another one; {@link requeueAll} and {@link clear} move many.
   * @throws RqError `RQ_INVALID_OPTION`, when the loop begins.
   */
  jobs(options: RegistryJobsOptions = {}): AsyncGenerator<Job, void, void> {
    return jobsOf(this.#place, options)
  }

  async contains(job: JobLike): Promise<boolean> {
    return (await this.#queues.registryScoreMs(this.queueName, this.kind, jobIdOf(job))) !== undefined
  }

  /**
   * When the entry expires (`finished`, `failed`), or the lease ends (`started`); null for never.
   * @throws RqError `RQ_INVALID_OPERATION` when the job is not in the registry.
   */
  async getExpirationTime(job: JobLike): Promise<Date | null> {
    const ms = await this.#score(job)
    return Number.isFinite(ms) && ms >= 0 ? new Date(ms) : null
  }

  /**
   * When a scheduled job is due.
   * @throws RqError `RQ_INVALID_OPERATION` when the job is not in the registry.
   */
  async getScheduledTime(job: JobLike): Promise<Date> {
    return new Date(await this.#score(job))
  }

  /**
   * Remove a job from the registry. The job itself stays as it is, unless `deleteJob` is true.
   * @returns whether it was there.
   * @throws RqError `RQ_INVALID_OPERATION` for the registry of started jobs: stop the run, or delete the job.
   */
  async remove(job: JobLike, options: { deleteJob?: boolean } = {}): Promise<boolean> {
    checkOptionNames(options, { deleteJob: true }, 'registry.remove')
    const id = jobIdOf(job)
    if (this.kind === 'started')
      throw invalidOperation(id, 'is running, and cannot be removed from the started registry')
    if (options.deleteJob !== true) return this.#queues.registryRemove(this.queueName, this.kind, id)
    const wasThere = await this.contains(id)
    // Delete first: between two steps in the other order the job would be in no registry. An entry may be left without
    // a job.
    await deleteIn(this.#context.storage.jobs, id, {})
    await this.#queues.registryRemove(this.queueName, this.kind, id)
    return wasThere
  }

  /**
   * Move a failed or stopped job back to its queue, or a scheduled one before it is due. Atomic. A failed job that is
   * gone leaves the registry.
   * @throws RqError `RQ_NO_SUCH_JOB`, `RQ_INVALID_OPERATION` when it is not in this registry, or the registry is of
   *   another kind.
   */
  async requeue(job: JobLike, options: RequeueOptions = {}): Promise<void> {
    const id = jobIdOf(job)
    if (this.kind === 'scheduled') return promoteIn(this.#context.storage, id, options)
    if (this.kind !== 'failed') throw invalidOperation(id, `cannot be requeued from the ${this.kind} registry`)
    await requeueIn(this.#context.storage.jobs, id, options, this.queueName)
  }

  /**
   * Requeue many jobs of this registry: failed or stopped ones, or scheduled ones before they are due. Each in an
   * atomic step, a hundred at a time. Entries of jobs that are gone are dropped.
   * @throws RqError `RQ_INVALID_OPTION`, `RQ_INVALID_OPERATION` for a registry of another kind.
   */
  async requeueAll(options: RegistrySelection & RequeueOptions = {}): Promise<BulkResult> {
    checkOptionNames(options, BULK_NAMES, 'registry.requeueAll')
    const { atFront = false, ...selection } = options
    if (typeof atFront !== 'boolean') throw invalidOption('atFront', atFront, 'true or false')
    if (this.kind !== 'failed' && this.kind !== 'scheduled') throw this.#refusal('cannot be requeued from')
    return takeAll(
      this.#workWith((id) => this.#requeueOne(id, atFront)),
      selection,
      'registry.requeueAll',
    )
  }

  /**
   * Delete many jobs of this registry, with their results. Each in an atomic step, a hundred at a time. Jobs that wait
   * for them stay.
   * @throws RqError `RQ_INVALID_OPTION`, `RQ_INVALID_OPERATION` for the registry of started jobs.
   */
  async clear(options: RegistrySelection = {}): Promise<BulkResult> {
    checkOptionNames(options, SELECTION_NAMES, 'registry.clear')
    if (this.kind === 'started') throw this.#refusal('are running, and cannot be deleted with')
    const take = async (id: string) => ((await this.remove(id, { deleteJob: true })) ? 'done' : 'gone')
    return takeAll(this.#workWith(take), options, 'registry.clear')
  }

  async #requeueOne(id: string, atFront: boolean): Promise<Taken> {
    try {
      await this.requeue(id, { atFront })
      return 'done'
    } catch (error) {
      if (!(error instanceof RqError)) throw error
      // Another program has moved or deleted it.
      if (error.code !== 'RQ_NO_SUCH_JOB' && error.code !== 'RQ_INVALID_OPERATION') throw error
      return (await this.contains(id)) ? 'kept' : 'gone'
    }
  }

  #workWith(take: (jobId: string) => Promise<Taken>): BulkWork {
    return { ...this.#place, take }
  }

  get #place(): RegistryPlace {
    return { kind: this.kind, queue: this.queueName, context: this.#context }
  }

  #refusal(why: string): RqError {
    return new RqError('RQ_INVALID_OPERATION', `Jobs ${why} the ${this.kind} registry of ${this.queueName}.`, {
      details: { queue: this.queueName, registry: this.kind },
    })
  }

  /** Remove expired entries (`finished`, `failed`). @returns how many were removed. */
  cleanup(): Promise<number> {
    return this.#queues.registryCleanup(this.queueName, this.kind)
  }

  toString(): string {
    return `<Registry ${this.kind} of ${this.queueName}>`
  }

  get #queues() {
    return this.#context.storage.queues
  }

  async #sweep(isWanted = true): Promise<void> {
    if (!isWanted) return
    if (this.kind === 'finished' || this.kind === 'failed') await this.cleanup()
  }

  async #score(job: JobLike): Promise<number> {
    const id = jobIdOf(job)
    const ms = await this.#queues.registryScoreMs(this.queueName, this.kind, id)
    if (ms === undefined) throw invalidOperation(id, `is not in the ${this.kind} registry of ${this.queueName}`)
    return ms
  }
}
