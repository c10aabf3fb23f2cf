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
export type { Callable, CallRest, ResultOf } from './enqueue/call-types.ts'
export type { EnqueueAndWaitOptions } from './enqueue/enqueue-and-wait.ts'
export { EnqueueData, type JobsOf } from './enqueue/enqueue-data.ts'
export type { EnqueueJobOptions } from './enqueue/enqueue-job.ts'
export type { EnqueueManyOptions } from './enqueue/enqueue-many.ts'
export {
  type JobDecorator,
  type JobFunction,
  type JobFunctionOptions,
  job,
  jobDecorator,
} from './enqueue/job-function.ts'
export type { ListOutcome } from './enqueue/list-outcome.ts'
export { checkDefaultOptions, type DefaultOptions } from './enqueue/queue-defaults.ts'
export { type InputIssue, inputInvalid } from './failure/input-invalid.ts'
export { DuplicateJobError, JobFailedError, JobTimeoutError, NoRetryError, TimeoutError } from './failure/job-errors.ts'
export type { RemoteError } from './failure/remote-error.ts'
export type { Execution } from './job/execution.ts'
export { type Explanation, type ExplanationCode, explain } from './job/explanation.ts'
export { type CreateGroupOptions, Group } from './job/group.ts'
export { handleOf, Job, type WaitOptions } from './job/job.ts'
export {
  type CancelOptions,
  cancelJob,
  type DeleteOptions,
  type RequeueOptions,
  requeueJob,
  type StopOptions,
} from './job/job-actions.ts'
export type { CreateOptions } from './job/made-record.ts'
export type { Message, MessagesOptions } from './job/messages.ts'
export { Result } from './job/result.ts'
export { encodeRecord } from './payload/payload-codec.ts'
export { JobSigner, type RequireSignatureOptions, type SignOptions } from './payload/signature.ts'
export type { SigningKeys } from './payload/signing-keys.ts'
export { type NamedQueueCounts, Queue } from './queue/queue.ts'
export { type BrokenJob, QueueContents, type SliceOptions } from './queue/queue-contents.ts'
export type { QueueEvent } from './queue/queue-event.ts'
export { QUEUE_OPTION_NAMES, type QueueOptions } from './queue/queue-options.ts'
export { Registry, type RegistryRange } from './queue/registry.ts'
export type { BulkResult } from './queue/registry-bulk.ts'
export type { RegistryJobsOptions } from './queue/registry-jobs.ts'
export type { RegistrySelection } from './queue/registry-selection.ts'
export { type CurrentJob, getCurrentJob } from './run/current-job.ts'
export { type When, whenMs } from './when.ts'
