import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import {
  type Clock,
  checkOptionNames,
  type DurationLike,
  invalidOption,
  type Logger,
  type LoggerLike,
  loggerOf,
  newId,
  type OptionNames,
  type OptionRule,
  SECOND_MS,
  silentLogger,
  systemClock,
} from '@rq/core'
import type { AnyFunction, LimitOptions, Limits, Storage } from '@rq/job'
import { type JobSet, jobSetOf } from '@rq/jobs/run'
import type { RequireSignatureOptions } from '@rq/queue'
import { portableKeys, REQUIRE_SIGNATURE_NAMES, type UnserializableResult } from '@rq/queue/run'
import { type Codec, checkCodec, isSerializer, type Serializer } from '@rq/serializer'
import type { WebhookPolicy, WebhookPolicyOptions } from '@rq/webhooks'
import { type CanClaim, checkCanClaim } from './holds/claim-check.ts'
import type { HorseEnv } from './horses/horse-env.ts'
import type { PrefetchOptions } from './horses/prefetch.ts'
import type { StorageSource } from './inside-horse/protocol.ts'
import { checkLanes, type HorseKind, type LaneSettings, type WorkerQueues } from './lane-settings.ts'
import { type ABANDONED_POLICIES, WORKER_OPTIONS } from './option-table.ts'
import type { ExceptionHandler, WorkHorseKilledHandler } from './outcome/worker-handlers.ts'
import type { UnknownFunctionPolicy } from './unknown-function-policy.ts'

type AbandonedPolicy = (typeof ABANDONED_POLICIES)[number]

