import type { JobLike, RegistryKind } from '@rq/job'
import type { JobContext } from './context.ts'
import { deleteIn, invalidOperation, promoteIn, type RequeueOptions, requeueIn } from './job-actions.ts'
import { jobIdOf } from './job-view.ts'

export interface RegistryRange {
  /** First index, from 0; negative counts from the end. Default 0. */
  start?: number
  /** Last index, included. Default -1: to the end. */
  end?: number
  /** Highest score first. Default false. */
  desc?: boolean
  /** Drop entries whose time is over before it is read. Default true. */
  cleanup?: boolean
}

/**
 * The jobs of one queue that are in one state. `failed` holds stopped jobs too; `started` is ordered by the end of the lease,
 * `finished` and `failed` by expiry, `scheduled` by due time, `deferred` and `canceled` by the time they came in.
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

  /** How many jobs it holds; expired ones are dropped first, unless `cleanup` is false. */
  async count(options: Pick<RegistryRange, 'cleanup'> = {}): Promise<number> {
    await this.#sweep(options.cleanup)
    return this.#queues.registryCount(this.queueName, this.kind)
  }

  async getJobIds(range: RegistryRange = {}): Promise<string[]> {
    await this.#sweep(range.cleanup)
    const { start = 0, end = -1, desc = false } = range
    return this.#queues.registryIds(this.queueName, this.kind, start, end, desc)
  }

  async contains(job: JobLike): Promise<boolean> {
    return (await this.#queues.registryScoreMs(this.queueName, this.kind, jobIdOf(job))) !== undefined
  }

  /**
   * When the entry expires (`finished`, `failed`), or the lease ends (`started`). Null when it never does.
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
   * Take a job out. The job itself stays as it is, unless `deleteJob` removes it from everywhere.
   * @returns whether it was there.
   * @throws RqError `RQ_INVALID_OPERATION` for the registry of started jobs: a run has to be stopped, or the job deleted.
   */
  async remove(job: JobLike, options: { deleteJob?: boolean } = {}): Promise<boolean> {
    const id = jobIdOf(job)
    if (this.kind === 'started') throw invalidOperation(id, 'runs, and cannot be taken out of the started registry')
    if (options.deleteJob !== true) return this.#queues.registryRemove(this.queueName, this.kind, id)
    const wasThere = await this.contains(id)
    // One step: in between the job would be nowhere. What is left then is an entry without a job.
    await deleteIn(this.#context.storage.jobs, id, {})
    await this.#queues.registryRemove(this.queueName, this.kind, id)
    return wasThere
  }

  /**
   * Put a failed or stopped job back into its queue, or a scheduled one into it before its time. Atomic.
   * @throws RqError `RQ_NO_SUCH_JOB`, `RQ_INVALID_OPERATION` when it is not in this registry, or this is of another kind.
   */
  async requeue(job: JobLike, options: RequeueOptions = {}): Promise<void> {
    const id = jobIdOf(job)
    if (this.kind === 'scheduled') return promoteIn(this.#context.storage, id, options)
    if (this.kind !== 'failed') throw invalidOperation(id, `cannot be requeued from the ${this.kind} registry`)
    await requeueIn(this.#context.storage.jobs, id, options)
  }

  /** Drop the entries whose time is over (`finished`, `failed`). Returns how many. */
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
