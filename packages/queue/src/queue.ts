import {
  checkName,
  checkOptionNames,
  checkQueueName,
  type DurationLike,
  durationMs,
  durationOrUnlimitedS,
  invalidOption,
  type OptionNames,
  oneOf,
} from '@rq/core'
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
  type QueueCounts,
  type QueueEventName,
  type Storage,
} from '@rq/job'
import { checkWebhookPolicy, type WebhookPolicyOptions } from '@rq/webhooks'
import { awaitReturnValue, waitMsOf } from './await-result.ts'
import { batchInDependencyOrder } from './batch-order.ts'
import type { CallNames } from './call-names.ts'
import type { Callable, CallRest, ResultOf } from './call-types.ts'
import { checkedContextOf, type JobContext, type StorageOptions } from './context.ts'
import { handlesOfDuplicates } from './duplicates.ts'
import { batchOf, type EnqueueBatch } from './enqueue-batch.ts'
import { checkDatas, type EnqueueData, type JobsOf, prepareData } from './enqueue-data.ts'
import { enqueueInChunks, runList } from './enqueue-list.ts'
import { type InProcessOptions, knownFunctions, runInProcess } from './in-process.ts'
import { Job, newHandle, type WaitOptions } from './job.ts'
import { EnqueuedList } from './list-outcome.ts'
import { NewCalls } from './new-call.ts'
import { checkCreateOptions, checkRest, newRecord, type RecordDefaults } from './new-record.ts'
import { encodeRecords } from './payload-codec.ts'
import { expectedPlacement, setPlacement } from './placing.ts'
import { checkKnownQueueNames, QueueContents } from './queue-contents.ts'
import { checkDefaults, type DefaultOptions, overDefaults } from './queue-defaults.ts'
import type { QueueEvent } from './queue-event.ts'
import { QueueListeners } from './queue-listeners.ts'
import { JobSigner, type SignOptions } from './signature.ts'
import { refuseStillWaiting } from './still-waiting.ts'
import { newUniqueKey } from './unique-key.ts'
import { type When, whenMs } from './when.ts'

export interface QueueOptions extends StorageOptions {
  /** The store of the queue. */
  readonly storage: Storage
  /** Timeout of jobs without a `jobTimeout`. Default 180 s; -1 = no limit. */
  readonly defaultTimeout?: DurationLike
  /**
   * Options of every job that this queue enqueues. Those of the call count first, then those of `job()`, then these.
   * Default: none.
   */
  readonly defaults?: DefaultOptions
  /** False: run jobs at once in this process, instead of waiting for a worker. Default true. */
  readonly isAsync?: boolean
  /**
   * Import paths of the workers, in their order: references of functions are relative to them. Default: the working
   * directory.
   */
  readonly importPaths?: readonly string[]
  /**
   * Functions by their names, for jobs that run in this process (`isAsync: false`): what `functions` is to a worker.
   * Default: none.
   */
  readonly functions?: Readonly<Record<string, AnyFunction>>
  /**
   * Where the webhooks of jobs that run in this process may go (`isAsync: false`); false: nowhere. Default: every host
   * at a public address. A worker has an option of its own.
   */
  readonly webhooks?: false | WebhookPolicyOptions
  /**
   * Where workers write results: `stream` for Python readers, or `hash`, which is several times smaller. Default
   * `hash`.
   */
  readonly results?: 'hash' | 'stream'
  /**
   * Take any name, such as one that Python RQ allows: `mails (eu)`. The queue can be read, emptied and deleted, and its
   * jobs requeued. Enqueuing throws unless it is a name that rq gives. Default false.
   */
  readonly anyName?: boolean
  /** Sign its jobs, for workers with `requireSignature`. Default: not signed. */
  readonly sign?: SignOptions
  /** Whether `close()` closes the storage too. Default false. */
  readonly ownsStorage?: boolean
}

