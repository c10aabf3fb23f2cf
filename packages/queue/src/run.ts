/** Running one job, for workers: `@rq/queue/run`. What programs use is in `@rq/queue`. */

export { functionName } from './enqueue/function-name.ts'
export { withoutEncoded } from './failure/encoded-error.ts'
export { type ErrorFacts, errorFacts, errorFromFacts } from './failure/error-facts.ts'
export { errorMessage, errorName, errorText } from './failure/error-text.ts'
export { undecodedJob } from './job/undecoded-job.ts'
export { REQUIRE_SIGNATURE_NAMES, SignatureCheck } from './payload/signature.ts'
export { portableKeys } from './payload/signing-keys.ts'
export { DEFAULT_SIZE_LIMITS, SizeLimits } from './payload/size-limits.ts'
export { callExceptionHandlers, callHandler, HANDLER_TIMEOUT_S } from './run/exception-handlers.ts'
export type { MessageSender } from './run/message-sender.ts'
export { RETRY_CHECK_TIMEOUT_S } from './run/retry-check.ts'
export type { UnserializableResult } from './run/return-value.ts'
export {
  type CallbackInput,
  type CallbackKind,
  type Failure,
  type Loader,
  runFailureCallback,
  runStoppedCallback,
} from './run/run-callback.ts'
export { RunContext } from './run/run-context.ts'
export { type Attempt, attemptJob, type RunInput, STOPPED_TEXT } from './run/run-job.ts'
export { RunLimit } from './run/run-limit.ts'
