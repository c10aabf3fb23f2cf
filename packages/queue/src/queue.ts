import { type DurationLike, durationMs, durationOrUnlimitedS, invalidOption, oneOf } from '@rq/core'
import type { LocateOptions } from '@rq/functions'
import {
  type AnyFunction,
  type CheckedOptions,
  checkOptions,
  DEFAULT_QUEUE_NAME,
  DEFAULT_TIMEOUT_S,
  type EnqueueOptions,
  type FunctionRef,
  type JobRecord,
  type NewJob,
  type QueueEvent,
  type QueueEventName,
  type Storage,
} from '@rq/job'
import { batchInDependencyOrder } from './batch-order.ts'
import { type CallNames, cachedNames, findNames } from './call-names.ts'
import { CallOrder } from './call-order.ts'
import type { Callable, CallRest, ResultOf } from './call-types.ts'
import { contextOf, type JobContext, type StorageOptions } from './context.ts'
import { batchOf, type EnqueueBatch } from './enqueue-batch.ts'
import { checkDatas, type EnqueueData, type JobsOf, prepareData } from './enqueue-data.ts'
import { knownFunctions, runInProcess } from './in-process.ts'
import { Job } from './job.ts'
import { checkArgs, newRecord, type RecordDefaults } from './new-record.ts'
import { enqueueInChunks, expectedPlacement, setPlacement } from './placing.ts'
import { QueueContents } from './queue-contents.ts'
import { QueueListeners } from './queue-listeners.ts'
import { type When, whenMs } from './when.ts'

export interface QueueOptions extends StorageOptions {
  readonly storage: Storage
  /** Longest run of jobs that do not say. Default 180 s; -1 = no limit. */
  readonly defaultTimeout?: DurationLike
  /** False: jobs run at once in this process instead of waiting for a worker. Default true. */
  readonly isAsync?: boolean
  /** Folders below which functions are named, in the workers' order. Default: the working directory. */
  readonly importPaths?: readonly string[]
  /** `stream`: results are written for Python readers; `hash` is several times smaller. Default `hash`. */
  readonly results?: 'hash' | 'stream'
  /** Whether `close()` closes the storage too. Default false: it belongs to whoever made it. */
  readonly ownsStorage?: boolean
}

export interface EnqueueManyOptions {
  /** An ioredis pipeline or multi: nothing is visible before its `exec()`. */
  readonly pipeline?: unknown
  /** The group that the jobs belong to. Default: none. */
  readonly groupId?: string
}

export interface EnqueueJobOptions {
  /** Put it at the head. Default false. */
  readonly atFront?: boolean
  /** Refuse (DuplicateJobError) when a job with its id exists. Default false. */
  readonly unique?: boolean
  readonly pipeline?: unknown
}

/** Jobs wait in order, and workers take them from the head. A queue exists from its first enqueue; it needs no set-up. */
export class Queue extends QueueContents {
  readonly isAsync: boolean
  readonly #context: JobContext
  readonly #batch: EnqueueBatch
  readonly #defaults: RecordDefaults
  readonly #locate: LocateOptions
  readonly #ownsStorage: boolean
  readonly #callOrder = new CallOrder()
  readonly #listeners: QueueListeners

  /** @throws RqError `RQ_INVALID_OPTION`. Connects to nothing. */
  constructor(name: string = DEFAULT_QUEUE_NAME, options: QueueOptions) {
    const context = contextOf(options)
    super(name, context)
    const { defaultTimeout = DEFAULT_TIMEOUT_S, isAsync = true, importPaths, results = 'hash' } = options
    const timeoutS = durationOrUnlimitedS(defaultTimeout, 'defaultTimeout')
    if (timeoutS === 0) throw invalidOption('defaultTimeout', defaultTimeout, 'more than 0 seconds')
    if (typeof isAsync !== 'boolean') throw invalidOption('isAsync', isAsync, 'true or false')
    oneOf('results', results, ['hash', 'stream'])
    this.isAsync = isAsync
    this.#context = context
    this.#batch = batchOf(context.storage.queues)
    this.#defaults = { origin: this.name, serializer: context.serializer, results, timeoutS }
    this.#locate = importPaths === undefined ? {} : { importPaths }
    this.#ownsStorage = options.ownsStorage ?? false
    this.#listeners = new QueueListeners(this.name, context.storage.events)
  }

  /**
   * Hear what workers tell of the jobs of this queue, whoever enqueued them, until {@link close}. Each event comes once, to
   * those who listen at that moment, and can be missed when a connection breaks: for what must not be missed there are
   * results, callbacks and webhooks. Python workers, and queues with `isAsync: false`, tell nothing.
   */
  on(name: QueueEventName, listener: (event: QueueEvent) => void): this {
    this.#listeners.on(name, listener)
    this.listening().catch(() => {})
    return this
  }

  off(name: QueueEventName, listener: (event: QueueEvent) => void): this {
    this.#listeners.off(name, listener)
    return this
  }

