import { type ErrorCode, RqError } from '@rq/core'

/** The exit codes of the program. They are stable. */
export const EXIT = {
  /** Done, also after a warm shutdown. */
  done: 0,
  failure: 1,
  /** The command line or the configuration was wrong. */
  usage: 2,
  /** Redis cannot be reached. */
  unreachable: 3,
  /** No such job, group, schedule or worker. */
  notFound: 4,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** The command line was wrong; the message says what was expected. Exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** A command failed; the message is for people. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  readonly exitCode: ExitCode

  constructor(message: string, exitCode: ExitCode = EXIT.failure, options?: ErrorOptions) {
    super(message, options)
    this.exitCode = exitCode
  }
}

const BY_CODE: Partial<Record<ErrorCode, ExitCode>> = {
  RQ_INVALID_OPTION: EXIT.usage,
  RQ_INVALID_REFERENCE: EXIT.usage,
  RQ_CONFIG: EXIT.usage,
  RQ_REDIS_UNREACHABLE: EXIT.unreachable,
  RQ_NO_SUCH_JOB: EXIT.notFound,
  RQ_NO_SUCH_GROUP: EXIT.notFound,
  RQ_NO_SUCH_SCHEDULE: EXIT.notFound,
  RQ_NO_SUCH_WORKER: EXIT.notFound,
}

export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof UsageError) return EXIT.usage
  if (error instanceof CommandError) return error.exitCode
  if (error instanceof RqError) return BY_CODE[error.code] ?? EXIT.failure
  return EXIT.failure
}

/** Whether the message of the error says enough, so that a stack would not help. */
export function isForeseen(error: unknown): error is Error {
  return error instanceof UsageError || error instanceof CommandError || error instanceof RqError
}