/** The options of `enqueueAndWait`: those of a job, and how long to wait. Default: until the job has ended. */
export interface EnqueueAndWaitOptions extends Omit<EnqueueOptions, 'pipeline'>, WaitOptions {}

export interface EnqueueManyOptions {
  /** A pipeline of the store's client (of Redis: ioredis). Nothing is visible before its `exec()`. */
  readonly pipeline?: unknown
  /** The group that the jobs belong to. Default: none. */
  readonly groupId?: string
  /**
   * What to do with a job with `unique` whose id exists, or whose key another one holds. `refuse`: throw a
   * DuplicateJobError when the others are written. `return`: return the handle of the job that is there; its
   * `isDuplicate` is true. Default: what the job's own `unique` says, `refuse` for `unique: true`.
   */
  readonly onDuplicate?: 'refuse' | 'return'
}

/** The counts of one of many queues. */
export interface NamedQueueCounts extends QueueCounts {
  readonly name: string
}

export interface EnqueueJobOptions {
  /** Put it at the head of the queue. Default false. */
  readonly atFront?: boolean
  /** Throw a DuplicateJobError if a job with its id exists. Default false. */
  readonly unique?: boolean
  /** As in {@link EnqueueManyOptions}. */
  readonly pipeline?: unknown
}

/** The names of {@link QueueOptions}. */
export const QUEUE_OPTION_NAMES: OptionNames<QueueOptions> = {
  storage: true,
  serializer: true,
  codec: true,
  limits: true,
  logger: true,
  defaultTimeout: true,
  defaults: true,
  isAsync: true,
  functions: true,
  importPaths: true,
  webhooks: true,
  results: true,
  anyName: true,
  sign: true,
  ownsStorage: true,
}
const MANY_NAMES: OptionNames<EnqueueManyOptions> = { pipeline: true, groupId: true, onDuplicate: true }
const JOB_NAMES: OptionNames<EnqueueJobOptions> = { atFront: true, unique: true, pipeline: true }

/** A list of jobs by name. Workers claim jobs from its head. It exists from its first enqueue, and needs no set-up. */
export class Queue extends QueueContents {
  /** Whether workers run its jobs. False: they run at once in this process. */
  readonly isAsync: boolean
  readonly #context: JobContext
  readonly #batch: EnqueueBatch
  readonly #recordDefaults: RecordDefaults
  readonly #calls: NewCalls
  readonly #inProcess: InProcessOptions
  readonly #hasAnyName: boolean
  readonly #options: DefaultOptions | undefined
  readonly #signer: JobSigner | undefined
  readonly #ownsStorage: boolean
  readonly #listeners: QueueListeners

  /** @throws RqError `RQ_INVALID_OPTION`. Connects to nothing. */
  constructor(name: string = DEFAULT_QUEUE_NAME, options: QueueOptions) {
    const context = checkedContextOf(options, 'Queue', QUEUE_OPTION_NAMES)
    const { anyName = false } = options
    if (typeof anyName !== 'boolean') throw invalidOption('anyName', anyName, 'true or false')
    super(anyName ? name : checkQueueName(name, 'queue name'), context)
    const {
      defaultTimeout = DEFAULT_TIMEOUT_S,
      isAsync = true,
      functions,
      importPaths,
      logger,
      results = 'hash',
      webhooks,
    } = options
    const timeoutS = durationOrUnlimitedS(defaultTimeout, 'defaultTimeout')
    if (timeoutS === 0) throw invalidOption('defaultTimeout', defaultTimeout, 'more than 0 seconds')
    const policy = checkWebhookPolicy(webhooks)
    if (typeof isAsync !== 'boolean') throw invalidOption('isAsync', isAsync, 'true or false')
    checkFunctions(functions, isAsync)
    oneOf('results', results, ['hash', 'stream'])
    this.isAsync = isAsync
    this.#context = context
    this.#batch = batchOf(context.storage.queues)
    const { codec, limits, serializer } = context
    this.#recordDefaults = { origin: this.name, serializer, codec, limits, results, timeoutS }
    const warn = logger && { warn: (message: string) => logger.warn(message) }
    this.#calls = new NewCalls(context, { ...(importPaths && { importPaths }), ...warn })
    this.#inProcess = { functions, importPaths, webhooks: policy }
    this.#hasAnyName = anyName
    this.#signer = options.sign && new JobSigner(options.sign, limits?.limits.inflated)
    this.#options = checkDefaults(options.defaults)
    this.#ownsStorage = options.ownsStorage ?? false
    this.#listeners = new QueueListeners(this, context.storage.events)
  }

