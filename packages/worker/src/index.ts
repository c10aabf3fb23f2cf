export type { HorseEvent, WorkerEvents } from './events.ts'
export type { CanClaim } from './holds/claim-check.ts'
export type { HorseEnv } from './horses/horse-env.ts'
export type { PrefetchOptions } from './horses/prefetch.ts'
export type { StorageSource } from './inside-horse/protocol.ts'
export type { JobEndEvent, JobEvent, JobEventName } from './job-event.ts'
export {
  type HorseKind,
  type QueueLike,
  type QueuePlan,
  queueNames,
  type WorkerQueueOptions,
  type WorkerQueues,
} from './lane-settings.ts'
export { HORSE_KINDS } from './option-table.ts'
export { WORKER_OPTION_NAMES, type WorkerOptions } from './options.ts'
export type { ExceptionHandler, WorkHorseKilledHandler } from './outcome/worker-handlers.ts'
export { handleSignals } from './signals.ts'
export { checkImports, checkJobsModule, checkStart } from './start-check.ts'
export { DEQUEUE_STRATEGIES, type DequeueStrategy } from './store/queue-order.ts'
export type { ReturnUnknown, UnknownFunctionPolicy } from './unknown-function-policy.ts'
export { inlineQueues, SimpleWorker, WORK_OPTION_NAMES, Worker, type WorkOptions } from './worker.ts'
export { checkPoolWorkers, POOL_WORKER_OPTION_NAMES, type PoolWorkerOptions } from './worker-pool/pool-worker.ts'
export {
  POOL_START_OPTION_NAMES,
  type PoolStartOptions,
  type PoolWorkerStarter,
  poolWorkers,
  WorkerPool,
  type WorkerPoolOptions,
} from './worker-pool/worker-pool.ts'
export type { WorkerService } from './worker-service.ts'
