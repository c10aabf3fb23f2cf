/** What queues tell of their jobs. For what each means see the worker's events of these names. */
export const QUEUE_EVENT_NAMES = [
  'job:started',
  'job:finished',
  'job:failed',
  'job:retried',
  'job:repeated',
  'job:stopped',
  'job:abandoned',
  'job:poisoned',
] as const

export type QueueEventName = (typeof QUEUE_EVENT_NAMES)[number]

/** Something that has happened to a job of a queue. */
export interface QueueEvent {
  readonly name: QueueEventName
  readonly queue: string
  readonly jobId: string
  readonly executionId: string
  readonly workerName: string
  /** By the worker's clock. */
  readonly atMs: number
}

/** News of jobs, from workers to whoever listens at that moment: told once, kept nowhere, and lost with a connection. */
export interface EventStore {
  /** Hear of the jobs of a queue, until the returned function is called. Resolves when workers have been told that somebody listens. */
  listen(queue: string, listener: (event: QueueEvent) => void): Promise<() => void>
  /**
   * Hear that somebody listens to one of these queues, and again every {@link LISTENING_MS} at least while it is so, until the
   * returned function is called. Listeners that are there already are asked.
   */
  onListeners(queues: readonly string[], listener: (queue: string) => void): Promise<() => void>
  /** Tell those who listen. */
  publish(events: readonly QueueEvent[]): Promise<void>
}

/** Who listens says so this often. */
export const LISTENING_MS = 10_000
