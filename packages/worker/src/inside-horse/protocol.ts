import type { ErrorCode, LogFields } from '@rq/core'
import type { JobRecord, Limits, Outcome } from '@rq/job'
import type { ErrorFacts, UnserializableResult } from '@rq/queue/run'

/** A task for a horse: run the function of a job, with its callbacks. `id` is the execution id of the attempt. */
export interface JobTask {
  readonly kind: 'job'
  readonly id: string
  readonly record: JobRecord
}

/**
 * A task for a horse: call a callback of a job that has ended elsewhere. `id` is the execution id of the attempt.
 * - `failure_callback`: its own horse was killed, or its worker died.
 * - `stopped_callback`: the job was stopped.
 */
export type CallbackTask =
  | { readonly kind: 'failure_callback'; readonly id: string; readonly record: JobRecord; readonly error: ErrorFacts }
  | { readonly kind: 'stopped_callback'; readonly id: string; readonly record: JobRecord }

export type Task = JobTask | CallbackTask

/** Why a running task is asked to end. */
export type AbortReason = 'timeout' | 'stopped' | 'lease_lost'

/** The part of a task that runs, which has a time limit of its own. */
export type Phase =
  | 'function'
  | 'success_callback'
  | 'retry_check'
  | 'failure_callback'
  | 'stopped_callback'
  | 'handlers'

/** The result of a task. */
export interface TaskResult {
  /** How the attempt ended. Absent for callback tasks. */
  readonly outcome?: Outcome | undefined
  /** The error of a failed attempt, for handlers in the worker. */
  readonly error?: ErrorFacts | undefined
  /** The function still runs although its attempt is over, so this horse must not be used again. */
  readonly leaking?: boolean | undefined
  /** A module failed while it was imported. It would fail again in this horse, so another one runs the next job. */
  readonly hasFailedImport?: boolean | undefined
  /** The job has no valid signature, and nothing of it was run. */
  readonly unsigned?: boolean | undefined
  /** An exception handler in the horse returned false, which skips the others. */
  readonly chainEnded?: boolean | undefined
}

/** The end of a task. */
export interface TaskEnd extends TaskResult {
  readonly id: string
  /** How long it took by the horse's monotonic clock, in milliseconds. */
  readonly tookMs: number
}

/** What a horse needs to know before its first task. Sent over the channel, never in arguments or the environment. */
export interface HorseSetup {
  readonly workerName: string
  /** The number of the horse, from 1, for the process title. */
  readonly number: number
  /** `json`, `superjson`, or `module#export`. */
  readonly serializer: string
  /** `module#export` */
  readonly codec?: string
  /** The module that `defineJobs` is called in: `module` or `module#export`. */
  readonly jobs?: string
  /** Absolute paths. */
  readonly importPaths: readonly string[]
  readonly allow: readonly string[]
  readonly scripts: readonly string[]
  /** References of handlers that the horse calls after a failed attempt. */
  readonly exceptionHandlers: readonly string[]
  readonly limits: Limits
  /** Absent: `fail`. */
  readonly unserializableResult?: UnserializableResult
  /** How long a job goes back whose function is unknown here, in milliseconds. Absent: it fails. */
  readonly returnUnknownForMs?: number
  readonly storage?: StorageSource
  /** Whether the worker logs how the horse ends. Default false. */
  readonly isLogged?: boolean
  /** Base64, by their ids: a job must be signed with one of them. Absent: jobs need no signature. */
  readonly signatureKeys?: Readonly<Record<string, string>>
}

/** A module whose export makes a storage in another process or thread. Imported when first used. */
export interface StorageSource {
  /** The specifier or URL of the module. */
  readonly module: string
  readonly export: string
  /** The argument of the export. Survives `JSON.stringify`. */
  readonly options: unknown
}

export type ToHorse =
  | { readonly type: 'setup'; readonly setup: HorseSetup }
  | { readonly type: 'tasks'; readonly tasks: readonly Task[] }
  /** Drop these tasks if they have not begun. Answered by `released`, unless `quiet`. */
  | { readonly type: 'revoke'; readonly ids: readonly string[]; readonly quiet?: boolean }
  /** `why`: what the one who stopped the job has said. */
  | {
      readonly type: 'abort'
      readonly id: string
      readonly reason: AbortReason
      readonly timeoutS: number
      readonly why?: string | undefined
    }
  /** Run so many tasks at once from now on. Only inline horses get it. */
  | { readonly type: 'slots'; readonly slots: number }
  /** The answer to `hold`. */
  | { readonly type: 'go' }
  /** Exit; nothing runs. */
  | { readonly type: 'quit' }
  /** The answer to `call`. */
  | { readonly type: 'reply'; readonly call: number; readonly value?: unknown; readonly error?: CallError }

