import { inspect } from 'node:util'
import { LONGEST_ERROR_BYTES } from '@rq/job'

const LONGEST_SUMMARY = 500
const LONGEST_NAME = 200
const DEEPEST_CAUSE = 10
const MOST_ERRORS = 10
const CODE = /^[A-Z][A-Z0-9_]{2,60}$/
const CODED: ReadonlySet<string> = new Set(['RqError', 'Error', 'TypeError', 'RangeError'])
/** Between an error and the one that was thrown while it was handled. */
export const DURING = '\nWhile this was handled, another error was thrown:\n'
/** Before the cause of an error. */
export const CAUSE = '[cause]: '
/** Bytes for the note that a text was cut. */
const ROOM_FOR_NOTE = 60

/**
 * Describe a thrown value for people: its stack, then its causes and the errors of an AggregateError, and as the last
 * line a summary (`TypeError: x is not a function`, `RqError [RQ_FUNCTION_NOT_FOUND]: ...`), the line that RQ's tools
 * show. Accepts anything and never throws. At most 64 KB: what is longer is cut, and a note says how much is left out.
 * @param handling - the text of an earlier error that was being handled; it comes first.
 */
export function errorText(error: unknown, handling?: string): string {
  const summary = summaryOf(error)
  const described = new Described()
  const own = describe(error, described, 0)
  const body =
    handling === undefined ? own : `${described.beginning(handling, LONGEST_ERROR_BYTES / 2)}\n${DURING}\n${own}`
  if (body === summary) return summary
  const room = LONGEST_ERROR_BYTES - Buffer.byteLength(summary) - ROOM_FOR_NOTE
  return `${cutBytes(body, room, described.leftOut)}\n${summary}`
}

/** The class name of an error; for other thrown values their type. Never throws. */
export function errorName(error: unknown): string {
  if (!isErrorLike(error)) return typeOf(error)
  return shownName(peek(error, 'name')) || shownName(peek(peek(error, 'constructor'), 'name')) || 'Error'
}

/**
 * The message of an error on one line, at most 500 characters; for other thrown values what they are. Never throws.
 */
export function errorMessage(error: unknown): string {
  if (!isErrorLike(error)) return summaryOf(error)
  const message = peek(error, 'message')
  return typeof message === 'string' ? oneLine(message, LONGEST_SUMMARY) : ''
}

/** Empty for what is no name. */
function shownName(name: unknown): string {
  return typeof name === 'string' ? oneLine(name, LONGEST_NAME) : ''
}

function summaryOf(error: unknown): string {
  if (!isErrorLike(error)) return oneLine(`Thrown ${typeOf(error)}: ${render(error)}`, LONGEST_SUMMARY)
  const message = peek(error, 'message')
  const text = typeof message === 'string' ? message : ''
  const name = errorName(error)
  const code = peek(error, 'code')
  // People search for codes. A class of its own says as much, and many messages contain theirs.
  const shown =
    typeof code === 'string' && CODED.has(name) && CODE.test(code) && !text.includes(code) ? ` [${code}]` : ''
  return oneLine(text === '' ? `${name}${shown}` : `${name}${shown}: ${text}`, LONGEST_SUMMARY)
}

/** What was described so far. */
class Described {
  readonly errors = new Set<unknown>()
  /** How many characters were left out, since they would be cut anyway. */
  leftOut = 0

  beginning(text: string, most: number): string {
    this.leftOut += Math.max(0, text.length - most)
    return text.slice(0, most)
  }
}

function describe(error: unknown, described: Described, depth: number): string {
  if (!isErrorLike(error)) return summaryOf(error)
  if (described.errors.has(error)) return `${summaryOf(error)} (seen above)`
  described.errors.add(error)
  const parts = [stackOf(error, described)]
  if (depth < DEEPEST_CAUSE) {
    const errors = peek(error, 'errors')
    if (isArray(errors)) {
      for (let index = 0; index < Math.min(Number(peek(errors, 'length')) || 0, MOST_ERRORS); index++) {
        parts.push(indent(`[errors ${index}]: ${describe(peek(errors, index), described, depth + 1)}`))
      }
    }
    const cause = peek(error, 'cause')
    if (cause !== undefined && cause !== null) parts.push(`${CAUSE}${describe(cause, described, depth + 1)}`)
  }
  return parts.join('\n')
}

/** The stack, preceded by the summary where the stack lacks the message (it was changed, or never captured). */
function stackOf(error: unknown, described: Described): string {
  const summary = summaryOf(error)
  const stack = peek(error, 'stack')
  if (typeof stack !== 'string' || stack === '') return summary
  const text = described.beginning(stack, LONGEST_ERROR_BYTES).trimEnd()
  const message = peek(error, 'message')
  if (typeof message !== 'string' || text.includes(message.slice(0, LONGEST_SUMMARY))) return text
  return `${summary}\n${text}`
}

function isErrorLike(value: unknown): value is object {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false
  try {
    if (value instanceof Error) return true
  } catch {
    return false
  }
  return (
    typeof value === 'object' && typeof peek(value, 'message') === 'string' && typeof peek(value, 'stack') === 'string'
  )
}

/** Read a property of anything; undefined when a getter or a trap throws. */
function peek(value: unknown, key: string | number): unknown {
  if (value === null || value === undefined) return undefined
  try {
    return (value as Record<string | number, unknown>)[key]
  } catch {
    return undefined
  }
}

function isArray(value: unknown): boolean {
  try {
    return Array.isArray(value)
  } catch {
    return false
  }
}

function typeOf(value: unknown): string {
  return value === null ? 'null' : typeof value
}

/** A short rendering that runs no code of the value: no getters, no traps, no custom inspection. */
function render(value: unknown): string {
  try {
    if (typeof value === 'string') return value.slice(0, LONGEST_SUMMARY)
    return inspect(value, {
      depth: 2,
      breakLength: Number.POSITIVE_INFINITY,
      maxArrayLength: 10,
      maxStringLength: 200,
      customInspect: false,
      getters: false,
      showProxy: true,
    })
  } catch {
    return 'a value that cannot be shown'
  }
}

function oneLine(text: string, longest: number): string {
  const line = text
    .slice(0, longest + 1)
    .replace(/\s+/g, ' ')
    .trim()
  return line.length > longest ? `${line.slice(0, longest)}...` : line
}

function indent(text: string): string {
  return text.replaceAll('\n', '\n    ')
}

/**
 * Cut to at most `most` bytes of UTF-8, at a whole character, with a note. `leftOut`: how many characters the text
 * lacks already.
 */
function cutBytes(text: string, most: number, leftOut: number): string {
  const bytes = Buffer.from(text.slice(0, most + 1))
  if (bytes.length <= most) return bytes.toString()
  let end = most
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--
  const kept = bytes.toString('utf8', 0, end)
  return `${kept}\n    ... (cut: ${text.length - kept.length + leftOut} characters left out)`
}