export interface WorkerOptions {
  storage: Storage
  /** Unique among living workers. Default: random. */
  name?: string
  /**
   * `'superjson'` (default), `'json'`, or `'module#export'`. With `inline` horses it may be any object; other horses
   * get its name, so the object must be a built-in serializer.
   */
  serializer?: string | Serializer
  /**
   * Decodes and encodes arguments, results, errors and meta in the horses: `'module#export'`, or with `inline` horses
   * the object itself. Default: none.
   */
  codec?: string | Codec
  /**
   * The module of the jobs that the worker knows by name: the path of a module whose default export is that of
   * `defineJobs`, or `module#export`. Each horse imports it and calls its `setup`. With `inline` horses it may be what
   * `defineJobs` returned. Default: none.
   */
  jobs?: string | object
  /** How many jobs run at once, each in a horse of its own, or with `inline` in one event loop. Default 1. */
  concurrency?: number
  /**
   * Whether jobs of a queue may be claimed now: asked before a claim, to hold jobs back while memory is short or a
   * database is away. Without a `true` nothing is claimed of that queue: not while a promise is pending, and not after
   * an error, which is logged once. Asked at most ten times a second for each queue, and once a second while the answer
   * is no. Called in the worker's process. Default: claim at any time.
   */
  canClaim?: CanClaim
  /** Where jobs run. Default `process`. */
  horse?: HorseKind
  /**
   * The environment of work horses: that of the worker (`inherit`, the default), one without secrets (`clean`), or
   * exactly these variables. Unless it is `inherit`, jobs get no connection from their worker, and through it a job
   * reaches only itself and the jobs that it depends on. Not with `inline`.
   */
  horseEnv?: HorseEnv
  /**
   * The file that work horses, threads and the workers of a pool run: what a bundler made from `rq/horse`. Relative to
   * the working directory. Needed only where rq itself is part of a bundle. Default: files of `@rq/worker`.
   */
  horsePath?: string
  /** Folders from which job functions may be imported. Default: the working directory. */
  importPaths?: readonly string[]
  /** Packages from which job functions may be imported. Default: none. */
  allow?: readonly string[]
  /**
   * Modules that jobs may run from the top (`./scripts/clean` without an export), and folders of them, below the import
   * paths: `['scripts/clean', 'scripts']`. Default false: none.
   */
  scripts?: false | readonly string[]
  /**
   * Run only jobs that were enqueued with the option `sign` and one of these keys. Any other job fails with
   * `RQ_SIGNATURE`: nothing of it is run or called, and it is not retried. Default: run every job.
   */
  requireSignature?: RequireSignatureOptions
  /** Functions by name, for `inline` only. */
  functions?: Readonly<Record<string, AnyFunction>>
  /** Modules that every horse loads first, such as `tsx`. Packages are resolved from the working directory. */
  imports?: readonly string[]
  /**
   * Called in order when a job has failed, each with (job, error), until one returns false. References run in the
   * horse, after the failure callback; functions run in the worker's process, after all references.
   */
  exceptionHandlers?: readonly (string | ExceptionHandler)[]
  /** Only set the status of a failed job: no registry, no result, no expiry. Default false. */
  disableDefaultExceptionHandler?: boolean
  /** Called in the worker's process when a work-horse was lost with a job. */
  workHorseKilledHandler?: WorkHorseKilledHandler
  /** How long the worker's record outlives its last heartbeat. Default 420 s. */
  workerTtl?: DurationLike
  /** Longest time between two heartbeats. Default 30 s; at most a third of a lease. */
  jobMonitoringInterval?: DurationLike
  /** How often registries are cleaned up. Default 600 s. */
  maintenanceInterval?: DurationLike
  /** How long to keep results of jobs without a `resultTtl`. Default 500 s. */
  defaultResultTtl?: DurationLike
  /** What to do with the job of a dead worker that has no retries left. Default `fail`, as in RQ. */
  onAbandoned?: AbandonedPolicy
  /**
   * What becomes of a job whose function this build does not have: no such module, export or registered name. It fails,
   * and its retries are left for a requeue; or it goes back for a pause, and no attempt is counted, until a worker that
   * has its function takes it, or it has waited in such pauses for as long as `returnFor` says: then it fails. Another
   * build can then run it, while a deploy is under way. Pauses grow from a second to 30. Default `fail`.
   */
  onUnknownFunction?: UnknownFunctionPolicy
  /**
   * What becomes of a job whose return value cannot be serialized: it fails with `RQ_SERIALIZATION`, or it succeeds and
   * RQ's text `Unserializable return value` is stored. Jobs with `results: 'stream'`, those of Python too, always get
   * the text. Default `fail`.
   */
  unserializableResult?: UnserializableResult
  /**
   * How long a warm stop waits for running jobs; then they go back to the head of their queues, and no attempt is
   * counted. Default: until they have ended.
   */
  gracePeriod?: DurationLike
  /**
   * Where to log: `console`, a logger of pino or winston, or any {@link LoggerLike}. Lines about a job have the fields
   * `jobId`, `queue`, `function`, `worker` and `attempt`; those about its end `tookMs`. Default: nowhere.
   */
  logger?: LoggerLike
  /** False: log lines contain only the ids of jobs, since a description contains arguments. Default true. */
  logJobDescription?: boolean
  /** How long a lease lasts after its last renewal, in milliseconds. Default 15,000. */
  leaseMs?: number
  /** How many jobs a horse gets ahead of the one that runs. */
  prefetch?: PrefetchOptions
  /** Replace a horse after this many jobs: with 1, each job has a process or thread of its own. Default 0: never. */
  horseMaxJobs?: number
  /**
   * Replace a horse that uses more memory than this after a job: bytes, or a string such as `'512mb'`; measured once a
   * second. Default 0: never.
   */
  horseMaxBytes?: number | string
  /**
   * For development: replace the horses when a module below the import paths, or of an allowed package that is linked,
   * changes, each as soon as its running job has ended. No job is lost, and no attempt is counted. Not with `inline`.
   * Default false.
   */
  watch?: boolean
  /** How large what is stored of a job may be. Default: 16 MB each for arguments, a return value and meta. */
  limits?: LimitOptions
  /** Makes the storage whose client callbacks get. By default callbacks get undefined. */
  horseStorage?: StorageSource
  /**
   * Makes the storage of the thread that renews the leases of `inline` horses. By default there is no such thread, and
   * a job that blocks the event loop for longer than a lease counts as abandoned.
   */
  leaseStorage?: StorageSource
  /**
   * Which hosts webhooks may call, and how calls are signed; false: no webhook is called. Default: every host at a
   * public address, no signatures.
   */
  webhooks?: false | WebhookPolicyOptions
  /**
   * Show the name and the queues of the worker in the title of this process. Default false: it may be your web server.
   * True for `rq-cli worker` and for the workers of a pool.
   */
  processTitle?: boolean
  clock?: Clock
}

