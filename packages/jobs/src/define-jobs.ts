import { checkOptionNames } from '@rq/core'
import { type DefaultOptions, QUEUE_OPTION_NAMES, Queue, type QueueOptions } from '@rq/queue'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { type DefinedJob, JobProducer } from './defined-job.ts'
import {
  checkDefinitions,
  type GivenInput,
  type JobDefinitions,
  type JobRun,
  type ParsedInput,
  type ReturnOf,
  type TypedJobs,
} from './definition.ts'
import { JobQueues, type MakeQueue } from './job-queues.ts'
import { makeJobSet, noteJobSet } from './job-set.ts'
import { checkLifecycle, LIFECYCLE_NAMES, type Lifecycle } from './lifecycle.ts'

/** What `defineJobs` returns: each job by its name, to enqueue it. A worker takes the module that exports it. */
export type DefinedJobs<D extends TypedJobs> = {
  readonly [Name in keyof D]: DefinedJob<GivenInput<D[Name]>, ReturnOf<D[Name]>>
} & {
  /** Wait for pending enqueues and close the connection that enqueues of this module have opened. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
  /** For the type checker only. */
  readonly '~definitions'?: D
}

/** The options of a queue that the jobs of a module may have. */
export type ProgramOptions<O> = Omit<O, 'functions' | 'anyName'>

/** Where and how the jobs run, and the options of the queues that this module enqueues to. */
export type JobsOptions<Services, O> = Lifecycle<Services> & ProgramOptions<O>

/** Refuses names that options of a job cannot have. */
type Known<Options> = { readonly [Name in Exclude<keyof Options, keyof DefaultOptions>]: never }

/**
 * The definitions, by what the compiler finds in each: the schema, the queue, the options and the function. One type
 * parameter for each, since a single one would leave the parameters of `run` without types.
 */
type Given<Schemas, Queues, Options, Functions, Services> = {
  readonly [Name in keyof Schemas]: {
    readonly input?: Schemas[Name] & StandardSchemaV1
    run(input: ParsedInput<Schemas[Name]>, context: JobRun<Services>): unknown
  }
} & { readonly [Name in keyof Queues]: { readonly queue?: Queues[Name] & string } } & {
  readonly [Name in keyof Options]: { readonly options?: Options[Name] & DefaultOptions & Known<Options[Name]> }
} & { readonly [Name in keyof Functions]: { run: Functions[Name] } }

type Typed<Schemas, Queues, Options, Functions> = {
  readonly [Name in keyof Functions & string]: {
    readonly input: At<Schemas, Name>
    readonly queue: At<Queues, Name>
    readonly options: At<Options, Name>
    readonly run: Functions[Name]
  }
}

type At<Values, Name> = Name extends keyof Values ? Values[Name] : unknown

export type DefineJobs<O extends object> = <Schemas, const Queues, const Options, Functions, Services = undefined>(
  jobs: Given<Schemas, Queues, Options, Functions, Services>,
  ...rest: Partial<O> extends O ? [options?: JobsOptions<Services, O>] : [options: JobsOptions<Services, O>]
) => DefinedJobs<Typed<Schemas, Queues, Options, Functions>>

/**
 * Makes a `defineJobs()` whose queues come from `makeQueue`. It calls `makeQueue` at the first enqueue of a job, so
 * that a worker that imports the module opens no connection.
 */
export function jobsDefiner<O extends object>(
  makeQueue: MakeQueue<O>,
  queueOptionNames: Readonly<Record<keyof O, true>>,
): DefineJobs<O> {
  const names = { ...LIFECYCLE_NAMES, ...programNames(queueOptionNames) }
  return (jobs, ...rest) => {
    const { setup, teardown, ...queueOptions } = checkOptionNames(rest[0] ?? {}, names, 'defineJobs()') as Lifecycle & O
    checkLifecycle({ setup, teardown })
    const definitions = checkDefinitions(jobs as unknown as JobDefinitions)
    const set = makeJobSet(definitions, { setup, teardown })
    const defined = jobsOf(definitions, new JobQueues(makeQueue as MakeQueue<object>, queueOptions, set))
    noteJobSet(defined, set)
    return Object.freeze(defined) as never
  }
}

/** The jobs by their names, which enqueue to these queues. */
export function jobsOf(definitions: JobDefinitions, queues: JobQueues): object {
  const producers = Object.entries(definitions).map(([name, { input: schema, options, queue }]) => {
    return [name, new JobProducer({ name, schema, options, queue, queues })]
  })
  const close = () => queues.close()
  return { ...Object.fromEntries(producers), close, [Symbol.asyncDispose]: close }
}

/** The names of the options of a queue, without those that a module of jobs sets itself. */
export function programNames<O extends object>(names: Readonly<Record<keyof O, true>>): Readonly<Record<string, true>> {
  const { functions: _, anyName: __, ...rest } = names as Readonly<Record<string, true>>
  return rest
}

/**
 * Define jobs by name: their inputs, queues, options and functions.
 * @throws RqError `RQ_INVALID_OPTION` at once for what an enqueue or a worker would refuse. Connects to nothing.
 */
export const defineJobs: DefineJobs<QueueOptions> = jobsDefiner<QueueOptions>(
  (name, options) => new Queue(name, options),
  QUEUE_OPTION_NAMES,
)
