import { type DurationLike, RqError } from '@rq/core'
import { type AnyFunction, checkOptions, type EnqueueOptions, type JobRecord, type JobStatus } from '@rq/job'
import { awaitReturnValue, latestResult } from './await-result.ts'
import { findNames } from './call-names.ts'
import type { Callable, CallRest, ResultOf } from './call-types.ts'
import { contextOf, type JobContext, type StorageOptions, type StoragePlace } from './context.ts'
import { type Explanation, explain } from './explanation.ts'
import {
  type CancelOptions,
  cancelIn,
  type DeleteOptions,
  deleteIn,
  invalidOperation,
  type RequeueOptions,
  requeueIn,
  rescheduleIn,
  stopIn,
} from './job-actions.ts'
import { noSuchJob } from './job-errors.ts'
import { JobView, jobIdOf } from './job-view.ts'
import { checkArgs, newRecord } from './new-record.ts'
import { Result } from './result.ts'
import { dateOf, type When } from './when.ts'

/** What `Job.create` takes beside the options of the job itself. */
export interface CreateOptions extends EnqueueOptions, StorageOptions {
  /** The queue it will belong to. Default: none until it is enqueued. */
  origin?: string
  /** Folders below which functions are named. Default: the working directory. */
  importPaths?: readonly string[]
}

/** One run of a job that is going on. */
export interface Execution {
  readonly id: string
  readonly jobId: string
  /** When the worker's lease ends unless it is renewed. */
  readonly leaseEndsAt: Date
  readonly workerName: string | undefined
  /** Undefined until the worker has beaten for it, which takes some seconds. */
  readonly lastHeartbeat: Date | undefined
}

/** A time limit for waiting. */
export interface WaitOptions {
  timeout?: DurationLike
}

/**
 * A handle on one job. Its fields are a snapshot, taken when it was enqueued, fetched or last refreshed;
 * its methods ask the store. Two handles of one job know nothing of each other.
 */
export class Job<R = unknown> extends JobView {
  readonly #context: JobContext

  constructor(record: JobRecord, context: JobContext) {
    super(record, context.serializer)
    this.#context = context
  }

  /**
   * A job that is nowhere yet: `save()` stores it, `queue.enqueueJob(job)` puts it into a queue.
   * @throws RqError `RQ_INVALID_OPTION`, `RQ_INVALID_REFERENCE`, `RQ_SERIALIZATION`.
   */
  static async create<F extends AnyFunction>(
    func: Callable<F>,
    ...rest: CallRest<F, CreateOptions>
  ): Promise<Job<ResultOf<F>>> {
    const given: CreateOptions & StoragePlace = rest[1] ?? {}
    const { connection, prefix, storage, serializer, origin = '', importPaths, ...options } = given
    const context = contextOf(given)
    const checked = checkOptions(options)
    const args = checkArgs(rest[0])
    const names = await findNames(func, checked, importPaths === undefined ? {} : { importPaths })
    const defaults = { origin, serializer: context.serializer, results: 'hash' } as const
    return new Job(newRecord(names, args, checked, defaults), context)
  }

  /** @throws RqError `RQ_NO_SUCH_JOB`. */
  static async fetch<R = unknown>(id: string, options: StorageOptions = {}): Promise<Job<R>> {
    const [job] = await Job.fetchMany<R>([id], options)
    if (job === undefined || job === null) throw noSuchJob(jobIdOf(id))
    return job
  }

  /** In the order of `ids`; null where there is no such job. One atomic step. */
  static async fetchMany<R = unknown>(
    ids: readonly string[],
    options: StorageOptions = {},
  ): Promise<(Job<R> | null)[]> {
    const context = contextOf(options)
    const records = await context.storage.jobs.fetch(ids.map((id) => jobIdOf(id)))
    return records.map((record) => (record === undefined ? null : new Job<R>(record, context)))
  }

  static async exists(id: string, options: StorageOptions = {}): Promise<boolean> {
    return contextOf(options).storage.jobs.exists(jobIdOf(id))
  }

  /** Fired on timeout, stop and lost lease. Only in the job that is being run; undefined elsewhere. */
  get signal(): AbortSignal | undefined {
    return this.#context.signal
  }

  /**
   * @param options.refresh ask the store first. Default true.
   * @throws RqError `RQ_INVALID_OPERATION` when the job is gone.
   */
  async getStatus(options: { refresh?: boolean } = {}): Promise<JobStatus> {
    if (options.refresh === false) return this.record.status
    const status = await this.#context.storage.jobs.status(this.id)
    if (status === undefined) throw invalidOperation(this.id, 'has no status: it is gone')
    this.record.status = status
    return status
  }

  async isQueued(): Promise<boolean> {
    return (await this.getStatus()) === 'queued'
  }

  async isStarted(): Promise<boolean> {
    return (await this.getStatus()) === 'started'
  }

  async isFinished(): Promise<boolean> {
    return (await this.getStatus()) === 'finished'
  }

  async isFailed(): Promise<boolean> {
    return (await this.getStatus()) === 'failed'
  }

  async isDeferred(): Promise<boolean> {
    return (await this.getStatus()) === 'deferred'
  }

  async isScheduled(): Promise<boolean> {
    return (await this.getStatus()) === 'scheduled'
  }

  async isStopped(): Promise<boolean> {
    return (await this.getStatus()) === 'stopped'
  }

  async isCanceled(): Promise<boolean> {
    return (await this.getStatus()) === 'canceled'
  }

