export { type DurationLike, type ErrorCode, type LogFields, type Logger, type LoggerLike, RqError } from '@rq/core'
export {
  type Bytes,
  Callback,
  Dependency,
  type EnqueueOptions,
  type FunctionRef,
  type HeldQueue,
  type JobEndEventName,
  type JobStatus,
  type LimitOptions,
  type QueueConfiguration,
  type QueueCounts,
  type QueueEventName,
  RateLimit,
  Repeat,
  Retry,
  ref,
  type TypedRef,
  type Unique,
  Webhook,
  type WorkerRecord,
} from '@rq/job'
export type { ClientOf, DefinedJob, DefinedJobs, JobDefinition, JobDefinitions, JobRun } from '@rq/jobs'
export {
  type BrokenJob,
  type BulkResult,
  type CancelOptions,
  type CurrentJob,
  type DeleteOptions,
  DuplicateJobError,
  type EnqueueAndWaitOptions,
  type EnqueueData,
  type EnqueueManyOptions,
  type Execution,
  type Explanation,
  getCurrentJob,
  JobFailedError,
  type JobFunction,
  JobTimeoutError,
  type ListOutcome,
  type Message,
  type MessagesOptions,
  type NamedQueueCounts,
  NoRetryError,
  type QueueEvent,
  Registry,
  type RegistryJobsOptions,
  type RegistrySelection,
  type RemoteError,
  type RequireSignatureOptions,
  Result,
  type SigningKeys,
  type SignOptions,
  type StopOptions,
  TimeoutError,
  type When,
} from '@rq/queue'
export { type Connection, maskUrl, type ServerFacts } from '@rq/redis'
export {
  cron,
  type ScheduleCode,
  type ScheduleExplanation,
  type ScheduleFilter,
  type ScheduleInfo,
  type ScheduleTimes,
  type SyncedSchedule,
  type SyncOptions,
  type SyncOutcome,
} from '@rq/scheduler'
export {
  type AesCodecOptions,
  aesCodec,
  type Codec,
  jsonSerializer,
  type PayloadField,
  type PayloadPlace,
  type Serializer,
  superjsonSerializer,
} from '@rq/serializer'
export {
  type CanClaim,
  DEQUEUE_STRATEGIES,
  type DequeueStrategy,
  HORSE_KINDS,
  type HorseEnv,
  type HorseEvent,
  type HorseKind,
  handleSignals,
  type JobEndEvent,
  type JobEvent,
  type JobEventName,
  type QueuePlan,
  type UnknownFunctionPolicy,
  type WorkerEvents,
  type WorkerQueueOptions,
  type WorkerQueues,
} from '@rq/worker'
export {
  isSuspended,
  type PauseCommandOptions,
  resume,
  sendKillHorseCommand,
  sendPauseCommand,
  sendResumeCommand,
  sendShutdownCommand,
  sendStopJobCommand,
  suspend,
  type Where,
} from './admin.ts'
export type { ConnectionOptions } from './connection.ts'
export { cancelJob, Group, type GroupClass, Job, type JobClass, requeueJob } from './job-and-group.ts'
export { job } from './job-function.ts'
export { defineJobs, jobsClient } from './jobs.ts'
export { Queue, type QueueOptions } from './queue.ts'
export { Schedule, type ScheduleClass, type ScheduleOptions } from './schedule.ts'
export { CronScheduler, type CronSchedulerOptions, Scheduler, type SchedulerOptions } from './scheduler.ts'
export { missingRights, serverFacts } from './server.ts'
export { SimpleWorker, Worker, type WorkerOptions, type WorkOptions } from './worker.ts'
export { type PoolStartOptions, WorkerPool, type WorkerPoolOptions } from './worker-pool.ts'
