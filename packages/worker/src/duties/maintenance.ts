import { type Logger, PeriodicDuty } from '@rq/core'
import type { QueueStore, WorkerStore } from '@rq/job'

export interface MaintenanceOptions {
  readonly store: WorkerStore
  readonly queueStore: QueueStore
  readonly queues: readonly string[]
  readonly everyMs: number
  readonly logger: Logger
}

const KINDS = ['finished', 'failed'] as const

/** Removes expired entries of registries, and what dead workers and deleted jobs have left in the worker's queues. */
export function maintenance({ everyMs, logger, queueStore, queues, store }: MaintenanceOptions): PeriodicDuty {
  return new PeriodicDuty({
    name: 'The maintenance',
    everyMs,
    jitter: 0.1,
    logger,
    atStart: true,
    async run() {
      for (const queue of queues) for (const kind of KINDS) await queueStore.registryCleanup(queue, kind)
      await store.cleanUp(queues)
      while (await store.releaseDependents());
    },
  })
}
