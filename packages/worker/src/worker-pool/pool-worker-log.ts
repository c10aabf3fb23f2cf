import { LOG_LEVELS, type LogFields, type Logger, type LogLevel } from '@rq/core'

/** A log entry of a pool worker on its way to the pool. */
interface LogMessage {
  readonly type: 'log'
  readonly level: LogLevel
  readonly message: string
  readonly fields: LogFields
}

/** The logger of a pool worker. It sends every entry to the pool; errors as their stacks. */
export function poolWorkerLogger(send: (message: LogMessage) => void, given: LogFields = {}): Logger {
  const at = (level: LogMessage['level']) => (message: string, fields?: LogFields) =>
    send({ type: 'log', level, message, fields: portable({ ...given, ...fields }) })
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => poolWorkerLogger(send, { ...given, ...fields }),
  }
}

/** Write an entry of a pool worker to the pool's own log, with the worker's name. Ignores other messages. */
export function relayLog(message: unknown, worker: string, logger: Logger): void {
  if (!isLogMessage(message)) return
  logger[message.level](message.message, { ...message.fields, worker })
}

function isLogMessage(message: unknown): message is LogMessage {
  if (typeof message !== 'object' || message === null || !('type' in message) || message.type !== 'log') return false
  const { level, message: text } = message as Partial<LogMessage>
  return typeof text === 'string' && LOG_LEVELS.some((one) => one === level)
}

function portable(fields: LogFields): LogFields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => {
      if (value instanceof Error) return [name, value.stack ?? value.message]
      return [name, typeof value === 'bigint' ? String(value) : value]
    }),
  )
}
