import { type Logger, RqError } from '@rq/core'
import { type CronSchedulerRecord, type CronStore, waitForName } from '@rq/job'

export interface CronRegistrationOptions {
  readonly store: CronStore
  readonly record: () => CronSchedulerRecord
  readonly instance: string
  readonly logger: Logger
  /** Fires when the scheduler stops. */
  readonly stopping: AbortSignal
}

/**
 * Register a cron scheduler, once its name is free.
 * @throws RqError `RQ_SCHEDULER_NAME_TAKEN`, and RqError of the store.
 */
export async function registerCronScheduler(options: CronRegistrationOptions): Promise<void> {
  const { instance, logger, record, stopping, store } = options
  const { name } = record()
  await waitForName({
    register: () => store.register(record(), instance),
    onWait: (waitS) =>
      logger.warn(`Another cron scheduler named '${name}' has not left. It counts as dead in ${waitS} s; waiting`),
    taken: (waitS) => nameTaken(name, waitS),
    signal: stopping,
  })
}

function nameTaken(name: string, waitS: number | undefined): RqError {
  const wait = waitS === undefined ? '' : `; if that scheduler is dead, wait ${waitS} s`
  return new RqError(
    'RQ_SCHEDULER_NAME_TAKEN',
    `An active cron scheduler named '${name}' exists already. Choose another name${wait}.`,
    { details: { name } },
  )
}
