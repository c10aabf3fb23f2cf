import { invalidOption } from './errors.ts'
import { guarded } from './guarded-logger.ts'
import { LOG_LEVELS, type LogFields, type Logger, type LogLevel } from './logger.ts'
import { oneLineLogger } from './one-line.ts'

/**
 * What can be given as a logger: a {@link Logger}, `console`, or a logger of winston or pino. Each takes a message and
 * then fields, but for pino, which wants the fields first: it is recognised. What it throws loses that line and nothing
 * else; Node.js prints one warning.
 */
export interface LoggerLike {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
  child?(fields: LogFields): LoggerLike
}

/** A logger of pino, as far as it is used. */
type Pino = Readonly<Record<LogLevel, (first: LogFields | string, message?: string) => void>> & {
  child(fields: LogFields): Pino
}

/**
 * The logger that was given, with messages of one line each.
 * @throws RqError `RQ_INVALID_OPTION` for what is no logger.
 */
export function loggerOf(given: LoggerLike, option = 'logger'): Logger {
  if (!isLogger(given)) throw invalidOption(option, given, 'a logger with debug(), info(), warn() and error()')
  return oneLineLogger(guarded(isPino(given) ? pinoLogger(given) : withChild(given, {})))
}

function isLogger(value: unknown): value is LoggerLike {
  if (typeof value !== 'object' || value === null) return false
  return LOG_LEVELS.every((level) => typeof Reflect.get(value, level) === 'function')
}

/** Other loggers have no such method. */
function isPino(logger: object): logger is Pino {
  return 'bindings' in logger && typeof logger.bindings === 'function' && 'child' in logger
}

function pinoLogger(pino: Pino): Logger {
  const at = (level: LogLevel) => (message: string, fields?: LogFields) => {
    if (fields === undefined) pino[level](message)
    else pino[level](withErr(fields), message)
  }
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => pinoLogger(pino.child(fields)),
  }
}

/** Pino writes the stack of an error only if it is in `err`. */
function withErr({ error, ...fields }: LogFields): LogFields {
  if (error === undefined) return fields
  return error instanceof Error ? { ...fields, err: error } : { ...fields, error }
}

/** The silent logger, and others with children, stay themselves. */
function withChild(logger: LoggerLike, own: LogFields): Logger {
  if (typeof logger.child === 'function') return logger as Logger
  const at = (level: LogLevel) => (message: string, fields?: LogFields) => {
    const all = { ...own, ...fields }
    // What an async method returns may reject.
    return Object.keys(all).length === 0 ? logger[level](message) : logger[level](message, all)
  }
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => withChild(logger, { ...own, ...fields }),
  }
}
