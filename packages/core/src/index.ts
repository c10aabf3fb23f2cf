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
export {
  ERROR_CODES,
  type ErrorCode,
  invalidOption,
  maskUserInfo,
  RqError,
  type RqErrorOptions,
  show,
} from './errors.ts'
export { checkId, checkName, newId, randomHex } from './ids.ts'
export { type LogFields, type Logger, silentLogger } from './logger.ts'
