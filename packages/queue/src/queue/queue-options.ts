import {
  checkQueueName,
  type DurationLike,
  durationOrUnlimitedS,
  invalidOption,
  type OptionNames,
  oneOf,
} from '@rq/core'
import { type AnyFunction, DEFAULT_TIMEOUT_S, type ResultDialect, type Storage } from '@rq/job'
import { checkWebhookPolicy, type WebhookPolicy, type WebhookPolicyOptions } from '@rq/webhooks'
import type { StorageOptions } from '../context.ts'
import type { DefaultOptions } from '../enqueue/queue-defaults.ts'
import type { SignOptions } from '../payload/signature.ts'

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

/** What the options of a queue say about each of its jobs. */
export interface JobRules {
  readonly isAsync: boolean
  readonly results: ResultDialect
  readonly timeoutS: number
  readonly webhooks: WebhookPolicy | false
}

/** The name of a queue. @throws RqError `RQ_INVALID_OPTION` unless it is one that rq gives, or `anyName` is set. */
export function checkNameOf(name: string, { anyName = false }: QueueOptions): string {
  if (typeof anyName !== 'boolean') throw invalidOption('anyName', anyName, 'true or false')
  return anyName ? name : checkQueueName(name, 'queue name')
}

/** @throws RqError `RQ_INVALID_OPTION`. */
export function checkJobRules(options: QueueOptions): JobRules {
  const { defaultTimeout = DEFAULT_TIMEOUT_S, functions, isAsync = true, results = 'hash' } = options
  const timeoutS = durationOrUnlimitedS(defaultTimeout, 'defaultTimeout')
  if (timeoutS === 0) throw invalidOption('defaultTimeout', defaultTimeout, 'more than 0 seconds')
  const webhooks = checkWebhookPolicy(options.webhooks)
  if (typeof isAsync !== 'boolean') throw invalidOption('isAsync', isAsync, 'true or false')
  checkFunctions(functions, isAsync)
  oneOf('results', results, ['hash', 'stream'])
  return { isAsync, results, timeoutS, webhooks }
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
