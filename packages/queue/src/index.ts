export type { Callable, CallRest, ResultOf } from './call-types.ts'
export { contextOf, type JobContext, type StorageOptions } from './context.ts'
export { type CurrentJob, getCurrentJob, withCurrentJob } from './current-job.ts'
export { errorName, errorText, LONGEST_ERROR_BYTES } from './error-text.ts'
export { type CreateOptions, type Execution, Job, type WaitOptions } from './job.ts'
export { type CancelOptions, cancelJob, type DeleteOptions, type RequeueOptions, requeueJob } from './job-actions.ts'
export { DuplicateJobError, JobFailedError, JobTimeoutError, TimeoutError } from './job-errors.ts'
export { Result } from './result.ts'
export {
  type CallbackInput,
  type CallbackKind,
  type Loader,
  runFailureCallback,
  runStoppedCallback,
} from './run-callback.ts'
export { type RunInput, runJob, STOPPED_TEXT } from './run-job.ts'
