import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import {
  type Clock,
  checkName,
  type DurationLike,
  invalidOption,
  type Logger,
  newId,
  type OptionRule,
  SECOND_MS,
  silentLogger,
  systemClock,
} from '@rq/core'
import type { AnyFunction, Storage } from '@rq/job'
import { isSerializer, type Serializer } from '@rq/serializer'
import type { PrefetchOptions } from './horses/prefetch.ts'
import type { StorageSource } from './inside-horse/protocol.ts'
import { type ABANDONED_POLICIES, type HORSE_KINDS, WORKER_OPTIONS } from './option-table.ts'
import type { ExceptionHandler, WorkHorseKilledHandler } from './outcome/worker-handlers.ts'

export type HorseKind = (typeof HORSE_KINDS)[number]

type AbandonedPolicy = (typeof ABANDONED_POLICIES)[number]

/** A queue, or its name. */
export type QueueLike = string | { readonly name: string }

export interface WorkerOptions {
  storage: Storage
  /** Unique among living workers. Default: random. */
  name?: string
  /**
   * `'superjson'` (default), `'json'`, or `'module#export'`. A serializer object is fine for `inline` horses;
   * others can only be told its name, so it must be a built-in one.
   */
  serializer?: string | Serializer
  /** Jobs at once: so many horses, or so many in one event loop with `inline`. Default 1. */
  concurrency?: number
  /** Default `process`. */
  horse?: HorseKind
  /** Folders below which job functions may be imported. Default: the working directory. */
  importPaths?: readonly string[]
  /** Packages that job functions may come from. Default: none. */
  allow?: readonly string[]
  /** Functions by name, for `inline` only. */
  functions?: Readonly<Record<string, AnyFunction>>
  /** Modules that every horse loads first, such as `tsx`; packages are looked for from the working directory on. */
  imports?: readonly string[]
  /**
   * Called in order when a job has failed, each with (job, error), until one returns false. References run in the
   * horse, after the failure callback; functions run in the worker's process, after all references.
   */
  exceptionHandlers?: readonly (string | ExceptionHandler)[]
  /** Only set the status of a job that failed: no registry, no result, no expiry. Default false. */
  disableDefaultExceptionHandler?: boolean
  /** Runs in the worker's process. */
  workHorseKilledHandler?: WorkHorseKilledHandler
  /** How long the worker's record outlives its last heartbeat. Default 420 s. */
  workerTtl?: DurationLike
  /** Longest time between two heartbeats. Default 30 s; leases ask for more frequent ones. */
  jobMonitoringInterval?: DurationLike
  /** How often registries are cleaned. Default 600 s. */
  maintenanceInterval?: DurationLike
  /** For jobs that do not say how long their result is kept. Default 500 s. */
  defaultResultTtl?: DurationLike
  /** What becomes of the job of a dead worker when it has no retries left. Default `fail`, as in RQ. */
  onAbandoned?: AbandonedPolicy
  /**
   * How long a warm stop lets running jobs go on; then they go back to the head of their queues, and no attempt is counted.
   * Default: as long as they take.
   */
  gracePeriod?: DurationLike
  /** Default: silent. */
  logger?: Logger
  /** False: log lines name jobs by their ids alone, since a description holds arguments. Default true. */
  logJobDescription?: boolean
  /** How long a job stays this worker's without a sign of life. Default 15000. */
  leaseMs?: number
  /** How many jobs to hand to a horse ahead of the one that runs. */
  prefetch?: PrefetchOptions
  /** Replace a horse after so many jobs. Default 0: never. */
  horseMaxJobs?: number
  /** Replace a horse that holds more than so many bytes after a job; looked at once a second. Default 0: never. */
  horseMaxBytes?: number
  /** Where horses get the client for callbacks from; by default callbacks get undefined. */
  horseStorage?: StorageSource
  /**
   * Where the thread gets its storage from that renews the leases of `inline` horses. By default there is no such thread,
   * and a job that blocks the event loop for longer than a lease is taken for abandoned.
   */
  leaseStorage?: StorageSource
  /** Say in the process title who this is. Default true. */
  processTitle?: boolean
  clock?: Clock
}

/** The options, checked and complete. */
export interface WorkerSettings {
  readonly storage: Storage
  readonly queues: readonly string[]
  readonly name: string
  readonly serializer: string | Serializer
  readonly concurrency: number
  readonly horse: HorseKind
  /** Absolute. */
  readonly importPaths: readonly string[]
  readonly allow: readonly string[]
  readonly functions: Readonly<Record<string, AnyFunction>>
  readonly imports: readonly string[]
  readonly exceptionHandlers: readonly ExceptionHandler[]
  readonly exceptionHandlerRefs: readonly string[]
  readonly disableDefaultExceptionHandler: boolean
  readonly workHorseKilledHandler: WorkHorseKilledHandler | undefined
  readonly workerTtlS: number
  readonly heartbeatMs: number
  readonly maintenanceMs: number
  readonly defaultResultTtlS: number
  readonly onAbandoned: AbandonedPolicy
  readonly graceMs: number | undefined
  readonly logger: Logger
  readonly logJobDescription: boolean
  readonly leaseMs: number
  readonly prefetch: PrefetchOptions
  readonly horseMaxJobs: number
  readonly horseMaxBytes: number
  readonly horseStorage: StorageSource | undefined
  readonly leaseStorage: StorageSource | undefined
  readonly processTitle: boolean
  readonly clock: Clock
}

