import { type Clock, systemClock } from '@rq/core'
import type { Storage } from '@rq/job'
import { MemoryAdminStore } from './admin-store.ts'
import { MemoryCronStore } from './cron-store.ts'
import { MemoryEventStore } from './event-store.ts'
import { MemoryGroupStore } from './group-store.ts'
import { MemoryJobStore } from './job-store.ts'
import { MemoryData } from './memory-data.ts'
import { MemoryQueueStore } from './queue-store.ts'
import { MemoryScheduleStore } from './schedule-store.ts'
import { MemorySchedulerStore } from './scheduler-store.ts'
import { MemoryWorkerStore } from './worker-store.ts'

export interface MemoryStorageOptions {
  /** Times leases, schedules and expiry; waiting callers use real timers. Default: the system's clock. */
  clock?: Clock
  /** The data of another storage, to become a second client of it. Default: new data. */
  data?: MemoryData
}

/**
 * A whole storage in the memory of this process, held to `describeStorage`. Each method is one atomic step, because it
 * awaits nothing in between.
 */
export class MemoryStorage implements Storage {
  readonly queues: MemoryQueueStore
  readonly jobs: MemoryJobStore
  readonly workers: MemoryWorkerStore
  readonly schedules: MemorySchedulerStore
  readonly crons: MemoryCronStore
  readonly recurring: MemoryScheduleStore
  readonly groups: MemoryGroupStore
  readonly admin: MemoryAdminStore
  readonly events: MemoryEventStore
  readonly data: MemoryData
  readonly #closing = new AbortController()

  constructor({ clock = systemClock, data = new MemoryData(clock) }: MemoryStorageOptions = {}) {
    const closed = this.#closing.signal
    this.data = data
    this.queues = new MemoryQueueStore(data)
    this.jobs = new MemoryJobStore(data, closed)
    this.workers = new MemoryWorkerStore(data, closed)
    this.schedules = new MemorySchedulerStore(data, closed)
    this.crons = new MemoryCronStore(data)
    this.recurring = new MemoryScheduleStore(data)
    this.groups = new MemoryGroupStore(data)
    this.admin = new MemoryAdminStore(data)
    this.events = new MemoryEventStore(data, closed)
  }

  /** Returns undefined: there is no client. */
  client(): unknown {
    return undefined
  }

  /** End the waits and listeners of this storage. Other clients keep the data. */
  async close(): Promise<void> {
    this.#closing.abort()
  }
}
