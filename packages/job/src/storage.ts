import type { AdminStore } from './admin-store.ts'
import type { CronStore } from './cron-store.ts'
import type { EventStore } from './event-store.ts'
import type { GroupStore } from './group-store.ts'
import type { JobStore } from './job-store.ts'
import type { QueueStore } from './queue-store.ts'
import type { ScheduleStore } from './schedule-store.ts'
import type { SchedulerStore } from './scheduler-store.ts'
import type { WorkerStore } from './worker-store.ts'

/** A whole store: all ports and the connections behind them. It connects at its first use. */
export interface Storage {
  readonly queues: QueueStore
  readonly jobs: JobStore
  readonly workers: WorkerStore
  readonly schedules: SchedulerStore
  readonly crons: CronStore
  readonly recurring: ScheduleStore
  readonly groups: GroupStore
  readonly admin: AdminStore
  readonly events: EventStore
  /** The store's own client, which callbacks get (of Redis: an ioredis client). It connects when it is used. */
  client(): unknown
  /**
   * Close the connections that this storage opened. A client that the caller provided stays open. Safe to call twice.
   */
  close(): Promise<void>
}
