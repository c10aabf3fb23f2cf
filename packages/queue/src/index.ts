export type { Callable, CallRest, ResultOf } from './call-types.ts'
export {
  CONNECTION_HINTS,
  checkedContextOf,
  contextOf,
  type JobContext,
  type StorageFactory,
  type StorageOptions,
  type StoragePlace,
  setStorageFactory,
} from './context.ts'
export { type CurrentJob, getCurrentJob } from './current-job.ts'
export type { EnqueueAndWaitOptions } from './enqueue-and-wait.ts'
export { EnqueueData, type JobsOf } from './enqueue-data.ts'
export type { EnqueueJobOptions } from './enqueue-job.ts'
export type { EnqueueManyOptions } from './enqueue-many.ts'
export type { Execution } from './execution.ts'
export { type Explanation, type ExplanationCode, explain } from './explanation.ts'
export { type CreateGroupOptions, Group } from './group.ts'
export { type CreateOptions, handleOf, Job, type WaitOptions } from './job.ts'
export { type CancelOptions, cancelJob, type DeleteOptions, type RequeueOptions, requeueJob } from './job-actions.ts'
export { DuplicateJobError, JobFailedError, JobTimeoutError, NoRetryError, TimeoutError } from './job-errors.ts'
export { type JobDecorator, type JobFunction, type JobFunctionOptions, job, jobDecorator } from './job-function.ts'
export type { ListOutcome } from './list-outcome.ts'
export { encodeRecord } from './payload-codec.ts'
export { type NamedQueueCounts, Queue } from './queue.ts'
export { type BrokenJob, QueueContents, type SliceOptions } from './queue-contents.ts'
export type { DefaultOptions } from './queue-defaults.ts'
export type { QueueEvent } from './queue-event.ts'
export { QUEUE_OPTION_NAMES, type QueueOptions } from './queue-options.ts'
export { Registry, type RegistryRange } from './registry.ts'
export type { BulkResult, RegistrySelection } from './registry-bulk.ts'
export type { RemoteError } from './remote-error.ts'
export { Result } from './result.ts'
export { JobSigner, type RequireSignatureOptions, type SignOptions } from './signature.ts'
export type { SigningKeys } from './signing-keys.ts'
export { type When, whenMs } from './when.ts'
