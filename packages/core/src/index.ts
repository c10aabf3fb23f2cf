export { Backoff, type BackoffOptions, backoffMs } from './backoff.ts'
export { type Clock, systemClock } from './clock.ts'
export { type Deferred, deferred } from './deferred.ts'
export {
  DAY_MS,
  type DurationLike,
  type DurationObject,
  durationMs,
  durationOrUnlimitedS,
  durationS,
  HOUR_MS,
  MINUTE_MS,
  SECOND_MS,
} from './duration.ts'
export { type Duty, PeriodicDuty, type PeriodicDutyOptions } from './duty.ts'
export {
  ERROR_CODES,
  type ErrorCode,
  invalidOption,
  maskUserInfo,
  RqError,
  type RqErrorOptions,
  show,
} from './errors.ts'
export { FailureLog } from './failure-log.ts'
export { checkId, checkKnownName, checkName, newId, randomHex } from './ids.ts'
export { LOG_LEVELS, type LogFields, type Logger, type LogLevel, silentLogger } from './logger.ts'
export { type LoggerLike, loggerOf } from './logger-of.ts'
export { escapeOf, oneLine, oneLineLogger } from './one-line.ts'
export {
  booleanOption,
  bytesOption,
  choiceOption,
  countOption,
  millisecondsOption,
  type OptionKind,
  type OptionRule,
  type OptionTable,
  oneOf,
  secondsOption,
  stringOption,
  stringsOption,
  valueOption,
} from './option.ts'
export { checkOptionNames, type OptionNames, unknownOption } from './option-names.ts'
export { checkQueueName, checkRateLimitKey, checkWorkerName, RESERVED_ENDINGS } from './reserved-endings.ts'
export { nearestWord, suggestion } from './suggestion.ts'
export { LONGEST_TIMER_MS, pause, startTimer, within, withinOrThrow } from './wait.ts'