  /**
   * Resolves when events are heard.
   * @throws RqError `RQ_REDIS_UNREACHABLE`; the next call, and the next `on`, try again.
   */
  listening(): Promise<void> {
    return this.#listeners.listen()
  }

  /** Every queue that was ever enqueued to, in no order. */
  static async all(options: QueueOptions): Promise<Queue[]> {
    const names = await contextOf(options).storage.queues.queueNames()
    return names.map((name) => new Queue(name, { ...options, ownsStorage: false }))
  }

  /** A job for `enqueueMany`, with types and checks as `enqueue`. Nothing is written. */
  static prepareData<F extends AnyFunction>(func: Callable<F>, ...rest: CallRest<F>): EnqueueData<ResultOf<F>> {
    return prepareData<F>(func, ...rest)
  }

  /**
   * Put a call of `func` into the queue: stored and placed in one atomic step, sent together with other calls of the
   * same moment. Calls made without waiting for each other keep their order.
   * @throws RqError `RQ_INVALID_OPTION`, `RQ_INVALID_REFERENCE`, `RQ_SERIALIZATION`, DuplicateJobError: nothing was written;
   *   `RQ_REDIS_UNREACHABLE`: unknown, and the same `jobId` may be enqueued again safely; `RQ_REDIS_OUT_OF_MEMORY`.
   */
  enqueue<F extends AnyFunction>(func: Callable<F>, ...rest: CallRest<F>): Promise<Job<ResultOf<F>>> {
    return this.#submit(func, rest[0], rest[1] as EnqueueOptions | undefined, {})
  }

  /**
   * As `enqueue`, at a time: until then the job is `scheduled`; a time that is past means at once. Needs a scheduler somewhere,
   * or a worker with one. Dependencies and rate limits count when the time has come.
   */
  async enqueueAt<F extends AnyFunction>(
    when: When,
    func: Callable<F>,
    ...rest: CallRest<F>
  ): Promise<Job<ResultOf<F>>> {
    return this.#submit(func, rest[0], rest[1] as EnqueueOptions | undefined, { dueMs: whenMs(when, 'when') })
  }

  /** As `enqueueAt`, counted from now, by the clock of the store. */
  async enqueueIn<F extends AnyFunction>(
    delay: DurationLike,
    func: Callable<F>,
    ...rest: CallRest<F>
  ): Promise<Job<ResultOf<F>>> {
    const delayMs = durationMs(delay, 'delay')
    return this.#submit(func, rest[0], rest[1] as EnqueueOptions | undefined, { delayMs })
  }

