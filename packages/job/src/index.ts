export type { AdminStore } from './admin-store.ts'
export { attemptOf, isLastAttempt, maxAttemptsOf } from './attempt.ts'
export {
  type Call,
  type Codec,
  checkPayload,
  dumpCall,
  hasKwargs,
  loadCall,
  positional,
  readPayload,
  writePayload,
} from './call.ts'
export { Callback, type CallbackOptions } from './callback.ts'
export { isConnectionHeader } from './connection-header.ts'
export {
  CRON_LEASE_MS,
  type CronHeartbeatReply,
  type CronJobRecord,
  type CronKey,
  type CronReply,
  type CronRun,
  type CronSchedulerRecord,
  type CronState,
  type CronStore,
} from './cron-store.ts'
export {
  DEFAULT_CALLBACK_TIMEOUT_S,
  DEFAULT_FAILURE_TTL_S,
  DEFAULT_QUEUE_NAME,
  DEFAULT_RESULT_TTL_S,
  DEFAULT_TIMEOUT_S,
  RESULT_HISTORY,
  UNLIMITED,
} from './defaults.ts'
export {
  dependencyCycle,
  inDependencyOrder,
  isDependencyCycle,
  isTooManyDependencies,
  tooManyDependencies,
} from './dependencies/graph.ts'
export { type DependencyState, type Readiness, readiness } from './dependencies/readiness.ts'
export { Dependency, type DependencyOptions, idOf, type JobLike, jobIdsOf } from './dependency.ts'
export { describeCall, describeFunction, describesItself, descriptionOf } from './describe.ts'
export {
  type EventStore,
  type JobEndEventName,
  LISTENING_MS,
  type PublishedEvent,
  QUEUE_EVENT_NAMES,
  type QueueEventName,
} from './event-store.ts'
export {
  type AnyFunction,
  type FunctionRef,
  isExportName,
  type ParsedFunctionRef,
  parseFunctionRef,
  ref,
  type TypedRef,
} from './function-ref.ts'
export type { GroupStore } from './group-store.ts'
export { inflatePayload, inflateText, isCompressed } from './inflate.ts'
export type {
  AwaitedResult,
  CancelRequest,
  DeleteRequest,
  ExecutionRecord,
  ExpectedEnd,
  ExplanationFacts,
  JobReply,
  JobStore,
} from './job-store.ts'
export {
  type Bytes,
  checkLimits,
  cutDescription,
  DEFAULT_LIMITS,
  LIMIT_OPTIONS,
  type LimitOptions,
  type Limits,
  LONGEST_DEPENDENCIES,
  LONGEST_DESCRIPTION,
  LONGEST_ERROR_BYTES,
  LONGEST_WEBHOOK,
  largestPayload,
  MOST_DEPENDENCIES,
  MOST_INTERVALS,
  MOST_WEBHOOKS,
} from './limits.ts'
export {
  MESSAGES_KEPT_S,
  type MessageRecord,
  type MessageSource,
  type MessagesPage,
  type MessagesRequest,
  MOST_MESSAGE_BYTES,
  MOST_MESSAGES,
  type NewMessages,
} from './message.ts'
export { type NameHolder, type NameWaitOptions, waitForName } from './name-holder.ts'
export { isKnownToNone, isNameOfJob, type NamesInUse, type NamesOfWorker } from './names-in-use.ts'
export {
  type CheckedDependency,
  type CheckedOptions,
  checkOptions,
  ENQUEUE_OPTIONS,
  type EnqueueOptions,
  type OptionOfOneJob,
} from './options.ts'
export { NO_CONFIGURATION, type QueueConfiguration } from './queue-configuration.ts'
export type {
  BeginReply,
  BrokenJobRecord,
  NewJob,
  NewUniqueKey,
  Placement,
  QueueCounts,
  QueueStore,
} from './queue-store.ts'
export { RateLimit, type RateLimitOptions } from './rate-limit.ts'
export type {
  CallbackRecord,
  JobChanges,
  JobRecord,
  Payload,
  RateLimitRecord,
  ResultDialect,
  UniqueRecord,
  UniqueUntil,
  WebhookRecord,
} from './record.ts'
export { Repeat, type RepeatOptions } from './repeat.ts'
export {
  RESULT_TYPE_NUMBERS,
  RESULT_TYPES,
  type ResultRecord,
  type ResultType,
  resultTypeOf,
  UNSERIALIZABLE_RETURN_VALUE,
} from './result.ts'
export {
  type ExponentialRetryOptions,
  intervalAt,
  isReturnedRetry,
  Retry,
  type RetryOptions,
  type ReturnedRetry,
} from './retry.ts'
export type {
  DueSchedule,
  DueSchedules,
  ListedSchedule,
  OverlapRule,
  ScheduleFacts,
  SchedulePage,
  SchedulePosition,
  ScheduleRecord,
  ScheduleRule,
  ScheduleStore,
  ScheduleTick,
  ScheduleVersion,
  TickAnswer,
} from './schedule-store.ts'
export type {
  Lead,
  Promoted,
  SchedulerIdentity,
  SchedulerNotice,
  SchedulerRecord,
  SchedulerStore,
} from './scheduler-store.ts'
export {
  type AttemptTimes,
  type Outcome,
  type RetryVerdict,
  type SettleDefaults,
  type Settlement,
  settle,
} from './settlement.ts'
export {
  canMove,
  isJobStatus,
  isTerminal,
  JOB_STATUSES,
  type JobStatus,
  LEGAL_MOVES,
  REGISTRY_KINDS,
  type RegistryKind,
} from './status.ts'
export type { Storage } from './storage.ts'
export {
  type CheckedUnique,
  checkUnique,
  checkUniqueKey,
  type OnDuplicate,
  UNIQUE_UNTIL,
  type Unique,
} from './unique.ts'
export { isReturn, mayBeReturned } from './unknown-function.ts'
export { Webhook, type WebhookOptions } from './webhook.ts'
export {
  type Claimed,
  type ClaimReply,
  type ClaimRequest,
  type CleanUpOptions,
  type GiveBackAnswer,
  type HeartbeatReply,
  type HeldQueue,
  type Lease,
  LONGEST_STOP_REASON,
  type MaintenanceRequest,
  type MaintenanceTurn,
  type RecoverableRequest,
  type RecoverReply,
  type RecoverRequest,
  type SetAsideRequest,
  type SettleAnswer,
  type SettleReply,
  type ShownHolds,
  type ShownJobNames,
  type StopJobCommand,
  type WorkerCommand,
  type WorkerHeartbeat,
  type WorkerIdentity,
  type WorkerRecord,
  type WorkerState,
  type WorkerStore,
} from './worker-store.ts'