  /** What the latest run returned: undefined until one has succeeded; null when it returned nothing. */
  async returnValue(): Promise<R | undefined> {
    const result = await this.latestResult()
    return result?.type === 'successful' ? (result.returnValue as R) : undefined
  }

  /** The newest result, or null. Waits up to `timeout` (default 0) for the first one, and is woken by it at once. */
  latestResult(options: WaitOptions = {}): Promise<Result<R> | null> {
    return latestResult<R>(this.id, this.#context, options.timeout ?? 0)
  }

  /** Up to 10 results, newest first. */
  async results(): Promise<Result<R>[]> {
    const records = await this.#context.storage.jobs.results(this.id)
    return records.map((record) => new Result<R>(record, this.#context.serializer))
  }

  /**
   * Wait until the job has ended, and return what it returned (null when that was nothing). A job that is retried or
   * repeated has ended when its last run has.
   * @throws JobFailedError with the remote stack; TimeoutError after `timeout` (default: waits for ever);
   *   RqError `RQ_JOB_STOPPED`, `RQ_INVALID_OPERATION` (canceled), `RQ_NO_SUCH_JOB` (gone).
   */
  result(options: WaitOptions = {}): Promise<R> {
    return awaitReturnValue<R>(this.id, this.#context, options.timeout)
  }

  /** Read the whole record again. @throws RqError `RQ_NO_SUCH_JOB`. */
  async refresh(): Promise<void> {
    const [record] = await this.#context.storage.jobs.fetch([this.id])
    if (record === undefined) throw noSuchJob(this.id)
    this.record = record
  }

  /** Write the whole record, putting it nowhere. Its status stays; a new job is `created`. */
  async save(): Promise<void> {
    await this.#context.storage.jobs.save(this.toRecord())
  }

  /**
   * Write meta and nothing else.
   * @throws RqError `RQ_NO_SUCH_JOB`; `RQ_LEASE_LOST` in a job whose worker no longer owns it.
   */
  async saveMeta(): Promise<void> {
    const { storage, executionId } = this.#context
    const meta = this.dumpMeta()
    const answer = await storage.jobs.saveMeta(this.id, meta, executionId)
    if (answer === 'missing') throw noSuchJob(this.id)
    if (answer === 'refused') {
      throw new RqError(
        'RQ_LEASE_LOST',
        `Job ${this.id} belongs to another execution by now; its meta was not written.`,
      )
    }
    this.record.meta = meta
  }

  /** @param options.refresh read it from the store first. Default true. */
  async getMeta(options: { refresh?: boolean } = {}): Promise<Record<string, unknown>> {
    if (options.refresh === false) return this.meta
    this.meta = this.decodeMeta(await this.#context.storage.jobs.meta(this.id))
    return this.meta
  }

  /** Its index in its queue, 0 = next; null when it is not there. */
  async getPosition(): Promise<number | null> {
    return this.origin === '' ? null : this.#context.storage.queues.position(this.origin, this.id)
  }

  async getExecutions(): Promise<Execution[]> {
    const executions = await this.#context.storage.jobs.executions(this.id)
    return executions.map(({ id, jobId, lastHeartbeatMs, leaseEndsMs, workerName }) => ({
      id,
      jobId,
      workerName,
      leaseEndsAt: new Date(leaseEndsMs),
      lastHeartbeat: dateOf(lastHeartbeatMs),
    }))
  }

  /** The jobs it was to wait for; those that are gone are left out. */
  async fetchDependencies(): Promise<Job[]> {
    const records = await this.#context.storage.jobs.fetch(this.dependencyIds)
    return records.flatMap((record) => (record === undefined ? [] : new Job(record, this.#context)))
  }

  /** Ids of the jobs that wait for it. */
  getDependentIds(): Promise<string[]> {
    return this.#context.storage.jobs.dependentIds(this.id)
  }

  /**
   * Why it is not running, and what has to happen for it to run; in one step.
   * @throws RqError `RQ_NO_SUCH_JOB`.
   */
  async explain(): Promise<Explanation> {
    const facts = await this.#context.storage.jobs.explain(this.id)
    if (facts === undefined) throw noSuchJob(this.id)
    return explain(facts)
  }

  /** As `cancelJob`. */
  async cancel(options: CancelOptions = {}): Promise<void> {
    await cancelIn(this.#context.storage.jobs, this.id, options)
    if (options.pipeline === undefined) this.record.status = 'canceled'
  }

  /** Remove it from everywhere, its results included. One that is gone already is no error. */
  async delete(options: DeleteOptions = {}): Promise<void> {
    await deleteIn(this.#context.storage.jobs, this.id, options)
  }

  /** As `requeueJob`. */
  async requeue(options: RequeueOptions = {}): Promise<void> {
    await requeueIn(this.#context.storage.jobs, this.id, options)
    this.record.status = 'queued'
    delete this.record.startedAtMs
    delete this.record.endedAtMs
  }

  /**
   * Give it another time while it is scheduled; one that is past means at once.
   * @throws RqError `RQ_NO_SUCH_JOB`, `RQ_INVALID_OPERATION` when it is not scheduled, `RQ_INVALID_OPTION`.
   */
  async reschedule(when: When): Promise<void> {
    await rescheduleIn(this.#context.storage, this.id, when)
  }

  /**
   * Ask the worker that runs it to stop it. Not acknowledged: `result()` tells when it has.
   * @throws RqError `RQ_NO_SUCH_JOB`, `RQ_INVALID_OPERATION` when no worker runs it.
   */
  async stop(): Promise<void> {
    await stopIn(this.#context.storage, this.id)
  }
}
