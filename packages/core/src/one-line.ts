import { type Logger, silentLogger } from './logger.ts'

/**
 * Characters that may end a line or move a cursor: C0 and C1 controls, DEL, marks that change the direction of writing,
 * line and paragraph separators, and halves of surrogate pairs.
 */
const UNSAFE = /[\p{Cc}\p{Bidi_Control}\u2028\u2029\ufeff\p{Cs}]/gu

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/**
 * Text from a store or a user, made safe for one line: every control character becomes an escape (`\x1b`, `\u202e`), so
 * that stored text cannot clear a screen, forge lines or change the reading direction.
 */
export function oneLine(text: string): string {
  return text.replace(UNSAFE, escapeOf)
}

/** A logger whose messages are {@link oneLine} each: they hold names and ids of the store. Fields stay as they are. */
export function oneLineLogger(logger: Logger): Logger {
  if (logger === silentLogger) return logger
  return {
    debug: (message, fields) => logger.debug(oneLine(message), fields),
    info: (message, fields) => logger.info(oneLine(message), fields),
    warn: (message, fields) => logger.warn(oneLine(message), fields),
    error: (message, fields) => logger.error(oneLine(message), fields),
    child: (fields) => oneLineLogger(logger.child(fields)),
  }
}

/** The escape of one character: `\n`, `\x1b` or `\u202e`. */
export function escapeOf(character: string): string {
  const code = character.charCodeAt(0)
  return SHORT[character] ?? (code > 0xff ? `\\u${hex(code, 4)}` : `\\x${hex(code, 2)}`)
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0')
}
