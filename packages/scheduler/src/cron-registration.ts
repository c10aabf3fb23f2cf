import { type Logger, pause, RqError, SECOND_MS } from '@rq/core'
import type { CronSchedulerRecord, CronStore, NameHolder } from '@rq/job'

export interface CronRegistrationOptions {
  readonly store: CronStore
  readonly record: () => CronSchedulerRecord
  readonly instance: string
  readonly logger: Logger
  /** Fires when the scheduler stops. */
  readonly stopping: AbortSignal
}

const LOOK_EVERY_MS = SECOND_MS

/**
 * Register a cron scheduler. If another one has its name, wait until the name is free or a heartbeat shows that the
 * other one lives: a scheduler that was killed may be started again at once, under its own name.
 * @throws RqError `RQ_SCHEDULER_NAME_TAKEN`, and RqError of the store.
 */
export async function registerCronScheduler(options: CronRegistrationOptions): Promise<void> {
  const { instance, logger, record, stopping, store } = options
  let first: NameHolder | undefined
  while (!stopping.aborted) {
    const holder = await store.register(record(), instance)
    if (holder === undefined) return
    const { name } = record()
    if (holder.lastBeat === undefined || (first !== undefined && first.lastBeat !== holder.lastBeat)) {
      throw nameTaken(name, holder)
    }
    if (first === undefined) {
      const waitS = Math.ceil(holder.freeInMs / SECOND_MS)
      logger.warn(`Another cron scheduler named '${name}' has not left. It counts as dead in ${waitS} s; waiting`)
    }
    first = holder
    await pause(Math.min(LOOK_EVERY_MS, holder.freeInMs + 1), stopping)
  }
}

function nameTaken(name: string, { freeInMs, lastBeat }: NameHolder): RqError {
  const wait = lastBeat === undefined ? `; if that scheduler is dead, wait ${Math.ceil(freeInMs / SECOND_MS)} s` : ''
  return new RqError(
    'RQ_SCHEDULER_NAME_TAKEN',
    `An active cron scheduler named '${name}' exists already. Choose another name${wait}.`,
    { details: { name } },
  )
}