/** A lease is renewed this many times before it ends. */
const BEATS_PER_LEASE = 3

/** @throws RqError `RQ_INVALID_OPTION` naming the option. */
export function checkWorkerOptions(queues: QueueLike | readonly QueueLike[], options: WorkerOptions): WorkerSettings {
  const storage = options?.storage
  if (typeof storage !== 'object' || storage === null) throw invalidOption('storage', storage, 'a storage')
  const checked = <Name extends OptionName>(name: Name) => checkedOption(options, name)
  const horse = checked('horse')
  const leaseMs = checked('leaseMs')
  const handlers = checked('exceptionHandlers')
  if (options.functions !== undefined && horse !== 'inline') {
    throw invalidOption(
      'functions',
      options.functions,
      "none unless horse is 'inline': other horses import their functions",
    )
  }
  return {
    storage,
    queues: queueNames(queues),
    name: options.name === undefined ? newId() : checked('name'),
    serializer: checkSerializer(options.serializer ?? 'superjson', horse),
    concurrency: checked('concurrency'),
    horse,
    importPaths: checked('importPaths').map((path) => resolve(path)),
    allow: checked('allow'),
    functions: options.functions ?? {},
    imports: checked('imports').map(absolute),
    exceptionHandlers: handlers.filter((handler) => typeof handler === 'function'),
    exceptionHandlerRefs: handlers.filter((handler) => typeof handler === 'string'),
    disableDefaultExceptionHandler: checked('disableDefaultExceptionHandler'),
    workHorseKilledHandler: options.workHorseKilledHandler,
    workerTtlS: checked('workerTtl'),
    heartbeatMs: Math.min(leaseMs / BEATS_PER_LEASE, checked('jobMonitoringInterval') * SECOND_MS),
    maintenanceMs: Math.max(SECOND_MS, checked('maintenanceInterval')),
    defaultResultTtlS: checked('defaultResultTtl'),
    onAbandoned: checked('onAbandoned'),
    graceMs: options.gracePeriod === undefined ? undefined : checked('gracePeriod'),
    logger: options.logger ?? silentLogger,
    logJobDescription: checked('logJobDescription'),
    leaseMs,
    prefetch: options.prefetch ?? {},
    horseMaxJobs: checked('horseMaxJobs'),
    horseMaxBytes: checked('horseMaxBytes'),
    horseStorage: options.horseStorage,
    leaseStorage: options.leaseStorage,
    processTitle: checked('processTitle'),
    clock: options.clock ?? systemClock,
  }
}

type OptionName = keyof typeof WORKER_OPTIONS

/** The value of one option, or its default, checked. */
function checkedOption<Name extends OptionName>(options: WorkerOptions, name: Name) {
  const rule: OptionRule = WORKER_OPTIONS[name]
  return rule.check(options[name] ?? rule.default, name) as ReturnType<(typeof WORKER_OPTIONS)[Name]['check']>
}

/** @throws RqError `RQ_INVALID_OPTION`. */
export function queueNames(queues: QueueLike | readonly QueueLike[]): readonly string[] {
  const list = Array.isArray(queues) ? (queues as readonly QueueLike[]) : [queues as QueueLike]
  if (list.length === 0) throw invalidOption('queues', queues, 'at least one queue')
  return [...new Set(list.map((queue) => checkName(typeof queue === 'object' ? queue?.name : queue, 'queues')))]
}

function checkSerializer(value: string | Serializer, horse: HorseKind): string | Serializer {
  if (typeof value === 'string') {
    if (value === 'json' || value === 'superjson') return value
    const hash = value.lastIndexOf('#')
    if (hash > 0) return absolute(value.slice(0, hash)) + value.slice(hash)
  } else if (isSerializer(value)) {
    if (horse === 'inline') return value
    if (value.name === 'json' || value.name === 'superjson') return value.name
  }
  throw invalidOption('serializer', value, "'superjson', 'json' or 'module#export'; an object only with inline horses")
}

/** A relative path means the same in every process and from every file. */
function absolute(specifier: string): string {
  return /^(\.{0,2}\/)/.test(specifier) ? pathToFileURL(resolve(specifier)).href : specifier
}
