import { type DurationLike, invalidOption } from '@rq/core'
import { type AnyFunction, DEFAULT_QUEUE_NAME, type EnqueueOptions, type TypedRef } from '@rq/job'
import {
  type DefaultOptions,
  type EnqueueAndWaitOptions,
  EnqueueData,
  type EnqueueManyOptions,
  type Job,
  type Queue,
  type When,
} from '@rq/queue'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { checkInput } from './checked-input.ts'
import type { JobQueues } from './job-queues.ts'

/** The input, which may be left out where it may be undefined, and the options of one job. */
export type InputRest<Input, Options> = undefined extends Input
  ? [input?: Input, options?: Options]
  : [input: Input, options?: Options]

type OptionsOfJob = Omit<EnqueueOptions, 'kwargs'>

/**
 * Enqueues one of the jobs of `defineJobs`. With the module at hand, each method checks the input first and rejects
 * with `RQ_INPUT_INVALID`: nothing is written then. What is written is the input, not the output of the schema.
 */
export interface DefinedJob<Input, Result> {
  /** The name under which workers know it. */
  readonly name: string
  /** Its name with its types, for calls that take a function: `Schedule.upsert(name, times, jobs.report.ref, ...)`. */
  readonly ref: TypedRef<undefined extends Input ? (input?: Input) => Result : (input: Input) => Result>
  /** @throws as `queue.enqueue`; `RQ_INPUT_INVALID`. */
  enqueue(...rest: InputRest<Input, OptionsOfJob>): Promise<Job<Result>>
  /** As `queue.enqueueIn`. */
  enqueueIn(delay: DurationLike, ...rest: InputRest<Input, OptionsOfJob>): Promise<Job<Result>>
  /** As `queue.enqueueAt`. */
  enqueueAt(when: When, ...rest: InputRest<Input, OptionsOfJob>): Promise<Job<Result>>
  /** As `queue.enqueueAndWait`: resolves to what `run` returned. */
  enqueueAndWait(...rest: InputRest<Input, Omit<EnqueueAndWaitOptions, 'kwargs'>>): Promise<Result>
  /** A job for each input, in atomic calls of up to 500. All inputs are checked first. As `queue.enqueueMany`. */
  enqueueMany(inputs: readonly Input[], options?: EnqueueManyOptions): Promise<Job<Result>[]>
  /** A job for `queue.enqueueMany`, with its options: for lists of several kinds of jobs. Writes nothing. */
  prepareData(...rest: InputRest<Input, OptionsOfJob>): Promise<EnqueueData<Result>>
}

export interface JobProducerOptions {
  readonly name: string
  /** Undefined: inputs are not checked here. */
  readonly schema: StandardSchemaV1 | undefined
  readonly queue: string | undefined
  readonly options: DefaultOptions | undefined
  readonly queues: JobQueues
}

/** A class, so that no reference of a job leads to its methods. */
export class JobProducer implements DefinedJob<unknown, unknown> {
  readonly name: string
  readonly #options: JobProducerOptions

  constructor(options: JobProducerOptions) {
    this.name = options.name
    this.#options = options
  }

  get ref(): TypedRef<AnyFunction> {
    return this.name
  }

  async enqueue(input?: unknown, options: OptionsOfJob = {}): Promise<Job> {
    await this.#check(input, options)
    return this.#queue().enqueue(this.ref, argsOf(input), options)
  }

  async enqueueIn(delay: DurationLike, input?: unknown, options: OptionsOfJob = {}): Promise<Job> {
    await this.#check(input, options)
    return this.#queue().enqueueIn(delay, this.ref, argsOf(input), options)
  }

  async enqueueAt(when: When, input?: unknown, options: OptionsOfJob = {}): Promise<Job> {
    await this.#check(input, options)
    return this.#queue().enqueueAt(when, this.ref, argsOf(input), options)
  }

  async enqueueAndWait(input?: unknown, options: EnqueueAndWaitOptions = {}): Promise<unknown> {
    await this.#check(input, options)
    return this.#queue().enqueueAndWait(this.ref, argsOf(input), options)
  }

  async enqueueMany(inputs: readonly unknown[], options?: EnqueueManyOptions): Promise<Job[]> {
    if (!Array.isArray(inputs)) throw invalidOption('inputs', inputs, 'an array of inputs')
    const { name, schema } = this.#options
    for (const [index, input] of inputs.entries()) await checkInput(name, schema, input, [index])
    const datas = inputs.map((input) => new EnqueueData(name, [argsOf(input)]))
    return this.#queue().enqueueMany(datas, options)
  }

  async prepareData(input?: unknown, options: OptionsOfJob = {}): Promise<EnqueueData> {
    await this.#check(input, options)
    return new EnqueueData(this.name, [argsOf(input), { ...this.#options.options, ...options }])
  }

  #check(input: unknown, options: OptionsOfJob): void | Promise<void> {
    const kwargs: unknown = Reflect.get(options, 'kwargs')
    if (kwargs !== undefined) throw invalidOption('kwargs', kwargs, 'none: the input is the one argument of the job')
    const { name, schema } = this.#options
    return checkInput(name, schema, input)
  }

  #queue(): Queue {
    const { name, options, queue = DEFAULT_QUEUE_NAME, queues } = this.#options
    return queues.queueFor(name, queue, options)
  }
}

function argsOf(input: unknown): readonly unknown[] {
  return input === undefined ? [] : [input]
}