  /**
   * Subscribe to events of the jobs of this queue, until {@link close}. Events come from the workers, for jobs of all
   * producers. Delivery is at most once, to current listeners; events are lost while a connection is down. Use results
   * or callbacks for what must not be missed. Python workers, and queues with `isAsync: false`, send no events.
   */
  on(name: QueueEventName, listener: (event: QueueEvent) => void): this {
    this.#listeners.on(name, listener)
    this.listening().catch(() => {})
    return this
  }

  /** Remove a listener. */
  off(name: QueueEventName, listener: (event: QueueEvent) => void): this {
    this.#listeners.off(name, listener)
    return this
  }

  /**
   * Resolves when the queue is subscribed to its events.
   * @throws RqError of the store, such as `RQ_REDIS_UNREACHABLE`; the next call, and the next `on`, try again.
   */
  listening(): Promise<void> {
    return this.#listeners.listen()
  }

  /** All queues that were ever enqueued to, in no order, whatever their names: see `anyName`. */
  static async all(options: QueueOptions): Promise<Queue[]> {
    const context = checkedContextOf(options, 'Queue.all', QUEUE_OPTION_NAMES)
    const names = await context.storage.queues.queueNames()
    return names.map((name) => new Queue(name, { ...options, anyName: true, ownsStorage: false }))
  }

  /**
   * How many jobs each of these queues has in each place, in their order, and how long the next one has waited: a call
   * of the store for each 100 queues. Expired jobs are not counted, and not removed. A queue that does not exist has
   * none.
   * @param names default: all queues that were ever enqueued to, sorted by name.
   * @throws RqError `RQ_INVALID_OPTION`.
   */
  static async counts(names: readonly string[] | undefined, options: QueueOptions): Promise<NamedQueueCounts[]> {
    const { queues } = checkedContextOf(options, 'Queue.counts', QUEUE_OPTION_NAMES).storage
    const known = names === undefined ? (await queues.queueNames()).sort() : checkKnownQueueNames(names)
    const counts = await queues.counts(known)
    return counts.map((one, at) => ({ name: known[at] as string, ...one }))
  }

  /** Make a job for `enqueueMany`, with the types and checks of `enqueue`. Writes nothing. */
  static prepareData<F extends AnyFunction>(func: Callable<F>, ...rest: CallRest<F>): EnqueueData<ResultOf<F>> {
    return prepareData<F>(func, ...rest)
  }

  /**
   * Enqueue a call of `func`. The job is stored and placed in one atomic step, together with other calls of the same
   * moment. Calls that do not wait for each other keep their order.
   * @throws RqError `RQ_INVALID_OPTION`, `RQ_INVALID_REFERENCE`, `RQ_SERIALIZATION`, `RQ_TOO_LARGE`,
   *   DuplicateJobError: nothing was written. `RQ_REDIS_UNREACHABLE`: it is unknown whether the job was written;
   *   enqueueing the same `jobId` again is safe. `RQ_REDIS_OUT_OF_MEMORY`.
   */
  enqueue<F extends AnyFunction>(func: Callable<F>, ...rest: CallRest<F>): Promise<Job<ResultOf<F>>> {
    return this.#submit(func, rest, AT_ONCE)
  }

