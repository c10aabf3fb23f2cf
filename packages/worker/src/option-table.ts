import {
  booleanOption,
  bytesOption,
  checkWorkerName,
  choiceOption,
  countOption,
  invalidOption,
  millisecondsOption,
  type OptionTable,
  secondsOption,
  stringOption,
  stringsOption,
  valueOption,
} from '@rq/core'
import { checkLimits, DEFAULT_RESULT_TTL_S, LIMIT_OPTIONS, type LimitOptions } from '@rq/job'
import { checkWebhookPolicy } from '@rq/webhooks/options'
import { checkHorseEnv, HORSE_ENVS } from './horses/horse-env.ts'
import type { ExceptionHandler } from './outcome/worker-handlers.ts'
import { DEQUEUE_STRATEGIES } from './store/queue-order.ts'
import { checkUnknownFunctionPolicy, UNKNOWN_FUNCTION_EXPECTED } from './unknown-function-policy.ts'

/**
 * Where jobs run: each in a child process of its own (reused from job to job), in a thread, or in the worker's own
 * event loop.
 */
export const HORSE_KINDS = ['process', 'thread', 'inline'] as const

/** What becomes of a job whose return value cannot be serialized: it fails, or RQ's text is stored instead. */
export const UNSERIALIZABLE_RESULTS = ['fail', 'placeholder'] as const

/** What happens to the job of a dead worker: run it again, or fail it. */
export const ABANDONED_POLICIES = ['requeue', 'fail'] as const

const MOST_WORKERS = 1000
const SHORTEST_LEASE_MS = 100

/** The options of a worker that have a default or a flag on the command line: name, check, default, flag. */
export const WORKER_OPTIONS = {
  name: stringOption({
    check: checkWorkerName,
    expected: 'a name',
    defaultText: 'random',
    flag: 'name',
    letter: 'n',
    valueName: 'name',
    help: 'Name of the worker',
  }),
  serializer: stringOption({
    default: 'superjson',
    flag: 'serializer',
    letter: 'S',
    valueName: 'name',
    help: 'Serializer of values: json, superjson or module#export',
  }),
  codec: stringOption({
    defaultText: 'none',
    flag: 'codec',
    valueName: 'module',
    help: 'Codec that encrypts arguments, results, errors and meta: module#export',
  }),
  jobs: stringOption({
    defaultText: 'none',
    flag: 'jobs',
    valueName: 'module',
    help: 'Module whose default export is that of defineJobs(): its jobs are known by their names',
  }),
  concurrency: countOption({
    least: 1,
    most: MOST_WORKERS,
    default: 1,
    flag: 'concurrency',
    help: 'Number of jobs to run at once',
  }),
  horse: choiceOption(HORSE_KINDS, {
    default: 'process',
    flag: 'horse',
    valueName: 'kind',
    help: 'Run each job in a process, in a thread, or in the worker itself',
  }),
  horseEnv: {
    ...choiceOption(HORSE_ENVS, {
      default: 'inherit',
      flag: 'horse-env',
      valueName: 'which',
      help: "Environment of work horses: the worker's, or one without secrets such as the address of Redis",
    }),
    check: checkHorseEnv,
  },
  horsePath: stringOption({ defaultText: 'files of @rq/worker' }),
  importPaths: stringsOption({
    default: ['.'],
    defaultText: 'the working directory',
    flag: 'path',
    letter: 'P',
    valueName: 'folder',
    help: 'Folder to import functions from',
  }),
  imports: stringsOption({
    default: [],
    flag: 'import',
    valueName: 'module',
    help: 'Module that every work horse loads first, such as tsx',
  }),
  allow: stringsOption({
    default: [],
    flag: 'allow',
    valueName: 'package',
    help: 'Package that functions may be imported from',
  }),
  scripts: {
    ...valueOption(checkScripts),
    kind: 'strings',
    default: false,
    defaultText: 'none',
    expected: 'false or an array of strings',
    flag: 'allow-script',
    valueName: 'path',
    help: 'Module that jobs may run from the top, or folder of such modules',
  },
  defaultResultTtl: secondsOption({
    isUnlimited: true,
    default: DEFAULT_RESULT_TTL_S,
    flag: 'results-ttl',
    help: 'How long to keep results of jobs that set no --result-ttl',
  }),
  gracePeriod: millisecondsOption({
    defaultText: 'until they end',
    flag: 'grace-period',
    help: 'How long running jobs may continue after a stop signal, before they go back to their queue',
  }),
  workerTtl: secondsOption({
    isPositive: true,
    default: 420,
    flag: 'worker-ttl',
    help: 'Time without a heartbeat before the worker counts as dead',
  }),
  jobMonitoringInterval: secondsOption({
    isPositive: true,
    default: 30,
    flag: 'job-monitoring-interval',
    help: 'Longest time between heartbeats',
  }),
  maintenanceInterval: millisecondsOption({
    default: 600,
    flag: 'maintenance-interval',
    help: 'Time between cleanups of the registries',
  }),
  exceptionHandlers: {
    ...valueOption(checkHandlers),
    kind: 'strings',
    default: [],
    flag: 'exception-handler',
    valueName: 'function',
    help: 'Function to call when a job fails',
  },
  disableDefaultExceptionHandler: booleanOption({
    default: false,
    flag: 'disable-default-exception-handler',
    help: 'Keep failed jobs out of the failed registry',
  }),
  logJobDescription: booleanOption({
    default: true,
    flag: 'disable-job-desc-logging',
    help: 'Log job ids only; descriptions contain arguments',
  }),
  unserializableResult: choiceOption(UNSERIALIZABLE_RESULTS, {
    default: 'fail',
    flag: 'unserializable-result',
    valueName: 'outcome',
    help: 'Fail a job whose return value cannot be serialized, or store the placeholder of RQ',
  }),
  onAbandoned: choiceOption(ABANDONED_POLICIES, { default: 'fail' }),
  onUnknownFunction: {
    ...valueOption(checkUnknownFunctionPolicy),
    default: 'fail',
    expected: UNKNOWN_FUNCTION_EXPECTED,
  },
  leaseMs: countOption({ least: SHORTEST_LEASE_MS, default: 15_000 }),
  horseMaxJobs: countOption({
    least: 0,
    default: 0,
    flag: 'horse-max-jobs',
    help: 'Replace a work horse after this many jobs; 0 = never',
  }),
  horseMaxBytes: bytesOption({
    default: 0,
    flag: 'horse-max-bytes',
    valueName: 'size',
    help: 'Replace a work horse that uses more memory than this after a job, such as 512mb; 0 = never',
  }),
  watch: booleanOption({
    default: false,
    flag: 'watch',
    help: 'Run jobs in new work horses after a change of a module, for development',
  }),
  webhooks: {
    ...valueOption(checkWebhookPolicy),
    defaultText: 'every host at a public address',
    expected: "false, or { allow: ['hooks.example.com'], sign: { secret: 'whsec_...' } }, or one of its parts",
  },
  limits: {
    ...valueOption((value) => checkLimits(value as LimitOptions | undefined)),
    kind: 'strings',
    expected: `an object of sizes: ${Object.keys(LIMIT_OPTIONS).join(', ')}`,
    defaultText: '16mb, inflated=64mb, warnAt=1mb',
    flag: 'size-limit',
    valueName: 'limit',
    help: 'Largest arguments, result, meta or inflated data of a job, such as result=64mb; 0 = no limit',
  },
  processTitle: booleanOption({ default: false }),
} satisfies OptionTable

