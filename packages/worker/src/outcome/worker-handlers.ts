import type { LogFields, Logger } from '@rq/core'
import type { JobRecord } from '@rq/job'
import type { Job, JobContext } from '@rq/queue'
import {
  callExceptionHandlers,
  callHandler,
  type ErrorFacts,
  errorFromFacts,
  undecodedJob,
  withoutEncoded,
} from '@rq/queue/run'
import type { KilledTask } from '../horses/killed-task.ts'

/**
 * Called with a failed job and its error, in the worker's process. Returning false skips the handlers after it. Nothing
 * is decoded here: with a codec the arguments and meta cannot be read, and the error has its name only.
 */
export type ExceptionHandler = (job: Job, error: Error) => unknown

/** Called when a work-horse was lost with a job, in the worker's process. */
export type WorkHorseKilledHandler = (
  job: Job,
  pid: number | undefined,
  code: number | null,
  signal: NodeJS.Signals | null,
) => unknown

export interface WorkerHandlersOptions {
  readonly context: JobContext
  readonly logger: Logger
  /** The fields of a log line about a job. */
  readonly factsOf: (record: JobRecord) => LogFields
  /** Whether horses have exception handlers of their own, given by reference. */
  readonly haveReferences: boolean
  readonly exceptionHandlers: readonly ExceptionHandler[]
  readonly workHorseKilledHandler?: WorkHorseKilledHandler | undefined
}

/** The handlers that run in the worker's own process. Each has a minute; what one throws is logged. */
export class WorkerHandlers {
  readonly #options: WorkerHandlersOptions

  constructor(options: WorkerHandlersOptions) {
    this.#options = options
  }

  /** Whether horses have exception handlers of their own to call. */
  get haveReferences(): boolean {
    return this.#options.haveReferences
  }

  /** Call the exception handlers. Never rejects. */
  async callExceptionHandlers(record: JobRecord, facts: ErrorFacts): Promise<void> {
    const { context, exceptionHandlers, factsOf, logger } = this.#options
    if (exceptionHandlers.length === 0) return
    const error = errorFromFacts({ ...facts, text: withoutEncoded(facts.text) })
    await callExceptionHandlers(
      exceptionHandlers,
      (handler) => handler(undecodedJob({ ...record, status: 'failed' }, context), error),
      (_, text) => logger.error(`The exception handler failed (${record.id})`, { ...factsOf(record), error: text }),
    )
  }

  /** Call the handler for lost horses. Never rejects. */
  async callKilledHandler(record: JobRecord, { exit, pid }: KilledTask): Promise<void> {
    const { context, factsOf, logger, workHorseKilledHandler } = this.#options
    if (workHorseKilledHandler === undefined) return
    await callHandler(
      () => workHorseKilledHandler(undecodedJob(record, context), pid, exit.code, exit.signal),
      (text) =>
        logger.error(`The work-horse killed handler failed (${record.id})`, { ...factsOf(record), error: text }),
    )
  }
}
