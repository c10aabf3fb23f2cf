/** What a job is to the model: the facts that its rules turn on. */
export interface ModelJob {
  id: string
  queue: string
  status:
    | 'queued'
    | 'started'
    | 'finished'
    | 'failed'
    | 'stopped'
    | 'canceled'
    | 'deferred'
    | 'scheduled'
    | 'rate_limited'
  atFront: boolean
  /** What it waits for, as it was told; kept when they are done. */
  dependencies: Set<string>
  /** What it was told to wait for, whether it had to or not. */
  namedDependencies: readonly string[]
  allowFailure: boolean
  limit: string | undefined
  concurrency: number
  group: string | undefined
  retriesLeft: number
  retryDelayed: boolean
  repeatsLeft: number
  repeatDelayed: boolean
  numberOfRetries: number
  /** -1 for ever, 0 drop at once, else seconds. */
  resultTtlS: number
  abandonedCount: number
  execution: string | undefined
  expires: boolean
}

export interface NewModelJob {
  id: string
  queue: string
  atFront: boolean
  unique: boolean
  due: boolean
  dependencies: readonly string[]
  allowFailure: boolean
  dependencyFront: boolean
  limit: string | undefined
  concurrency: number
  group: string | undefined
  retries: number
  retryDelayed: boolean
  repeats: number
  repeatDelayed: boolean
  resultTtlS: number
}

export type ModelOutcome = 'returned' | 'raised' | 'stopped' | 'retry' | 'abandoned'

/** A returned Retry of the model's jobs allows so many. */
export const RETURNED_RETRIES = 1
export const POISONED = 3
