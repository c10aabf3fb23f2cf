import { type Logger, silentLogger } from './logger.ts'

/**
 * A logger that loses a line instead of throwing: a log line may be written in the middle of anything, and what a
 * logger throws is no reason to lose a job or to end a worker. The first fault is a warning of the process.
 */
export function guarded(logger: Logger): Logger {
  if (logger === silentLogger) return logger
  const at =
    (level: 'debug' | 'info' | 'warn' | 'error') => (message: string, fields?: Parameters<Logger['info']>[1]) => {
      try {
        const answer: unknown = logger[level](message, fields)
        if (answer instanceof Promise) answer.catch(report)
      } catch (error) {
        report(error)
      }
    }
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child(fields) {
      try {
        return guarded(logger.child(fields))
      } catch (error) {
        report(error)
        return this
      }
    },
  }
}

let isReported = false

function report(error: unknown): void {
  if (isReported) return
  isReported = true
  const why = error instanceof Error ? error.message : String(error)
  process.emitWarning(`The logger that was given to rq failed, and lines are missing: ${why}`, {
    type: 'RqLoggerWarning',
    code: 'RQ_LOGGER',
  })
}
