import { LOG_LEVELS, type LogFields, type Logger, type LogLevel } from '@rq/core'
import { OF_SETTINGS } from '../worker-log.ts'

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

/** Writes the entries of the workers of a pool to its own log. */
export class PoolLog {
  readonly #logger: Logger
  /** Warnings about settings that were written. The workers of a pool share their settings. */
  readonly #ofSettings = new Set<string>()

  constructor(logger: Logger) {
    this.#logger = logger
  }

  /** Write an entry, with the worker's name; of a warning about settings only the first. Ignores other messages. */
  relay(message: unknown, worker: string): void {
    if (!isLogMessage(message)) return
    const { fields, level, message: text } = message
    if (fields.concerns === OF_SETTINGS.concerns) {
      if (this.#ofSettings.has(text)) return
      this.#ofSettings.add(text)
    }
    this.#logger[level](text, { ...fields, worker })
  }
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
