import type { Logger } from '@rq/core'
import type { QueueStore } from '@rq/job'
import { Duty } from './duty.ts'

export interface MaintenanceOptions {
  readonly store: QueueStore
  readonly queues: readonly string[]
  readonly everyMs: number
  readonly logger: Logger
}

const KINDS = ['finished', 'failed'] as const

/** Drops what is over its time from the registries of the worker's queues. */
export function maintenance({ everyMs, logger, queues, store }: MaintenanceOptions): Duty {
  return new Duty({
    name: 'maintenance',
    everyMs,
    jitter: 0.1,
    logger,
    async runOnce() {
      for (const queue of queues) for (const kind of KINDS) await store.registryCleanup(queue, kind)
    },
  })
}
