import { checkOptionNames, type DurationLike, RqError } from '@rq/core'
import type { AnyFunction, JobChanges, JobRecord, JobStatus, Payload } from '@rq/job'
import type { Codec } from '@rq/serializer'
import { checkedContextOf, type JobContext, type StorageOptions } from '../context.ts'
import { CallOrder } from '../enqueue/call-order.ts'
import type { Callable, CallRest, ResultOf } from '../enqueue/call-types.ts'
import { noSuchJob } from '../failure/job-errors.ts'
import {
  decodeEach,
  decodePayload,
  decodePayloads,
  encodePayload,
  encodeRecord,
  type Payloads,
} from '../payload/payload-codec.ts'
import type { JobSigner } from '../payload/signature.ts'
import { DEFAULT_SIZE_LIMITS } from '../payload/size-limits.ts'
import type { When } from '../when.ts'
import { awaitStored, latestResult } from './await-result.ts'
import { type Execution, fetchExecutions } from './execution.ts'
import { explainJob } from './explain-job.ts'
import type { Explanation } from './explanation.ts'
import { fetchRecords } from './fetch-records.ts'
import {
  type CancelOptions,
  cancelIn,
  type DeleteOptions,
  deleteIn,
  invalidOperation,
  type RequeueOptions,
  requeueIn,
  rescheduleIn,
  type StopOptions,
  stopIn,
} from './job-actions.ts'
import { JobView, jobIdOf } from './job-view.ts'
import { type CreateOptions, madeRecord } from './made-record.ts'
import { type Message, type MessagesOptions, messagesOf, postIn, writeMessage } from './messages.ts'
import { type Result, resultOf } from './result.ts'

/** A limit for waiting. */
export interface WaitOptions {
  /** How long to wait. */
  timeout?: DurationLike
}

/**
 * Where a handle comes from. `made`: its job was made by this process, and is not stored. `stored`: the job is stored.
 * `duplicate`: the job was there already when it was to be enqueued.
 */
export type HandleOrigin = 'made' | 'stored' | 'duplicate'

/**
 * A handle of one job. Its fields are a snapshot, taken when it was enqueued, fetched or last refreshed; its methods
 * ask the store. Two handles of one job are independent of each other.
 */
export class Job<R = unknown> extends JobView {
  readonly #context: JobContext
  #origin: HandleOrigin
  /** Keeps meta that is being encoded in order. */
  #saves: CallOrder | undefined

  /** @param payloads what the codec of the context has encoded in the record, decoded. */
  constructor(record: JobRecord, context: JobContext, payloads: Payloads = record, origin: HandleOrigin = 'stored') {
    super(record, context, payloads)
    this.#context = context
    this.#origin = origin
  }

  /**
   * Make a job that is not stored yet: `save()` stores it, `queue.enqueueJob(job)` enqueues it.
   * @throws RqError `RQ_INVALID_OPTION`, `RQ_INVALID_REFERENCE`, `RQ_SERIALIZATION`.
   */
  static async create<F extends AnyFunction>(
    func: Callable<F>,
    ...rest: CallRest<F, CreateOptions>
  ): Promise<Job<ResultOf<F>>> {
    const { context, record, signer } = await madeRecord(func, rest)
    return newHandle(record, context, signer)
  }

  /** Fetch a job by its id. @throws RqError `RQ_NO_SUCH_JOB`. */
  static async fetch<R = unknown>(id: string, options: StorageOptions = {}): Promise<Job<R>> {
    const [job] = await Job.fetchMany<R>([id], options)
    if (job === undefined || job === null) throw noSuchJob(jobIdOf(id))
    return job
  }

  /** Fetch jobs in the order of `ids`; null where there is no such job. Atomic for up to 500 jobs of 8 MB. */
  static async fetchMany<R = unknown>(
    ids: readonly string[],
    options: StorageOptions = {},
  ): Promise<(Job<R> | null)[]> {
    const context = checkedContextOf(options, 'Job.fetch')
    const records = await fetchRecords(
      ids.map((id) => jobIdOf(id)),
      context,
    )
    const handles = await handlesOf<R>(records, context)
    let at = 0
    return records.map((record) => (record === undefined ? null : (handles[at++] as Job<R>)))
  }

