import { type Logger, PeriodicDuty } from '@rq/core'
import type { QueueStore, WorkerIdentity, WorkerStore } from '@rq/job'
import { asRefused, type Refused } from '../store/store-retry.ts'

export interface MaintenanceOptions {
  readonly store: WorkerStore
  readonly queueStore: QueueStore
  readonly worker: WorkerIdentity
  readonly everyMs: number
  readonly logger: Logger
}

const KINDS = ['finished', 'failed'] as const

/**
 * Removes expired entries of registries, and what dead workers and deleted jobs have left in the worker's queues. Of
 * all workers of a queue, one does this in each interval; when it leaves, another one does at its next run.
 */
export function maintenance({ everyMs, logger, queueStore, store, worker }: MaintenanceOptions): PeriodicDuty {
  return new PeriodicDuty({
    name: 'The maintenance',
    everyMs,
    jitter: 0.1,
    logger,
    atStart: true,
    async run(signal) {
      const { queues, shared } = await store.maintenanceTurn({ worker, queues: worker.queues, forMs: everyMs })
      let refused: Refused | undefined
      /** What the store refuses to do for one key must not keep it from the others. */
      const make = async (step: () => Promise<unknown>) => {
        const answer = await step().then(() => undefined, asRefused)
        refused ??= answer
      }
      for (const queue of queues) for (const kind of KINDS) await make(() => queueStore.registryCleanup(queue, kind))
      await make(() => store.cleanUp(queues, { shared, signal }))
      while (shared && (await store.releaseDependents()));
      if (refused !== undefined) throw refused.refusal
    },
  })
}
