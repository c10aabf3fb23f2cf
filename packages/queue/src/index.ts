export type { Callable, CallRest, ResultOf } from './call-types.ts'
export { contextOf, type JobContext, type StorageOptions } from './context.ts'
export { type CurrentJob, getCurrentJob, withCurrentJob } from './current-job.ts'
export { EnqueueData, type JobsOf } from './enqueue-data.ts'
export { errorName, errorText, LONGEST_ERROR_BYTES } from './error-text.ts'
export { type Explanation, type ExplanationCode, explain } from './explanation.ts'
export { type CreateGroupOptions, Group } from './group.ts'
export { type CreateOptions, type Execution, Job, type WaitOptions } from './job.ts'
export { type CancelOptions, cancelJob, type DeleteOptions, type RequeueOptions, requeueJob } from './job-actions.ts'
export { DuplicateJobError, JobFailedError, JobTimeoutError, TimeoutError } from './job-errors.ts'
export { type JobDecorator, type JobFunction, type JobFunctionOptions, job, jobDecorator } from './job-function.ts'
export { type EnqueueJobOptions, type EnqueueManyOptions, Queue, type QueueOptions } from './queue.ts'
export { QueueContents, type SliceOptions } from './queue-contents.ts'
export { Registry, type RegistryRange } from './registry.ts'
export { Result } from './result.ts'
export {
  type CallbackInput,
  type CallbackKind,
  type Loader,
  runFailureCallback,
  runStoppedCallback,
} from './run-callback.ts'
export { RunContext } from './run-context.ts'
export { type Attempt, attemptJob, type RunInput, runJob, STOPPED_TEXT } from './run-job.ts'
export { RunLimit } from './run-limit.ts'
export { callWebhook, type WebhookCall, webhookCalls, webhookHost } from './webhook-call.ts'
export type { DateTimeObject, When } from './when.ts'
export { whenMs } from './when.ts'