  /** Whether a job with this id is stored. */
  static async exists(id: string, options: StorageOptions = {}): Promise<boolean> {
    return checkedContextOf(options, 'Job.exists').storage.jobs.exists(jobIdOf(id))
  }

  /**
   * Whether the call that returned this handle has written nothing, since a job of this id was there: this is that job.
   * Only with `onDuplicate: 'return'`, which is the default of a unique key. That job may be gone by now, if it holds
   * the key for a time (`for`): then the handle has its id, and for the rest what was to be enqueued.
   */
  get isDuplicate(): boolean {
    return this.#origin === 'duplicate'
  }

  /** Fires on timeout, stop and lost lease. Undefined except for the current job. */
  get signal(): AbortSignal | undefined {
    return this.#context.signal
  }

  /**
   * The status of the job.
   * @param options.refresh ask the store; false: return the status of the snapshot. Default true.
   * @throws RqError `RQ_INVALID_OPERATION` when the job no longer exists.
   */
  async getStatus(options: { refresh?: boolean } = {}): Promise<JobStatus> {
    checkOptionNames(options, { refresh: true }, 'job.getStatus')
    if (options.refresh === false) return this.record.status
    const status = await this.#context.storage.jobs.status(this.id)
    if (status === undefined) throw invalidOperation(this.id, 'has no status: it no longer exists')
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

  /** The return value of the latest run; undefined unless that succeeded; null when it returned nothing. */
  async returnValue(): Promise<R | undefined> {
    const result = await this.latestResult()
    return result?.type === 'successful' ? (result.returnValue as R) : undefined
  }

  /** The newest result, or null. If there is none, waits up to `timeout` (default 0) for one. */
  async latestResult(options: WaitOptions = {}): Promise<Result<R> | null> {
    checkOptionNames(options, { timeout: true }, 'job.latestResult')
    return latestResult<R>(this.id, this.#context, options.timeout ?? 0)
  }

  /** Up to 10 results, newest first. */
  async results(): Promise<Result<R>[]> {
    const { limits = DEFAULT_SIZE_LIMITS, storage } = this.#context
    const records = await storage.jobs.results(this.id, limits.largest)
    return Promise.all(records.map((record) => resultOf<R>(this.id, record, this.#context)))
  }

  /**
   * Wait until the job has ended, and return its return value (null when it returned nothing). A job that is retried or
   * repeated ends with its last run.
   * @throws JobFailedError with the remote stack; TimeoutError after `timeout` (default: waits forever);
   *   RqError `RQ_JOB_STOPPED`, `RQ_INVALID_OPERATION` (canceled), `RQ_NO_SUCH_JOB` (it no longer exists).
   */
  async result(options: WaitOptions = {}): Promise<R> {
    checkOptionNames(options, { timeout: true }, 'job.result')
    return awaitStored<R>(this.id, this.#context, options.timeout)
  }

  /** Read the whole record from the store. @throws RqError `RQ_NO_SUCH_JOB`. */
  async refresh(): Promise<void> {
    const [record] = await fetchRecords([this.id], this.#context)
    if (record === undefined) throw noSuchJob(this.id)
    const { codec, limits } = this.#context
    this.replace(record, codec === undefined ? record : await decodePayloads(codec, record, limits))
  }

  /**
   * Store what was changed through this handle (description, meta, timeout, times to live), and nothing else, so that
   * an old handle undoes nothing. A job of `Job.create()` or `queue.createJob()` is stored whole, with the status
   * `created`; it is not enqueued.
   * @throws as {@link saveMeta}, when something was changed.
   */
  async save(): Promise<void> {
    if (this.#origin === 'made' && this.record.status === 'created') {
      const meta = this.dumpMeta()
      const made = this.toStoredRecord()
      const record = made instanceof Promise ? await made : made
      await this.#context.storage.jobs.save(record)
      this.#origin = 'stored'
      this.noteSaved(record, meta)
    } else {
      const changes = this.unsaved()
      if (Object.keys(changes).length > 0) await this.#update(changes)
    }
  }

  /**
   * Store meta only.
   * @throws RqError `RQ_NO_SUCH_JOB`; `RQ_TOO_LARGE`; `RQ_LEASE_LOST` in a job that its worker no longer owns.
   */
  async saveMeta(): Promise<void> {
    await this.#update({ meta: this.dumpMeta() })
  }

  /**
   * The metadata of the job.
   * @param options.refresh read it from the store; false: return that of this handle. Default true.
   */
  async getMeta(options: { refresh?: boolean } = {}): Promise<Record<string, unknown>> {
    checkOptionNames(options, { refresh: true }, 'job.getMeta')
    if (options.refresh === false) return this.meta
    const { codec, storage } = this.#context
    const stored = await storage.jobs.meta(this.id)
    const isEncoded = codec !== undefined && stored !== undefined
    const decoded = isEncoded ? await decodePayload(codec, stored, { jobId: this.id, field: 'meta' }) : stored
    this.meta = this.decodeMeta(stored, decoded)
    return this.meta
  }

  /** Its index in its queue, 0 = next; null when it does not wait there. */
  async getPosition(): Promise<number | null> {
    return this.origin === '' ? null : this.#context.storage.queues.position(this.origin, this.id)
  }

  /** Runs of the job that have not ended: at most one, unless a worker died. */
  getExecutions(): Promise<Execution[]> {
    return fetchExecutions(this.id, this.#context)
  }

  /** Its dependencies, without those that no longer exist. */
  async fetchDependencies(): Promise<Job[]> {
    const records = await fetchRecords(this.dependencyIds, this.#context)
    return handlesOf(records, this.#context)
  }

  /** Ids of the jobs that wait for it. */
  getDependentIds(): Promise<string[]> {
    return this.#context.storage.jobs.dependentIds(this.id)
  }

  /**
   * Explain why the job is not running, and what must happen for it to run. One atomic step; for a queued job whose
   * function is a name, a second one. @throws RqError `RQ_NO_SUCH_JOB`.
   */
  async explain(): Promise<Explanation> {
    const explanation = await explainJob(this.id, this.#context)
    if (explanation === undefined) throw noSuchJob(this.id)
    return explanation
  }

  /** Like `cancelJob`. @throws RqError `RQ_NO_SUCH_JOB`, `RQ_INVALID_OPERATION` when it is canceled already. */
  async cancel(options: CancelOptions = {}): Promise<void> {
    await cancelIn(this.#context.storage.jobs, this.id, options)
    if (options.pipeline === undefined) this.record.status = 'canceled'
  }

  /** Delete the job, its results and every reference to it. A job that no longer exists is no error. */
  async delete(options: DeleteOptions = {}): Promise<void> {
    await deleteIn(this.#context.storage.jobs, this.id, options)
  }

  /**
   * Like `requeueJob`.
   * @throws RqError `RQ_NO_SUCH_JOB`, `RQ_INVALID_OPERATION` when it has not failed or been stopped.
   */
  async requeue(options: RequeueOptions = {}): Promise<void> {
    await requeueIn(this.#context.storage.jobs, this.id, options)
    this.record.status = 'queued'
    delete this.record.startedAtMs
    delete this.record.endedAtMs
  }

  /**
   * Change the due time of a scheduled job. A time in the past means at once.
   * @throws RqError `RQ_NO_SUCH_JOB`, `RQ_INVALID_OPERATION` when it is not scheduled, `RQ_INVALID_OPTION`.
   */
  async reschedule(when: When): Promise<void> {
    await rescheduleIn(this.#context.storage, this.id, when)
  }

  /**
   * The messages that it sends while it runs, in their order, from the oldest that is kept; the loop ends when the job
   * has ended, behind the last message. Inside the job (`getCurrentJob()`): those that are posted to it. The last 1000
   * are kept, at most 1 MB; until a minute after the end of the job.
   * @param options.signal ends the loop, which throws its reason.
   * @throws RqError `RQ_NO_SUCH_JOB`; `RQ_MESSAGES_LOST` when this reader is further behind, `details.lost` says how
   *   many it has missed; `RQ_DESERIALIZATION`.
   */
  messages<T = unknown>(options: MessagesOptions = {}): AsyncGenerator<Message<T>, void, undefined> {
    return messagesOf<T>(this.id, this.#context, options)
  }

  /**
   * Post a value to the job, which reads it by `getCurrentJob().messages()`; one that has not started finds it when it
   * does. Each attempt reads all that is kept: the last 1000, at most 1 MB, for a day. Resolves when it is stored.
   * @throws RqError `RQ_NO_SUCH_JOB`, `RQ_INVALID_OPERATION` when it has ended, `RQ_SERIALIZATION`, `RQ_TOO_LARGE`.
   */
  post(value: unknown): Promise<void> {
    return postIn(this.id, this.#context, value)
  }

  /**
   * Send a value to those who read `job.messages()`. Only inside the job (`getCurrentJob()`). Resolves when it is
   * stored, which it is before the job ends, also when the job does not wait for it.
   * @throws RqError `RQ_INVALID_OPERATION` elsewhere, `RQ_LEASE_LOST` in a job that its worker no longer owns,
   *   `RQ_SERIALIZATION`, `RQ_TOO_LARGE`.
   */
  send(value: unknown): Promise<void> {
    const sender = this.#context.sender?.(this.id, this.attempt)
    if (sender !== undefined) return sender.send(() => writeMessage(this.id, this.#context, value))
    const why = 'does not run here: only getCurrentJob() sends. To send to a job, use job.post()'
    return Promise.reject(invalidOperation(this.id, why))
  }

  /**
   * Ask the worker that runs it to stop it. Not acknowledged: `result()` rejects when it has stopped.
   * @throws RqError `RQ_NO_SUCH_JOB`, `RQ_INVALID_OPERATION` when no worker runs it, `RQ_INVALID_OPTION`.
   */
  async stop(options: StopOptions = {}): Promise<void> {
    await stopIn(this.#context.storage, this.id, options)
  }

  async #update(changes: JobChanges): Promise<void> {
    const { codec, storage, executionId } = this.#context
    const { meta } = changes
    const stored =
      meta === undefined || codec === undefined ? changes : { ...changes, meta: await this.#encoded(meta, codec) }
    const answer = await storage.jobs.update(this.id, stored, executionId)
    if (answer === 'missing') throw noSuchJob(this.id)
    if (answer === 'refused') {
      throw new RqError('RQ_LEASE_LOST', `Job ${this.id} now belongs to another execution. Nothing was written.`)
    }
    this.noteSaved(stored, meta)
  }

  #encoded(meta: Payload, codec: Codec): Promise<string> {
    this.#saves ??= new CallOrder()
    return this.#saves.wait(encodePayload(codec, meta, { jobId: this.id, field: 'meta' }))
  }
}

/** The handle of a new job, which is not stored. @throws RqError `RQ_SERIALIZATION` when it cannot be encoded. */
export async function newHandle<R>(record: JobRecord, context: JobContext, signer?: JobSigner): Promise<Job<R>> {
  const { codec, limits } = context
  const stored = codec === undefined ? record : await encodeRecord(codec, record, limits)
  signer?.sign(stored)
  return new Job<R>(stored, context, record, 'made')
}

/** The handle of a stored job, decoded. */
export async function handleOf<R>(
  record: JobRecord,
  context: JobContext,
  origin: HandleOrigin = 'stored',
): Promise<Job<R>> {
  const { codec, limits } = context
  const payloads = codec === undefined ? record : await decodePayloads(codec, record, limits)
  return new Job<R>(record, context, payloads, origin)
}

/** Handles of those records that are there, in their order, decoded. */
export async function handlesOf<R>(
  records: readonly (JobRecord | undefined)[],
  context: JobContext,
): Promise<Job<R>[]> {
  const stored = records.filter((record) => record !== undefined)
  const { codec, limits } = context
  const payloads = codec === undefined ? stored : await decodeEach(codec, stored, limits)
  return stored.map((record, at) => new Job<R>(record, context, payloads[at]))
}
