/** Running one job, for workers: `@rq/queue/run`. What programs use is in `@rq/queue`. */

export { withoutEncoded } from './encoded-error.ts'
export { type ErrorFacts, errorFacts, errorFromFacts } from './error-facts.ts'
export { errorName, errorText } from './error-text.ts'
export { callExceptionHandlers, callHandler, HANDLER_TIMEOUT_S } from './exception-handlers.ts'
export { functionName } from './function-name.ts'
export { RETRY_CHECK_TIMEOUT_S } from './retry-check.ts'
export type { UnserializableResult } from './return-value.ts'
export {
  type CallbackInput,
  type CallbackKind,
  type Failure,
  type Loader,
  runFailureCallback,
  runStoppedCallback,
} from './run-callback.ts'
export { RunContext } from './run-context.ts'
export { type Attempt, attemptJob, type RunInput, STOPPED_TEXT } from './run-job.ts'
export { RunLimit } from './run-limit.ts'
export { REQUIRE_SIGNATURE_NAMES, SignatureCheck } from './signature.ts'
export { portableKeys } from './signing-keys.ts'
export { DEFAULT_SIZE_LIMITS, SizeLimits } from './size-limits.ts'
export { undecodedJob } from './undecoded-job.ts'
