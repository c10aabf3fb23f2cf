import type { ErrorCode } from '@rq/core'
import type { JobRecord, Outcome } from '@rq/job'
import type { ErrorFacts } from '@rq/queue/run'

/**
 * One thing for a horse to do. `id` is the execution id of the attempt it belongs to.
 * - `job`: run the function, with its callbacks.
 * - `failure_callback`: what is left to do for an attempt whose own horse was killed, or whose worker died.
 * - `stopped_callback`: what is left to do for a job that was stopped.
 */
export type Task =
  | { readonly kind: 'job'; readonly id: string; readonly record: JobRecord }
  | { readonly kind: 'failure_callback'; readonly id: string; readonly record: JobRecord; readonly error: ErrorFacts }
  | { readonly kind: 'stopped_callback'; readonly id: string; readonly record: JobRecord }

/** Why a running task is asked to end. */
export type AbortReason = 'timeout' | 'stopped' | 'lease_lost'

/** What runs inside a task, for its time limit: the function, or a callback. */
export type Phase = 'function' | 'success_callback' | 'failure_callback' | 'stopped_callback' | 'handlers'

/** What a task has come to. */
export interface TaskResult {
  /** What became of the attempt. Absent after a `stopped_callback`. */
  readonly outcome?: Outcome | undefined
  /** Of a failed attempt, for handlers in the worker. */
  readonly error?: ErrorFacts | undefined
  /** The function goes on although its attempt is over, so this horse must not be used again. */
  readonly leaking?: boolean | undefined
  /** A handler given by reference has ended the chain of exception handlers. */
  readonly chainEnded?: boolean | undefined
}

/** The end of a task. */
export interface TaskEnd extends TaskResult {
  readonly id: string
  /** How long it took by the horse's monotonic clock, in milliseconds. */
  readonly tookMs: number
}

/** What a horse needs to know before its first task. It travels over the channel, never in arguments or environment. */
export interface HorseSetup {
  readonly workerName: string
  /** From 1; for the process title. */
  readonly number: number
  /** `json`, `superjson`, or `module#export`. */
  readonly serializer: string
  /** Absolute. */
  readonly importPaths: readonly string[]
  readonly allow: readonly string[]
  /** References of handlers that the horse calls after a failed attempt. */
  readonly exceptionHandlers: readonly string[]
  readonly storage?: StorageSource
}

/** A module whose export makes the storage that callbacks and jobs get their client from. Imported when first used. */
export interface StorageSource {
  /** Specifier or URL. */
  readonly module: string
  readonly export: string
  /** Handed to the export; survives `JSON.stringify`. */
  readonly options: unknown
}

export type ToHorse =
  | { readonly type: 'setup'; readonly setup: HorseSetup }
  | { readonly type: 'tasks'; readonly tasks: readonly Task[] }
  /** Forget these if they have not begun. Answered by `released`, unless `quiet`. */
  | { readonly type: 'revoke'; readonly ids: readonly string[]; readonly quiet?: boolean }
  | { readonly type: 'abort'; readonly id: string; readonly reason: AbortReason; readonly timeoutS: number }
  /** The answer to `hold`. */
  | { readonly type: 'go' }
  /** End by yourself; nothing runs. */
  | { readonly type: 'quit' }
  /** The answer to `call`. */
  | { readonly type: 'reply'; readonly call: number; readonly value?: unknown; readonly error?: CallError }

/** An `RqError` on its way through a channel. */
export interface CallError {
  readonly code: ErrorCode
  readonly message: string
  readonly retryable: boolean
}

export type FromHorse =
  | { readonly type: 'ready' }
  /** The ends of tasks since the last such message, and the task that begins now. */
  | {
      readonly type: 'progress'
      readonly ends: readonly TaskEnd[]
      readonly begin?: string | undefined
      /** It waits for `go` before it begins the next: see {@link HOLD_MS}. */
      readonly hold?: boolean | undefined
      /** Bytes that it holds, now and then. */
      readonly rss?: number | undefined
    }
  | { readonly type: 'released'; readonly ids: readonly string[] }
  /** From now on another limit counts for the task. With `error`: the attempt has failed by this, whatever comes. */
  | {
      readonly type: 'phase'
      readonly id: string
      readonly phase: Phase
      /** Seconds; -1 = none. */
      readonly timeoutS: number
      readonly error?: ErrorFacts
    }
  /** Ask the worker's storage. */
  | {
      readonly type: 'call'
      readonly call: number
      readonly port: string
      readonly method: string
      readonly args: readonly unknown[]
    }
  /** An error that nobody caught; the process ends by it. */
  | { readonly type: 'fatal'; readonly error: string }

/**
 * After a task that took at least this long a horse asks before it begins another. So a worker that has seen
 * a task run for {@link REVOKE_AFTER_MS}, much more than this, may take back what waits behind it without an answer:
 * even from a horse that is busy computing. What the worker has seen may be old by the difference.
 */
export const HOLD_MS = 250
export const REVOKE_AFTER_MS = 1000