/** Why a horse cannot be set up. `RQ_CONFIG`: its module is wrong. `RQ_HORSE_TERMINATED`: its setup failed. */
export interface SetupError {
  readonly code: (typeof SETUP_ERROR_CODES)[number]
  readonly message: string
}

export const SETUP_ERROR_CODES = ['RQ_CONFIG', 'RQ_HORSE_TERMINATED'] as const

/** An `RqError` as data. */
export interface CallError {
  readonly code: ErrorCode
  readonly message: string
  readonly retryable: boolean
}

export type FromHorse =
  /** `jobNames`: those of the jobs that the option `jobs` has defined. */
  | { readonly type: 'ready'; readonly jobNames?: readonly string[] | undefined }
  /** It cannot load the module of its jobs, or not set up what they need, and takes none. */
  | { readonly type: 'setup_failed'; readonly error: SetupError }
  /** The ends of tasks since the last such message, and the task that begins now. */
  | {
      readonly type: 'progress'
      readonly ends: readonly TaskEnd[]
      readonly begin?: string | undefined
      /** The horse waits for `go` before it begins the next task: see {@link HOLD_MS}. */
      readonly hold?: boolean | undefined
      /** The memory of the horse in bytes, about once a second. */
      readonly rss?: number | undefined
    }
  | { readonly type: 'released'; readonly ids: readonly string[] }
  /**
   * Another part of the task begins; its worker knows the time limit of each. With `error`: the attempt has already
   * failed with it.
   */
  | { readonly type: 'phase'; readonly id: string; readonly phase: Phase; readonly error?: ErrorFacts }
  /**
   * The task gives the event loop away, where what earlier jobs left behind may run. `earlierJobs`: some of those that
   * may have left it, the last ones; absent when a function of the task is called, and keeps the event loop so far.
   */
  | { readonly type: 'exposed'; readonly id: string; readonly earlierJobs?: readonly string[] }
  /** Call a method of the worker's storage. */
  | {
      readonly type: 'call'
      readonly call: number
      readonly port: string
      readonly method: string
      readonly args: readonly unknown[]
    }
  /** To be logged by the worker. */
  | { readonly type: 'warning'; readonly message: string; readonly fields?: LogFields | undefined }
  /** The first horse of a worker could not load an exception handler: its worker refuses to start. */
  | { readonly type: 'bad_handler'; readonly error: string }
  /** An uncaught error, which ends the process. `jobId`: the job that made it, as far as that is known. */
  | { readonly type: 'fatal'; readonly error: string; readonly jobId?: string | undefined }
  /**
   * The horse quits when what its jobs need is torn down and what they have printed is written, or after {@link
   * DRAIN_MS}.
   */
  | { readonly type: 'draining' }
  /** The process ends, and its worker has not asked for it. `jobId`: as in `fatal`. */
  | { readonly type: 'exit'; readonly jobId?: string | undefined }

/**
 * What the answer to a call may take: `wait` = it comes when a job has ended, or sends; `read` = payloads of jobs, so
 * it may have many bytes; `other` = neither.
 */
export type CallKind = 'wait' | 'read' | 'other'

/** The most calls of each kind that a horse has under way at once. More of them wait in the horse. */
export const MOST_CALLS: Readonly<Record<CallKind, number>> = { wait: 1000, read: 2, other: 64 }

export function kindOfCall(method: string): CallKind {
  if (method === 'awaitResult' || method === 'readMessages') return 'wait'
  return method === 'fetch' || method === 'meta' || method === 'results' || method === 'explain' ? 'read' : 'other'
}

/** With so many bytes in the arguments of calls under way, no other is made. */
export const MOST_CALL_BYTES = 8 * 1024 ** 2

/** How long a horse that quits waits for its teardown and the readers of what its jobs have printed. */
export const DRAIN_MS = 5000

/**
 * After a task of at least this length, a horse asks before it begins another one. So when a task has run for {@link
 * REVOKE_AFTER_MS}, which is much longer, the worker may take back the tasks behind it without an answer, even from a
 * horse that is blocked. The difference is how old the worker's view of the horse may be.
 */
export const HOLD_MS = 250
export const REVOKE_AFTER_MS = 1000
