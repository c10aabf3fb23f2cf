import type { AnyFunction } from '@rq/job'
import type { Callable } from '@rq/queue'
import { type CronOptions, checkCron } from './cron-options.ts'

/** A call of `cron.register` that no scheduler has taken yet. */
export type PendingCron = readonly [func: Callable<AnyFunction>, options: CronOptions<AnyFunction>]

/** Kept in the process, not in this module: a config file may load another copy of the module than the scheduler. */
const PENDING = Symbol.for('rq.cron.pending')
const holder = globalThis as { [PENDING]?: PendingCron[] }

/**
 * Register a cron job in a config file, for the scheduler that loads the file, or else for the next one that is started
 * in this process. Types and checks are those of `cronScheduler.register`.
 * @throws RqError `RQ_INVALID_OPTION` at once.
 */
function register<F extends AnyFunction>(func: Callable<F>, options: CronOptions<F>): void {
  checkCron(func, options)
  holder[PENDING] ??= []
  holder[PENDING].push([func, options as CronOptions<AnyFunction>])
}

/** The object by which config files register cron jobs. */
export const cron = { register } as const

/** The cron jobs that were registered since the last call. */
export function takePending(): readonly PendingCron[] {
  const pending = holder[PENDING] ?? []
  holder[PENDING] = []
  return pending
}