  /**
   * Enqueue a call of `func`, wait until the job has ended, and return its return value (null when it returned
   * nothing). Takes one call of the store: it stores the job and who waits for it, and the notice of the end brings the
   * result, also with a `resultTtl` of 0.
   * @param rest.options.timeout how long to wait, from when the job is enqueued. Default: until it has ended.
   * @throws as `enqueue`, and as `job.result()`: JobFailedError, TimeoutError (the job stays), `RQ_JOB_STOPPED`,
   *   `RQ_INVALID_OPERATION` (canceled), `RQ_NO_SUCH_JOB` (deleted). The details have the `jobId`.
   */
  async enqueueAndWait<F extends AnyFunction>(
    func: Callable<F>,
    ...rest: CallRest<F, EnqueueAndWaitOptions>
  ): Promise<ResultOf<F>> {
    const { timeout, ...given }: EnqueueOptions & WaitOptions = rest[1] ?? {}
    const timeoutMs = waitMsOf(timeout)
    const options = checkOptions(overDefaults(this.#options, given))
    if (given.pipeline !== undefined)
      throw invalidOption('pipeline', {}, 'none: a job in a pipeline cannot be waited for')
    // It may be another job that is waited for: the one that holds the key.
    if (typeof options.unique === 'object') {
      const job = await this.#submit<ResultOf<F>>(func, [rest[0], given], AT_ONCE)
      return job.result(timeout === undefined ? {} : { timeout })
    }
    const made = this.#calls.make(func, checkRest(rest), options, this.#defaults)
    const { jobs } = this.#context.storage
    const told = jobs.waiter()
    const mustWait = made instanceof Promise || told instanceof Promise
    const [call, waiter] = mustWait ? await this.#calls.inOrder(Promise.all([made, told])) : [made, told]
    const { id } = call.record
    const hasNewId = options.id === undefined
    const looksFirst = !hasNewId || call.record.results === 'stream'
    const job = { ...newJobOf(call.stored, options, hasNewId, AT_ONCE), waiter }
    // Before the call is sent: the notice may come before its reply.
    const end = jobs.expectEnd(id)
    try {
      await this.#place(job, undefined, () => functionsOf(func, options, call.names))
      return await awaitReturnValue(id, this.#context, timeoutMs, (waitMs) => end.wait(waitMs, looksFirst))
    } finally {
      end.stop()
    }
  }

  /**
   * Like `enqueue`, at a time. Until then the job is `scheduled`; a time in the past means at once. Needs a scheduler,
   * or a worker with one. Dependencies and rate limits apply when the job is due.
   * @throws as `enqueue`.
   */
  async enqueueAt<F extends AnyFunction>(
    when: When,
    func: Callable<F>,
    ...rest: CallRest<F>
  ): Promise<Job<ResultOf<F>>> {
    return this.#submit(func, rest, { dueMs: whenMs(when, 'when') })
  }

  /** Like `enqueueAt`, after a delay from now, by the clock of the store. @throws as `enqueue`. */
  async enqueueIn<F extends AnyFunction>(
    delay: DurationLike,
    func: Callable<F>,
    ...rest: CallRest<F>
  ): Promise<Job<ResultOf<F>>> {
    const delayMs = durationMs(delay, 'delay')
    return this.#submit(func, rest, { delayMs })
  }

  /**
   * Enqueue many jobs in atomic calls of up to 500 jobs. The handles, and the jobs in the queue, have the order given;
   * jobs with `atFront` are at the head. Jobs may depend on others of the list, before or after them.
   * @throws as `enqueue`. Wrong input throws before anything is written. All jobs are written but those that the store
   *   refuses (`unique`, a cycle, too many dependencies); another error of the store ends the list. The details of the
   *   error have the ids of each kind: `written`, `duplicates`, `cycles`, `unknown` (the reply was lost) and
   *   `unwritten`, and as `jobs` the handles in the order given, null for what was not written. Enqueueing the list
   *   again is safe, since each data keeps its id; with `unique`, use `onDuplicate: 'return'` then.
   */
  async enqueueMany<const D extends readonly EnqueueData[]>(
    datas: D,
    options: EnqueueManyOptions = {},
  ): Promise<JobsOf<D>> {
    checkOptionNames(options, MANY_NAMES, 'enqueueMany')
    return (await this.#manyJobs(datas, options)) as JobsOf<D>
  }

  /**
   * Make a job for this queue; `enqueueJob` enqueues it. Writes nothing.
   * @throws RqError `RQ_INVALID_OPTION`, `RQ_INVALID_REFERENCE`, `RQ_SERIALIZATION`.
   */
  async createJob<F extends AnyFunction>(func: Callable<F>, ...rest: CallRest<F>): Promise<Job<ResultOf<F>>> {
    const given = rest[1] as EnqueueOptions | undefined
    // A job takes a key only when it is enqueued.
    const { unique: _, ...defaults } = this.#options ?? {}
    const options = checkCreateOptions(this.#options === undefined ? given : overDefaults(defaults, given))
    const args = checkRest(rest)
    const names = await this.#calls.namesOf(func, options)
    return newHandle(newRecord(names, args, options, this.#defaults), this.#context, this.#signer)
  }

  /**
   * Enqueue a job: a new one, or one of any status to be run again. It is removed from its present queue or registry,
   * and the state of its earlier runs is reset, except for their results. It waits for its dependencies like any other
   * job: a deferred one of another queue is moved to this one, and waits on.
   * @returns the same handle.
   * @throws as `enqueue`. `RQ_INVALID_OPERATION` when it is deferred in this queue already and has to wait on, unless
   *   there is a `pipeline`, which does nothing then. `RQ_SIGNATURE` on a queue with `sign`, which takes only jobs with
   *   a valid signature.
   */
  async enqueueJob<R>(job: Job<R>, options: EnqueueJobOptions = {}): Promise<Job<R>> {
    return this.#putIn(job, options, {})
  }

  /** Like `enqueueJob`, at a time as in `enqueueAt`. @returns the same handle. @throws as `enqueue`. */
  async scheduleJob<R>(job: Job<R>, when: When, options: EnqueueJobOptions = {}): Promise<Job<R>> {
    return this.#putIn(job, options, { dueMs: whenMs(when, 'when') })
  }

  async #putIn<R>(job: Job<R>, options: EnqueueJobOptions, time: DueTime): Promise<Job<R>> {
    checkOptionNames(options, JOB_NAMES, 'enqueueJob')
    const { atFront = false, unique = false, pipeline } = options
    const made = job.toStoredRecord()
    const known = made instanceof Promise ? await this.#calls.inOrder(made) : made
    this.#signer?.verify(known)
    const wasDeferredHere = known.status === 'deferred' && known.origin === this.name
    const record = fresh(known, this.#defaults)
    await this.#place(
      { record, atFront: atFront || record.enqueueAtFront === true, unique, again: true, ...time },
      pipeline,
      () => new Map(),
    )
    if (wasDeferredHere && record.status === 'deferred' && pipeline === undefined) {
      await refuseStillWaiting(this.#context.storage.jobs, record.id)
    }
    for (const key of Object.keys(known)) if (!(key in record)) delete known[key as 'startedAtMs']
    Object.assign(known, record)
    return job
  }

  /** Wait for pending enqueues of this storage; close the storage if the queue owns it. Safe to call twice. */
  async close(): Promise<void> {
    await this.#listeners.stop()
    await this.#batch.idle()
    if (this.#ownsStorage) await this.#context.storage.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #submit<R>(func: FunctionRef, rest: readonly unknown[], time: DueTime): Promise<Job<R>> {
    const given = rest[1] as EnqueueOptions | undefined
    const options = checkOptions(overDefaults(this.#options, given))
    const made = this.#calls.make(func, checkRest(rest), options, this.#defaults)
    const { names, record, stored } = made instanceof Promise ? await made : made
    const job = newJobOf(stored, options, options.id === undefined, time)
    const known = () => functionsOf(func, options, names)
    try {
      return new Job<R>(await this.#place(job, given?.pipeline, known), this.#context, record)
    } catch (error) {
      if (typeof options.unique !== 'object' || options.unique.onDuplicate !== 'return') throw error
      return (await this.#existing(job, record, error, known)) as Job<R>
    }
  }

  /** The job that holds the key of another one, which was refused; or the handle of that one, if it is written now. */
  async #existing(job: NewJob, record: JobRecord, error: unknown, known: () => ReadonlyMap<string, AnyFunction>) {
    const list = new EnqueuedList(1)
    if (!list.refuse(job, error)) throw error
    const send = (some: readonly NewJob[]) => this.#sendList(some, list, known)
    const found = (await handlesOfDuplicates(list, this.#context, () => true, send)).get(job)
    list.end([null])
    return found ?? new Job(job.record, this.#context, record)
  }

  /** Resolves to the record of the job, with its status. */
  #place(job: NewJob, pipeline: unknown, known: () => ReadonlyMap<string, AnyFunction>): Promise<JobRecord> {
    this.#signer?.sign(job.record)
    if (pipeline === undefined && (this.isAsync || job.dueMs !== undefined || job.delayMs !== undefined)) {
      return this.#batch.add(job).then((placement) => setPlacement(job, placement))
    }
    return this.#placeHere(job, pipeline, known)
  }

  async #placeHere(job: NewJob, pipeline: unknown, known: () => ReadonlyMap<string, AnyFunction>): Promise<JobRecord> {
    if (pipeline !== undefined) {
      this.#checkPipeline(job)
      this.#context.storage.queues.enqueueInto(pipeline, [job])
      return setPlacement(job, expectedPlacement(job))
    }
    refuseRateLimit(job)
    await runInProcess(job, this.#context, known(), this.#inProcess)
    return job.record
  }

  async #manyJobs(
    datas: readonly EnqueueData[],
    { pipeline, groupId, onDuplicate }: EnqueueManyOptions,
  ): Promise<Job[]> {
    if (onDuplicate !== undefined) oneOf('onDuplicate', onDuplicate, ['refuse', 'return'])
    if (groupId !== undefined) checkName(groupId, 'groupId')
    checkDatas(datas)
    const calls = this.#options === undefined ? datas : datas.map((data) => this.#withDefaults(data))
    const names = await this.#calls.namesOfAll(calls)
    const records = calls.map(({ id, args, options }, index) => {
      const record = newRecord(names[index] as CallNames, args, options, this.#defaults, id)
      if (groupId !== undefined) record.groupId = groupId
      return record
    })
    const { codec, limits } = this.#context
    const stored = codec === undefined ? records : await encodeRecords(codec, records, limits)
    for (const record of stored) this.#signer?.sign(record)
    const jobs = calls.map(({ options }, index) => {
      return newJobOf(stored[index] as JobRecord, options, datas[index]?.takeId() === true, AT_ONCE)
    })
    const handle = (job: NewJob, index: number) => new Job(job.record, this.#context, records[index])
    const ordered = batchInDependencyOrder(jobs)
    if (pipeline !== undefined) {
      for (const job of ordered) this.#checkPipeline(job)
      this.#context.storage.queues.enqueueInto(pipeline, ordered)
      for (const job of jobs) setPlacement(job, expectedPlacement(job))
      return jobs.map(handle)
    }
    if (!this.isAsync) for (const job of ordered) refuseRateLimit(job)
    const known = () =>
      new Map(calls.flatMap(({ func, options }, index) => [...functionsOf(func, options, names[index])]))
    const list = new EnqueuedList(jobs.length)
    const send = (some: readonly NewJob[]) => this.#sendList(some, list, known)
    await send(ordered)
    const isWanted = ({ uniqueKey }: NewJob) => (onDuplicate ?? uniqueKey?.onDuplicate) === 'return'
    const existing = await handlesOfDuplicates(list, this.#context, isWanted, send)
    const handles = jobs.map((job, index) => existing.get(job) ?? (list.isWritten(job) ? handle(job, index) : null))
    list.end(handles)
    return handles as Job[]
  }

  #withDefaults({ args, func, given, id }: EnqueueData) {
    return { args, func, id, options: checkOptions(overDefaults(this.#options, given)) }
  }

  async #sendList(
    jobs: readonly NewJob[],
    list: EnqueuedList,
    known: () => ReadonlyMap<string, AnyFunction>,
  ): Promise<void> {
    if (this.isAsync) return enqueueInChunks(this.#context.storage.queues, jobs, list)
    const functions = known()
    return runList(jobs, (job) => runInProcess(job, this.#context, functions, this.#inProcess), list)
  }

  #checkPipeline(job: NewJob): void {
    if (job.unique || job.record.unique !== undefined)
      throw invalidOption('unique', true, 'no pipeline with it: a pipeline cannot report duplicates')
    if (!this.isAsync)
      throw invalidOption('pipeline', {}, 'none on a queue with isAsync: false, whose jobs run at once')
  }

  /** What new jobs have. @throws RqError `RQ_INVALID_OPTION` if the queue has a name that rq gives none. */
  get #defaults(): RecordDefaults {
    if (this.#hasAnyName) checkQueueName(this.name, 'queue name')
    return this.#recordDefaults
  }
}

function checkFunctions(functions: unknown, isAsync: boolean): void {
  if (functions === undefined) return
  if (isAsync) throw invalidOption('functions', functions, 'none unless isAsync is false: give them to the worker')
  const isTable = typeof functions === 'object' && functions !== null && !Array.isArray(functions)
  if (!isTable) throw invalidOption('functions', functions, 'an object of functions by their names')
  for (const [name, func] of Object.entries(functions)) {
    if (typeof func !== 'function') throw invalidOption(`functions.${name}`, func, 'a function')
  }
}

type DueTime = Pick<NewJob, 'dueMs' | 'delayMs'>
const AT_ONCE: DueTime = {}

function newJobOf(record: JobRecord, options: CheckedOptions, hasNewId: boolean, time: DueTime): NewJob {
  const atFront = options.atFront || record.enqueueAtFront === true
  const { unique } = options
  if (typeof unique !== 'object') return { record, atFront, unique, hasNewId, ...time }
  return { record, atFront, unique: false, uniqueKey: newUniqueKey(unique), hasNewId, ...time }
}

function refuseRateLimit({ record }: NewJob): void {
  if (record.rateLimit === undefined) return
  throw invalidOption('rateLimit', record.rateLimit, 'none on a queue with isAsync: false, whose jobs run at once')
}

/** The record of a job of this queue, without the state of its runs. */
function fresh(record: JobRecord, { origin, timeoutS }: RecordDefaults): JobRecord {
  const { startedAtMs, endedAtMs, lastHeartbeatMs, workerName, executionId, ...withResult } = record
  const { abandonedCount, result, excInfo, leftOut, ...rest } = withResult
  const limit = rest.timeoutS ?? timeoutS
  return { ...rest, origin, status: 'created', ...(limit !== undefined && { timeoutS: limit }) }
}

function functionsOf(func: FunctionRef, options: CheckedOptions, names: CallNames | undefined) {
  return knownFunctions([
    [names?.func, func],
    [names?.onSuccess?.name, options.onSuccess?.func],
    [names?.onFailure?.name, options.onFailure?.func],
    [names?.onStopped?.name, options.onStopped?.func],
    [names?.retryOn, options.retry?.on],
  ])
}
