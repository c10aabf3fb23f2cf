/**
 * The events of a queue, which workers send to its listeners. The worker's events of the same names have the same
 * meaning. `job:vanished` and `lease_lost` are events of a worker only: the first is about a job that is deleted, and
 * the second about one that belongs to another worker, which sends events of its own.
 */
export const QUEUE_EVENT_NAMES = [
  'job:started',
  'job:finished',
  'job:failed',
  'job:retried',
  'job:repeated',
  'job:returned',
  'job:stopped',
  'job:abandoned',
  'job:poisoned',
] as const

export type QueueEventName = (typeof QUEUE_EVENT_NAMES)[number]

/**
 * The events of the end of an attempt, one for each. After `job:retried` and `job:repeated` the job runs again; after
 * `job:returned` it has not run, and waits for a worker that has its function.
 */
export type JobEndEventName =
  | 'job:finished'
  | 'job:failed'
  | 'job:retried'
  | 'job:repeated'
  | 'job:returned'
  | 'job:stopped'

/** An event about a job of a queue, as workers publish it. */
export interface PublishedEvent {
  readonly name: QueueEventName
  readonly queue: string
  readonly jobId: string
  readonly executionId: string
  readonly workerName: string
  /** When it happened, by the worker's clock: epoch milliseconds. */
  readonly atMs: number
}

/**
 * Job events from workers to the current listeners of a queue: delivered at most once, not stored, lost with a
 * connection.
 */
export interface EventStore {
  /**
   * Subscribe to the events of a queue, until the returned function is called. Resolves when workers have been
   * notified.
   */
  listen(queue: string, listener: (event: PublishedEvent) => void): Promise<() => void>
  /**
   * Call `listener` when one of these queues gets a subscriber, and at least every {@link LISTENING_MS} while it has
   * one, until the returned function is called. Existing subscribers are asked to report.
   */
  onListeners(queues: readonly string[], listener: (queue: string) => void): Promise<() => void>
  /** Send events to the subscribers of their queues. */
  publish(events: readonly PublishedEvent[]): Promise<void>
}

/** A subscriber reports at this interval. */
export const LISTENING_MS = 10_000
