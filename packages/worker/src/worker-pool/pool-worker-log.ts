import { LOG_LEVELS, type LogFields, type Logger, type LogLevel } from '@rq/core'

/** An entry of a member's log on its way to the pool. */
interface LogMessage {
  readonly type: 'log'
  readonly level: LogLevel
  readonly message: string
  readonly fields: LogFields
}

/** The logger of a member of a pool: every entry goes to the pool through `tell`. Errors arrive as their stacks. */
export function memberLogger(tell: (message: LogMessage) => void, given: LogFields = {}): Logger {
  const at = (level: LogMessage['level']) => (message: string, fields?: LogFields) =>
    tell({ type: 'log', level, message, fields: portable({ ...given, ...fields }) })
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => memberLogger(tell, { ...given, ...fields }),
  }
}

/** Write what a member has told to the pool's own log, with the member's name. Other messages are left alone. */
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
