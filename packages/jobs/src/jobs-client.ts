import { checkOptionNames, checkQueueName, invalidOption } from '@rq/core'
import { DEFAULT_QUEUE_NAME } from '@rq/job'
import { checkDefaultOptions, type DefaultOptions, QUEUE_OPTION_NAMES, Queue, type QueueOptions } from '@rq/queue'
import { type DefinedJobs, jobsOf, type ProgramOptions, programNames } from './define-jobs.ts'
import { JobProducer } from './defined-job.ts'
import { isJobName, type TypedJob, type TypedJobs } from './definition.ts'
import { JobQueues, type MakeQueue } from './job-queues.ts'
import { jobSetOf } from './job-set.ts'

/** The types of what `defineJobs` returned. */
type TypesOf<J> = J extends { readonly '~definitions'?: infer D extends TypedJobs } ? D : never

/** The jobs of a module, enqueued through a client. */
export type ClientOf<J> = DefinedJobs<TypesOf<J>>

/** The queue and the options of a job, with the types that its definition has. */
type SettingsOf<D extends TypedJob> = (HasQueue<D> extends true ? { readonly queue: D['queue'] } : unknown) &
  (HasOptions<D> extends true ? { readonly options: D['options'] } : unknown)

type HasQueue<D extends TypedJob> = unknown extends D['queue']
  ? false
  : D['queue'] extends typeof DEFAULT_QUEUE_NAME | undefined
    ? false
    : true

type HasOptions<D extends TypedJob> = unknown extends D['options'] ? false : true

type NeedsSettings<D extends TypedJob> = true extends HasQueue<D> | HasOptions<D> ? true : false

/** The queue and the options of each job that has any: types alone do not carry them to where the program runs. */
export type JobsClientSettings<J> = {
  readonly [Name in keyof TypesOf<J> as NeedsSettings<TypesOf<J>[Name]> extends true ? Name : never]: SettingsOf<
    TypesOf<J>[Name]
  >
}

/** The options of a client that has only the types of the jobs. */
export type JobsClientOptions<J, O> = Omit<ProgramOptions<O>, 'isAsync' | 'importPaths'> &
  (keyof JobsClientSettings<J> extends never
    ? { readonly settings?: JobsClientSettings<J> }
    : {
        /** The queue and the options of each job that has any, as its definition says. */
        readonly settings: JobsClientSettings<J>
      })

type OptionsRest<Options> = Partial<Options> extends Options ? [options?: Options] : [options: Options]

type AnyJobs = { readonly '~definitions'?: TypedJobs }

export interface JobsClient<O extends object> {
  /** With the module at hand: inputs are checked, and queues and options are those of the definitions. */
  <J extends AnyJobs>(jobs: J, ...rest: OptionsRest<ProgramOptions<O>>): ClientOf<J>
  /** With its types only: nothing of the module is imported, and inputs are checked by the compiler and the worker. */
  <J extends AnyJobs>(...rest: OptionsRest<JobsClientOptions<J, O>>): ClientOf<J>
}

/** Makes a `jobsClient()` whose queues come from `makeQueue`, which it calls at the first enqueue of a job. */
export function jobsClientMaker<O extends object>(
  makeQueue: MakeQueue<O>,
  queueOptionNames: Readonly<Record<keyof O, true>>,
): JobsClient<O> {
  const names = programNames(queueOptionNames)
  const { isAsync: _, importPaths: __, ...typedNames } = names
  const make = makeQueue as MakeQueue<object>
  const client = (...args: readonly unknown[]): object => {
    const set = jobSetOf(args[0])
    if (set === undefined) return typedClient(make, checkedOptions(args[0], { ...typedNames, settings: true }))
    return jobsOf(set.definitions, new JobQueues(make, checkedOptions(args[1], names), set))
  }
  return client as JobsClient<O>
}

function checkedOptions(options: unknown, names: Readonly<Record<string, true>>): object {
  return checkOptionNames((options ?? {}) as object, names, 'jobsClient()')
}

type Settings = Readonly<Record<string, { readonly queue?: string; readonly options?: DefaultOptions }>>

/** Any name is a job of it: the compiler knows which exist. */
function typedClient(makeQueue: MakeQueue<object>, options: object): object {
  const { settings = {}, ...queueOptions } = options as { settings?: Settings }
  checkSettings(settings)
  const queues = new JobQueues(makeQueue, queueOptions, undefined)
  const close = () => queues.close()
  const known = new Map<PropertyKey, unknown>([
    ['close', close],
    [Symbol.asyncDispose, close],
    ['then', undefined],
  ])
  return new Proxy(Object.freeze({}), {
    get(_target, name) {
      if (!known.has(name) && typeof name === 'string' && isJobName(name)) {
        const { options, queue } = Object.hasOwn(settings, name) ? (settings[name] ?? {}) : {}
        known.set(name, new JobProducer({ name, schema: undefined, options, queue, queues }))
      }
      return known.get(name)
    },
  })
}

function checkSettings(settings: Settings): void {
  if (typeof settings !== 'object' || settings === null || Array.isArray(settings)) {
    throw invalidOption('settings', settings, "an object such as { sendMail: { queue: 'mail' } }")
  }
  for (const [name, one] of Object.entries(settings)) {
    const at = `settings.${name}`
    if (!isJobName(name)) throw invalidOption('settings', name, 'names of jobs')
    if (one === undefined) throw invalidOption(at, one, 'an object with queue and options')
    checkOptionNames(one, { queue: true, options: true }, at)
    checkQueueName(one.queue ?? DEFAULT_QUEUE_NAME, `${at}.queue`)
    checkDefaultOptions(one.options, `${at}.options`)
  }
}

/** Enqueue the jobs of a module elsewhere. Connects at the first enqueue. @throws RqError `RQ_INVALID_OPTION`. */
export const jobsClient: JobsClient<QueueOptions> = jobsClientMaker<QueueOptions>(
  (name, options) => new Queue(name, options),
  QUEUE_OPTION_NAMES,
)
