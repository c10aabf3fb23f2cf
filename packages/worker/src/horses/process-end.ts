import type { Logger } from '@rq/core'
import { getCurrentJob } from '@rq/queue'

/** One for each inline horse of this process: any number of them share two listeners. */
const loggers = new Map<object, Logger>()
let isReported = false

/**
 * Log why this process ends while jobs run in it, and which job is to blame: an uncaught error, or a call of
 * `process.exit()`, perhaps long after the job has ended. Nothing can be saved then, and Node.js may print nothing.
 * @returns a function that ends the watch.
 */
export function watchProcessEnd(logger: Logger): () => void {
  const watch = {}
  if (loggers.size === 0) {
    process.on('uncaughtExceptionMonitor', onError)
    process.on('exit', onExit)
  }
  loggers.set(watch, logger)
  return () => {
    if (!loggers.delete(watch) || loggers.size > 0) return
    process.off('uncaughtExceptionMonitor', onError)
    process.off('exit', onExit)
  }
}

function onError(error: unknown): void {
  // With a handler of its own the program goes on.
  if (process.listenerCount('uncaughtException') === 0) report('An uncaught error', { error: String(error) })
}

function onExit(): void {
  report('A call of process.exit()')
}

function report(what: string, fields?: { readonly error: string }): void {
  // An uncaught error is followed by the exit.
  if (isReported) return
  isReported = true
  const id = getCurrentJob()?.id
  const by = id === undefined ? what : `${what} of job ${id}`
  for (const logger of new Set(loggers.values())) {
    logger.error(`${by} ends the process of this worker; its jobs are taken over when their leases end`, fields)
  }
}