/** The options, checked and complete. */
export interface WorkerSettings {
  readonly storage: Storage
  /** The queues of all lanes. */
  readonly queues: readonly string[]
  readonly lanes: readonly LaneSettings[]
  /** Whether jobs of any lane run in the worker's own event loop. */
  readonly runsInline: boolean
  readonly name: string
  readonly serializer: string | Serializer
  readonly codec: string | Codec | undefined
  readonly jobs: string | JobSet | undefined
  readonly canClaim: CanClaim | undefined
  readonly horseEnv: HorseEnv
  /** Absolute. */
  readonly horsePath: string | undefined
  /** Absolute paths. */
  readonly importPaths: readonly string[]
  readonly allow: readonly string[]
  readonly scripts: readonly string[]
  /** Base64, by their ids. */
  readonly signatureKeys: Readonly<Record<string, string>> | undefined
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
  readonly returnUnknownForMs: number | undefined
  readonly unserializableResult: UnserializableResult
  readonly graceMs: number | undefined
  readonly logger: Logger
  readonly logJobDescription: boolean
  readonly leaseMs: number
  readonly watch: boolean
  readonly limits: Limits
  readonly horseStorage: StorageSource | undefined
  readonly leaseStorage: StorageSource | undefined
  readonly webhooks: WebhookPolicy | false
  readonly processTitle: boolean
  readonly clock: Clock
}

/** The names of {@link WorkerOptions}. */
export const WORKER_OPTION_NAMES: OptionNames<WorkerOptions> = {
  storage: true,
  name: true,
  serializer: true,
  codec: true,
  jobs: true,
  concurrency: true,
  canClaim: true,
  horse: true,
  horseEnv: true,
  horsePath: true,
  importPaths: true,
  allow: true,
  scripts: true,
  requireSignature: true,
  functions: true,
  imports: true,
  exceptionHandlers: true,
  disableDefaultExceptionHandler: true,
  workHorseKilledHandler: true,
  workerTtl: true,
  jobMonitoringInterval: true,
  maintenanceInterval: true,
  defaultResultTtl: true,
  onAbandoned: true,
  onUnknownFunction: true,
  unserializableResult: true,
  gracePeriod: true,
  logger: true,
  logJobDescription: true,
  leaseMs: true,
  prefetch: true,
  horseMaxJobs: true,
  horseMaxBytes: true,
  watch: true,
  limits: true,
  horseStorage: true,
  leaseStorage: true,
  webhooks: true,
  processTitle: true,
  clock: true,
}

/** How many heartbeats there are in the time of a lease. */
const BEATS_PER_LEASE = 3

