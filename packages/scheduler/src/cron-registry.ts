import type { AnyFunction } from '@rq/job'
import type { Callable } from '@rq/queue'
import { type CronOptions, checkCron } from './cron-options.ts'

/** A call of `cron.register` that no scheduler has taken yet. */
export type PendingCron = readonly [func: Callable<AnyFunction>, options: CronOptions<AnyFunction>]

/** In the process, not in the module: a config file may load another copy of it than the scheduler did. */
const PENDING = Symbol.for('rq.cron.pending')
const holder = globalThis as { [PENDING]?: PendingCron[] }

/**
 * Say, in a config file, that a function is to be enqueued again and again: the scheduler that loads the file does it, or
 * the next one that is started in this process. Types and checks are those of `cronScheduler.register`.
 * @throws RqError `RQ_INVALID_OPTION` at once.
 */
function register<F extends AnyFunction>(func: Callable<F>, options: CronOptions<F>): void {
  checkCron(func, options)
  holder[PENDING] ??= []
  holder[PENDING].push([func, options as CronOptions<AnyFunction>])
}

/** What config files use. */
export const cron = { register } as const

/** What was registered since the last call of this. */
export function takePending(): readonly PendingCron[] {
  const pending = holder[PENDING] ?? []
  holder[PENDING] = []
  return pending
}
