import type { AdminStore } from './admin-store.ts'
import type { CronStore } from './cron-store.ts'
import type { EventStore } from './event-store.ts'
import type { GroupStore } from './group-store.ts'
import type { JobStore } from './job-store.ts'
import type { QueueStore } from './queue-store.ts'
import type { SchedulerStore } from './scheduler-store.ts'
import type { WorkerStore } from './worker-store.ts'

/** A whole engine: the narrow ports together, and the connections behind them. Nothing connects before its first use. */
export interface Storage {
  readonly queues: QueueStore
  readonly jobs: JobStore
  readonly workers: WorkerStore
  readonly schedules: SchedulerStore
  readonly crons: CronStore
  readonly groups: GroupStore
  readonly admin: AdminStore
  readonly events: EventStore
  /** The engine's own client for callbacks (an ioredis client), which connects only if used. */
  client(): unknown
  /** Close what this storage opened; a client that was given stays open. Safe to call twice. */
  close(): Promise<void>
}