/** The parts of a worker's option `webhooks` that have flags on the command line. */
export const WEBHOOK_OPTIONS = {
  enabled: booleanOption({ default: true, flag: 'disable-webhooks', help: 'Call no webhooks' }),
  allow: stringsOption({
    defaultText: 'all at public addresses',
    flag: 'webhook-allow',
    valueName: 'host',
    help: 'Host that webhooks may call, also at a private address; others are not called',
  }),
} satisfies OptionTable

/** The part of a worker's option `onUnknownFunction` that has a flag on the command line. */
export const UNKNOWN_FUNCTION_OPTIONS = {
  returnFor: millisecondsOption({
    isPositive: true,
    defaultText: 'it fails',
    flag: 'return-unknown',
    help: 'How long a job waits for another build when this one lacks its function, before it fails',
  }),
} satisfies OptionTable

/** The options of `worker.work()`. */
export const WORK_OPTIONS = {
  burst: booleanOption({ default: false, flag: 'burst', letter: 'b', help: 'Exit when the queues are empty' }),
  withScheduler: booleanOption({ default: true }),
  maxJobs: countOption({ least: 1, defaultText: 'no limit', flag: 'max-jobs', help: 'Exit after this many jobs' }),
  maxIdleTime: millisecondsOption({
    defaultText: 'no limit',
    flag: 'max-idle-time',
    help: 'Exit after this long without a job',
  }),
  dequeueStrategy: choiceOption(DEQUEUE_STRATEGIES, {
    default: 'default',
    flag: 'dequeue-strategy',
    valueName: 'order',
    help: 'Order of the queues: as given, in turn, or random',
  }),
} satisfies OptionTable

/** The option of a worker pool that a worker has not. */
export const POOL_OPTIONS = {
  numWorkers: countOption({
    least: 1,
    most: MOST_WORKERS,
    default: 1,
    flag: 'num-workers',
    letter: 'n',
    help: 'Number of workers',
  }),
} satisfies OptionTable

function checkScripts(value: unknown, option: string): false | readonly string[] {
  if (value === false || (Array.isArray(value) && value.every((path) => typeof path === 'string'))) return value
  throw invalidOption(option, value, 'false or an array of strings')
}

function checkHandlers(value: unknown, option: string): readonly (string | ExceptionHandler)[] {
  const expected = 'functions and references to functions'
  if (!Array.isArray(value)) throw invalidOption(option, value, expected)
  for (const handler of value) {
    if (typeof handler !== 'string' && typeof handler !== 'function') throw invalidOption(option, handler, expected)
  }
  return value
}