  /**
   * Enqueue many jobs in few calls of up to 500, each atomic. Handles come back in the order given, and the queue has
   * them in that order, `atFront` ones at the head. Jobs may depend on others of the list, wherever those stand.
   * @throws as `enqueue`, before anything is written where the input is at fault. When a later call fails, the jobs of the
   *   earlier ones are in the queue; enqueueing all again is safe, since each data keeps its id.
   */
  async enqueueMany<const D extends readonly EnqueueData[]>(
    datas: D,
    options: EnqueueManyOptions = {},
  ): Promise<JobsOf<D>> {
    return (await this.#manyJobs(datas, options)) as JobsOf<D>
  }

  /**
   * A job for this queue that is not in it yet; `enqueueJob` puts it in. Nothing is written.
   * @throws RqError `RQ_INVALID_OPTION`, `RQ_INVALID_REFERENCE`, `RQ_SERIALIZATION`.
   */
  async createJob<F extends AnyFunction>(func: Callable<F>, ...rest: CallRest<F>): Promise<Job<ResultOf<F>>> {
    const options = checkOptions(rest[1] as EnqueueOptions | undefined)
    const args = checkArgs(rest[0])
    const names = await this.#namesOf(func, options)
    return new Job(newRecord(names, args, options, this.#defaults), this.#context)
  }

  /**
   * Put a job into this queue: a new one, or one from anywhere to be run again. It leaves where it was; what is known of
   * its earlier runs is forgotten, except for their results. It waits for its dependencies like any other.
   * Returns the same handle.
   * @throws as `enqueue`.
   */
  async enqueueJob<R>(job: Job<R>, options: EnqueueJobOptions = {}): Promise<Job<R>> {
    return this.#putIn(job, options, {})
  }

  /** As `enqueueJob`, at a time, as `enqueueAt` says. Returns the same handle. @throws as `enqueue`. */
  async scheduleJob<R>(job: Job<R>, when: When, options: EnqueueJobOptions = {}): Promise<Job<R>> {
    return this.#putIn(job, options, { dueMs: whenMs(when, 'when') })
  }

  async #putIn<R>(job: Job<R>, options: EnqueueJobOptions, time: DueTime): Promise<Job<R>> {
    const { atFront = false, unique = false, pipeline } = options
    const known = job.toRecord()
    const record = fresh(known, this.#defaults)
    await this.#place<R>(
      { record, atFront: atFront || record.enqueueAtFront === true, unique, again: true, ...time },
      pipeline,
      () => new Map(),
    )
    for (const key of Object.keys(known)) if (!(key in record)) delete known[key as 'startedAtMs']
    Object.assign(known, record)
    return job
  }

  /** Wait for what was enqueued through this storage; close the storage if the queue owns it. Safe to call twice. */
  async close(): Promise<void> {
    await this.#listeners.stop()
    await this.#batch.idle()
    if (this.#ownsStorage) await this.#context.storage.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #submit<R>(
    func: FunctionRef,
    args: readonly unknown[] | undefined,
    given: EnqueueOptions | undefined,
    time: DueTime,
  ): Promise<Job<R>> {
    const options = checkOptions(given)
    const checkedArgs = checkArgs(args)
    const names = this.#namesNow(func, options) ?? (await this.#namesInOrder(func, options))
    const record = newRecord(names, checkedArgs, options, this.#defaults)
    const known = () => functionsOf(func, options, names)
    return this.#place<R>(newJobOf(record, options, time), given?.pipeline, known)
  }

  async #place<R>(job: NewJob, pipeline: unknown, known: () => ReadonlyMap<string, AnyFunction>): Promise<Job<R>> {
    if (pipeline !== undefined) {
      this.#checkPipeline(job)
      this.#context.storage.queues.enqueueInto(pipeline, [job])
      return new Job<R>(setPlacement(job, expectedPlacement(job)), this.#context)
    }
    if (!this.isAsync && job.dueMs === undefined && job.delayMs === undefined) {
      refuseRateLimit(job)
      return runInProcess<R>(job, this.#context, known(), this.#locate.importPaths)
    }
    return new Job<R>(setPlacement(job, await this.#batch.add(job)), this.#context)
  }

  async #manyJobs(datas: readonly EnqueueData[], { pipeline, groupId }: EnqueueManyOptions): Promise<Job[]> {
    checkDatas(datas)
    const names = await Promise.all(datas.map(({ func, options }) => this.#namesOf(func, options)))
    const jobs = datas.map(({ id, args, options }, index) => {
      const record = newRecord(names[index] as CallNames, args, options, this.#defaults, id)
      if (groupId !== undefined) record.groupId = groupId
      return newJobOf(record, options, {})
    })
    const ordered = batchInDependencyOrder(jobs)
    if (pipeline !== undefined) {
      for (const job of ordered) this.#checkPipeline(job)
      this.#context.storage.queues.enqueueInto(pipeline, ordered)
      return jobs.map((job) => new Job(setPlacement(job, expectedPlacement(job)), this.#context))
    }
    if (this.isAsync) {
      await enqueueInChunks(this.#context.storage.queues, ordered)
    } else {
      for (const job of ordered) refuseRateLimit(job)
      const known = new Map(datas.flatMap((data, index) => [...functionsOf(data.func, data.options, names[index])]))
      for (const job of ordered) await runInProcess(job, this.#context, known, this.#locate.importPaths)
    }
    return jobs.map((job) => new Job(job.record, this.#context))
  }

  #checkPipeline(job: NewJob): void {
    if (job.unique) throw invalidOption('unique', true, 'no pipeline beside it, which could not tell of a duplicate')
    if (!this.isAsync)
      throw invalidOption('pipeline', {}, 'none on a queue with isAsync: false, whose jobs run at once')
  }

  #namesNow(func: FunctionRef, options: CheckedOptions): CallNames | undefined {
    return this.#callOrder.isEmpty ? cachedNames(func, options, this.#locate) : undefined
  }

  async #namesOf(func: FunctionRef, options: CheckedOptions): Promise<CallNames> {
    return cachedNames(func, options, this.#locate) ?? findNames(func, options, this.#locate)
  }

  #namesInOrder(func: FunctionRef, options: CheckedOptions): Promise<CallNames> {
    return this.#callOrder.wait(this.#namesOf(func, options))
  }
}

type DueTime = Pick<NewJob, 'dueMs' | 'delayMs'>

function newJobOf(record: JobRecord, options: CheckedOptions, time: DueTime): NewJob {
  const atFront = options.atFront || record.enqueueAtFront === true
  return { record, atFront, unique: options.unique, ...time }
}

function refuseRateLimit({ record }: NewJob): void {
  if (record.rateLimit === undefined) return
  throw invalidOption('rateLimit', record.rateLimit, 'none on a queue with isAsync: false, whose jobs run at once')
}

/** What a job is without its runs so far, as a job of this queue. */
function fresh(record: JobRecord, { origin, timeoutS }: RecordDefaults): JobRecord {
  const { startedAtMs, endedAtMs, lastHeartbeatMs, workerName, executionId, abandonedCount, result, excInfo, ...rest } =
    record
  const limit = rest.timeoutS ?? timeoutS
  return { ...rest, origin, status: 'created', ...(limit !== undefined && { timeoutS: limit }) }
}

function functionsOf(func: FunctionRef, options: CheckedOptions, names: CallNames | undefined) {
  return knownFunctions([
    [names?.func, func],
    [names?.onSuccess?.name, options.onSuccess?.func],
    [names?.onFailure?.name, options.onFailure?.func],
    [names?.onStopped?.name, options.onStopped?.func],
  ])
}
