import { type Clock, systemClock } from '@rq/core'
import type { Storage } from '@rq/job'
import { MemoryAdminStore } from './admin-store.ts'
import { MemoryCronStore } from './cron-store.ts'
import { MemoryEventStore } from './event-store.ts'
import { MemoryGroupStore } from './group-store.ts'
import { MemoryJobStore } from './job-store.ts'
import { MemoryData } from './memory-data.ts'
import { MemoryQueueStore } from './queue-store.ts'
import { MemorySchedulerStore } from './scheduler-store.ts'
import { MemoryWorkerStore } from './worker-store.ts'

export interface MemoryStorageOptions {
  /** Times leases, schedules and expiry; waiting callers use real timers. Default: the system's clock. */
  clock?: Clock
  /** Another storage's data, of which this becomes a second client. Default: data of its own. */
  data?: MemoryData
}

/**
 * A whole engine in the memory of this process. It keeps what every storage must (`describeStorage`), except that
 * all is gone with the process. Each method is one step, since it does not wait for anything in between.
 */
export class MemoryStorage implements Storage {
  readonly queues: MemoryQueueStore
  readonly jobs: MemoryJobStore
  readonly workers: MemoryWorkerStore
  readonly schedules: MemorySchedulerStore
  readonly crons: MemoryCronStore
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
    this.groups = new MemoryGroupStore(data)
    this.admin = new MemoryAdminStore(data)
    this.events = new MemoryEventStore(data, closed)
  }

  /** There is no client: callbacks get undefined. */
  client(): unknown {
    return undefined
  }

  /** Ends what waits and listens through this storage. The data stays, for other clients of it. */
  async close(): Promise<void> {
    this.#closing.abort()
  }
}
