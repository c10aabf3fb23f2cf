export type { HorseEvent, JobEndEvent, JobEvent, WorkerEvents } from './events.ts'
export type { StorageSource } from './horse/protocol.ts'
export type { ExceptionHandler, WorkHorseKilledHandler } from './judge.ts'
export { HORSE_KINDS, type HorseKind, type QueueLike, type WorkerOptions } from './options.ts'
export { checkMember, type MemberOptions } from './pool-member.ts'
export type { PrefetchOptions } from './prefetch.ts'
export { DEQUEUE_STRATEGIES, type DequeueStrategy } from './queue-order.ts'
export type { WorkerService } from './shift.ts'
export { handleSignals } from './signals.ts'
export type { WorkOptions } from './worker.ts'
export { SimpleWorker, Worker } from './worker.ts'
export {
  type MemberStarter,
  type PoolStartOptions,
  WorkerPool,
  type WorkerPoolOptions,
  workerMembers,
} from './worker-pool.ts'
