import type { Logger } from '@rq/core'
import { getCurrentJob } from '@rq/queue'
import { errorName } from '@rq/queue/run'

interface Watch {
  readonly logger: Logger
  readonly hidesErrors: boolean
}

/** One for each inline horse of this process: any number of them share two listeners. */
const watches = new Set<Watch>()
let isReported = false

/**
 * Log why this process ends while jobs run in it, and which job is to blame: an uncaught error, or a call of
 * `process.exit()`, perhaps long after the job has ended. Nothing can be saved then, and Node.js may print nothing.
 * @param hidesErrors - log only the class of the error: the jobs have a codec.
 * @returns a function that ends the watch.
 */
export function watchProcessEnd(logger: Logger, hidesErrors: boolean): () => void {
  const watch = { logger, hidesErrors }
  if (watches.size === 0) {
    process.on('uncaughtExceptionMonitor', onError)
    process.on('exit', onExit)
  }
  watches.add(watch)
  return () => {
    if (!watches.delete(watch) || watches.size > 0) return
    process.off('uncaughtExceptionMonitor', onError)
    process.off('exit', onExit)
  }
}

function onError(error: unknown): void {
  // With a handler of its own the program goes on.
  if (process.listenerCount('uncaughtException') > 0) return
  const isHidden = [...watches].some(({ hidesErrors }) => hidesErrors)
  report('An uncaught error', { error: isHidden ? errorName(error) : String(error) })
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
  for (const logger of new Set([...watches].map(({ logger }) => logger))) {
    logger.error(`${by} ends the process of this worker; its jobs are taken over when their leases end`, fields)
  }
}
