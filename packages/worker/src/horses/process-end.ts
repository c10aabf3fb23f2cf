import type { Logger } from '@rq/core'
import { getCurrentJob } from '@rq/queue'

/**
 * Log why this process ends while jobs run in it, and which job is to blame: an uncaught error, or a call of
 * `process.exit()`, perhaps long after the job has ended. Nothing can be saved then, and Node.js may print nothing.
 * @returns a function that ends the watch.
 */
export function watchProcessEnd(logger: Logger): () => void {
  let isReported = false
  const report = (what: string, error?: unknown) => {
    if (isReported) return
    isReported = true
    const id = getCurrentJob()?.id
    const by = id === undefined ? what : `${what} of job ${id}`
    logger.error(`${by} ends the process of this worker; its jobs are taken over when their leases end`, {
      ...(error !== undefined && { error: String(error) }),
    })
  }
  const onError = (error: unknown) => report('An uncaught error', error)
  const onExit = () => report('A call of process.exit()')
  process.on('uncaughtExceptionMonitor', onError)
  process.on('exit', onExit)
  return () => {
    process.off('uncaughtExceptionMonitor', onError)
    process.off('exit', onExit)
  }
}
