/** The codes of {@link RqError}. Stable: programs may depend on them. `rq-cli help <code>` says when each occurs. */
export const ERROR_CODES = [
  'RQ_INVALID_OPTION',
  'RQ_INVALID_REFERENCE',
  'RQ_FUNCTION_NOT_FOUND',
  'RQ_FUNCTION_NOT_ALLOWED',
  'RQ_SERIALIZATION',
  'RQ_DESERIALIZATION',
  'RQ_TOO_LARGE',
  'RQ_SIGNATURE',
  'RQ_NO_SUCH_JOB',
  'RQ_NO_SUCH_GROUP',
  'RQ_DUPLICATE_JOB',
  'RQ_TOO_MANY_DEPENDENCIES',
  'RQ_INVALID_OPERATION',
  'RQ_JOB_FAILED',
  'RQ_NO_RETRY',
  'RQ_INPUT_INVALID',
  'RQ_JOB_TIMEOUT',
  'RQ_JOB_STOPPED',
  'RQ_HORSE_TERMINATED',
  'RQ_LEASE_LOST',
  'RQ_MESSAGES_LOST',
  'RQ_SETTLE_REFUSED',
  'RQ_TIMEOUT',
  'RQ_CLOSED',
  'RQ_REDIS_UNREACHABLE',
  'RQ_REDIS_VERSION',
  'RQ_REDIS_AUTH',
  'RQ_REDIS_OUT_OF_MEMORY',
  'RQ_REDIS',
  'RQ_WORKER_NAME_TAKEN',
  'RQ_NO_SUCH_WORKER',
  'RQ_NO_SUCH_SCHEDULE',
  'RQ_NO_SUCH_SCHEDULER',
  'RQ_SCHEDULER_NAME_TAKEN',
  'RQ_CONFIG',
] as const

export type ErrorCode = (typeof ERROR_CODES)[number]

export interface RqErrorOptions {
  /** Whether the same call may succeed later without a change. Default false. */
  retryable?: boolean
  /** Plain facts for logs and programs, free of secrets. Default: none. */
  details?: Readonly<Record<string, unknown>>
  cause?: unknown
}

/**
 * The error type of rq. Branch on `code`, which is stable, and never on the message. The message says what was wrong,
 * what was expected and what to do, and never holds a secret. `rq-cli help <code>` says more.
 */
export class RqError extends Error {
  override readonly name: string = 'RqError'
  readonly code: ErrorCode
  /** Whether the same call may succeed later without a change. */
  readonly retryable: boolean
  /** Plain facts such as the job's id, free of secrets. */
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: ErrorCode, message: string, options: RqErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.retryable = options.retryable ?? false
    this.details = options.details ?? {}
  }
}

/** An `RqError` for a wrong option of a public call. `option` is its name as callers write it. */
export function invalidOption(option: string, got: unknown, expected: string): RqError {
  return new RqError('RQ_INVALID_OPTION', `Invalid ${option}: got ${show(got)}, expected ${expected}.`, {
    details: { option },
  })
}

/** Any value as a short string of one line for an error message, without secrets. Never throws. */
export function show(value: unknown): string {
  try {
    return describe(value).replace(UNPRINTABLE, (c) => `\\u{${c.codePointAt(0)?.toString(16)}}`)
  } catch {
    return 'an unreadable value'
  }
}

/**
 * Control characters, line breaks, direction marks and lone surrogates: they could forge a log line or move a cursor.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(clip(maskUserInfo(value)))
  if (typeof value === 'bigint') return clip(`${value}n`)
  if (typeof value === 'function') return value.name === '' ? 'an anonymous function' : `function ${clip(value.name)}`
  if (typeof value === 'object' && value !== null) {
    return Array.isArray(value) ? `an array of ${value.length}` : (dateText(value) ?? 'an object')
  }
  return clip(String(value))
}

/** Of a Date, whatever its methods are by now; undefined for other objects. */
function dateText(value: object): string | undefined {
  try {
    const date = new Date(Date.prototype.getTime.call(value))
    return Number.isNaN(date.getTime()) ? 'an invalid Date' : date.toISOString()
  } catch {
    return undefined
  }
}

/** The string with the user and password of each URL in it replaced by `***`. */
export function maskUserInfo(text: string): string {
  return text.replace(WORD, maskWord)
}

/** What a URL can be a part of. Anybody's text is masked, so its length must not count twice. */
const WORD = /[^\s"'[\]]+/g
const SCHEME_END = /:\/\/(?!\*{3})/

function maskWord(word: string): string {
  const end = word.lastIndexOf('@')
  const start = end === -1 ? -1 : word.slice(0, end).search(SCHEME_END)
  return start === -1 ? word : `${word.slice(0, start)}://***${word.slice(end)}`
}

const clip = (text: string): string => (text.length > 80 ? `${text.slice(0, 77)}...` : text)