/** @throws RqError `RQ_INVALID_OPTION` naming the option. */
export function checkWorkerOptions(queues: WorkerQueues, options: WorkerOptions): WorkerSettings {
  checkOptionNames(options, WORKER_OPTION_NAMES, 'Worker')
  const requireSignature = options?.requireSignature
  checkOptionNames(requireSignature, REQUIRE_SIGNATURE_NAMES, 'requireSignature')
  const storage = options?.storage
  if (typeof storage !== 'object' || storage === null) throw invalidOption('storage', storage, 'a storage')
  const checked = <Name extends OptionName>(name: Name) => checkedOption(options, name)
  const lanes = checkLanes(queues, options)
  const runsInline = lanes.some(({ horse }) => horse === 'inline')
  const runsOnlyInline = lanes.every(({ horse }) => horse === 'inline')
  const horseEnv = checked('horseEnv')
  if (horseEnv !== 'inherit' && runsInline) {
    throw invalidOption(
      'horseEnv',
      horseEnv,
      "'inherit' with inline horses: their jobs run in the worker's own process",
    )
  }
  const leaseMs = checked('leaseMs')
  const handlers = checked('exceptionHandlers')
  if (options.functions !== undefined && !runsInline) {
    throw invalidOption(
      'functions',
      options.functions,
      "none unless horse is 'inline': other horses import their functions",
    )
  }
  return {
    storage,
    queues: lanes.flatMap((lane) => lane.queues),
    lanes,
    runsInline,
    name: options.name === undefined ? newId() : checked('name'),
    serializer: checkSerializer(options.serializer ?? 'superjson', runsOnlyInline),
    codec: options.codec === undefined ? undefined : checkCodecOption(options.codec, runsOnlyInline),
    jobs: options.jobs === undefined ? undefined : checkJobs(options.jobs, runsOnlyInline),
    canClaim: checkCanClaim(options.canClaim),
    horseEnv,
    horsePath: options.horsePath === undefined ? undefined : resolve(checked('horsePath')),
    importPaths: checked('importPaths').map((path) => resolve(path)),
    allow: checked('allow'),
    scripts: checked('scripts') || [],
    signatureKeys: requireSignature && portableKeys(requireSignature.keys, 'requireSignature.keys'),
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
    returnUnknownForMs: checked('onUnknownFunction'),
    unserializableResult: checked('unserializableResult'),
    graceMs: options.gracePeriod === undefined ? undefined : checked('gracePeriod'),
    logger: loggerOf(options.logger ?? silentLogger),
    logJobDescription: checked('logJobDescription'),
    leaseMs,
    watch: checkWatch(checked('watch'), runsInline),
    limits: checked('limits'),
    horseStorage: options.horseStorage,
    leaseStorage: options.leaseStorage,
    webhooks: WORKER_OPTIONS.webhooks.check(options.webhooks, 'webhooks'),
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
export function checkWatch(watch: boolean, runsInline: boolean): boolean {
  if (!watch || !runsInline) return watch
  const expected = "false with inline horses: this process cannot load a module again. Use horse 'process' or 'thread'"
  throw invalidOption('watch', watch, expected)
}

function checkSerializer(value: string | Serializer, runsOnlyInline: boolean): string | Serializer {
  if (typeof value === 'string') {
    if (value === 'json' || value === 'superjson') return value
    const reference = moduleReference(value)
    if (reference !== undefined) return reference
  } else if (isSerializer(value)) {
    if (runsOnlyInline) return value
    if (value.name === 'json' || value.name === 'superjson') return value.name
  }
  throw invalidOption('serializer', value, "'superjson', 'json' or 'module#export'; an object only with inline horses")
}

function checkCodecOption(value: string | Codec, runsOnlyInline: boolean): string | Codec {
  if (typeof value !== 'string' && runsOnlyInline) return checkCodec(value)
  const reference = typeof value === 'string' ? moduleReference(value) : undefined
  if (reference !== undefined) return reference
  const expected = "'module#export', which each horse imports; an object only with inline horses"
  throw invalidOption('codec', value, expected)
}

function checkJobs(value: unknown, runsOnlyInline: boolean): string | JobSet {
  if (typeof value === 'string' && /^[^#]+(#[^#]+)?$/.test(value)) return moduleReference(value) ?? absolute(value)
  const set = jobSetOf(value)
  if (set !== undefined && runsOnlyInline) return set
  const expected = 'the path of a module that exports defineJobs({ ... }), which each horse imports'
  throw invalidOption('jobs', value, `${expected}; with inline horses, what defineJobs() returned will do, too`)
}

/** `module#export` with an absolute module; undefined for a text of another form. */
function moduleReference(text: string): string | undefined {
  const hash = text.lastIndexOf('#')
  return hash > 0 ? absolute(text.slice(0, hash)) + text.slice(hash) : undefined
}

/** A relative path means the same in every process and from every file. */
function absolute(specifier: string): string {
  return /^(\.{0,2}\/)/.test(specifier) ? pathToFileURL(resolve(specifier)).href : specifier
}
