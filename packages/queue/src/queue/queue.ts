import { type DurationLike, durationMs } from '@rq/core'
import { type AnyFunction, DEFAULT_QUEUE_NAME, type QueueCounts, type QueueEventName, type Storage } from '@rq/job'
import { checkedContextOf } from '../context.ts'
import type { Callable, CallRest, ResultOf } from '../enqueue/call-types.ts'
import { type EnqueueAndWaitOptions, enqueueAndWait } from '../enqueue/enqueue-and-wait.ts'
import { enqueueCall } from '../enqueue/enqueue-call.ts'
import { type EnqueueData, type JobsOf, prepareData } from '../enqueue/enqueue-data.ts'
import { createJob, type EnqueueJobOptions, enqueueJob } from '../enqueue/enqueue-job.ts'
import { type EnqueueManyOptions, enqueueMany } from '../enqueue/enqueue-many.ts'
import { AT_ONCE } from '../enqueue/new-job.ts'
import { Producer } from '../enqueue/producer.ts'
import type { Job } from '../job/job.ts'
import { type When, whenMs } from '../when.ts'
import { checkKnownQueueNames, QueueContents } from './queue-contents.ts'
import type { QueueEvent } from './queue-event.ts'
import { QueueListeners } from './queue-listeners.ts'
import { checkNameOf, QUEUE_OPTION_NAMES, type QueueOptions } from './queue-options.ts'

/** The counts of one of many queues. */
export interface NamedQueueCounts extends QueueCounts {
  readonly name: string
}

/** A list of jobs by name. Workers claim jobs from its head. It exists from its first enqueue, and needs no set-up. */
export class Queue extends QueueContents {
  /** Whether workers run its jobs. False: they run at once in this process. */
  readonly isAsync: boolean
  readonly #producer: Producer
  readonly #storage: Storage
  readonly #ownsStorage: boolean
  readonly #listeners: QueueListeners

  /** @throws RqError `RQ_INVALID_OPTION`. Connects to nothing. */
  constructor(name: string = DEFAULT_QUEUE_NAME, options: QueueOptions) {
    const context = checkedContextOf(options, 'Queue', QUEUE_OPTION_NAMES)
    super(checkNameOf(name, options), context)
    this.#producer = new Producer(this.name, context, options)
    this.isAsync = this.#producer.sender.isAsync
    this.#storage = context.storage
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
    return enqueueCall(this.#producer, func, rest, AT_ONCE)
  }

  /**
   * Enqueue a call of `func`, wait until the job has ended, and return its return value (null when it returned
   * nothing). Takes one call of the store: it stores the job and who waits for it, and the notice of the end brings the
   * result, also with a `resultTtl` of 0.
   * @param rest.options.timeout how long to wait, from when the job is enqueued. Default: until it has ended.
   * @throws as `enqueue`, and as `job.result()`: JobFailedError, TimeoutError (the job stays), `RQ_JOB_STOPPED`,
   *   `RQ_INVALID_OPERATION` (canceled), `RQ_NO_SUCH_JOB` (deleted). The details have the `jobId`.
   */
  enqueueAndWait<F extends AnyFunction>(
    func: Callable<F>,
    ...rest: CallRest<F, EnqueueAndWaitOptions>
  ): Promise<ResultOf<F>> {
    return enqueueAndWait(this.#producer, func, rest)
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
    return enqueueCall(this.#producer, func, rest, { dueMs: whenMs(when, 'when') })
  }

  /** Like `enqueueAt`, after a delay from now, by the clock of the store. @throws as `enqueue`. */
  async enqueueIn<F extends AnyFunction>(
    delay: DurationLike,
    func: Callable<F>,
    ...rest: CallRest<F>
  ): Promise<Job<ResultOf<F>>> {
    const delayMs = durationMs(delay, 'delay')
    return enqueueCall(this.#producer, func, rest, { delayMs })
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
    return (await enqueueMany(this.#producer, datas, options)) as JobsOf<D>
  }

  /**
   * Make a job for this queue; `enqueueJob` enqueues it. Writes nothing.
   * @throws RqError `RQ_INVALID_OPTION`, `RQ_INVALID_REFERENCE`, `RQ_SERIALIZATION`.
   */
  createJob<F extends AnyFunction>(func: Callable<F>, ...rest: CallRest<F>): Promise<Job<ResultOf<F>>> {
    return createJob(this.#producer, func, rest)
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
  enqueueJob<R>(job: Job<R>, options: EnqueueJobOptions = {}): Promise<Job<R>> {
    return enqueueJob(this.#producer, job, options, AT_ONCE)
  }

  /** Like `enqueueJob`, at a time as in `enqueueAt`. @returns the same handle. @throws as `enqueue`. */
  async scheduleJob<R>(job: Job<R>, when: When, options: EnqueueJobOptions = {}): Promise<Job<R>> {
    return enqueueJob(this.#producer, job, options, { dueMs: whenMs(when, 'when') })
  }

  /** Wait for pending enqueues of this storage; close the storage if the queue owns it. Safe to call twice. */
  async close(): Promise<void> {
    await this.#listeners.stop()
    await this.#producer.sender.idle()
    if (this.#ownsStorage) await this.#storage.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
