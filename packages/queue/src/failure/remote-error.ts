import { errorName } from './error-text.ts'

/** The error of a job as its worker stored it. */
export interface RemoteError {
  /** Its class name. */
  readonly name: string
  readonly message: string
  /** Its `code`, such as `ECONNRESET`. */
  readonly code?: string | number
  /** Its own fields with plain values, and what its `details` have. */
  readonly details?: Readonly<Record<string, unknown>>
  /** The error with its stack and causes, as text. */
  readonly stack: string
}

type Stored = Omit<RemoteError, 'stack'>

const LONGEST_MESSAGE = 4000
const LONGEST_FIELD = 1000
const MOST_FIELDS = 50
const DEEPEST = 4
/** Characters of all fields together. */
const LONGEST_DETAILS = 8000
const NOT_A_FIELD: ReadonlySet<string> = new Set(['name', 'message', 'stack', 'code', 'cause', 'errors', 'details'])

/**
 * What a thrown error says of itself, as JSON: name, message, `code`, and as details its own fields that are texts,
 * numbers, truth values or null, with the plain data in its `details`. Other objects in its fields are left out, since
 * errors of HTTP clients hold whole requests. Undefined for what is no error. Never throws.
 */
export function remoteText(thrown: unknown): string | undefined {
  try {
    if (!(thrown instanceof Error)) return undefined
    const { code, message } = thrown as { code?: unknown; message: unknown }
    const details = detailsOf(thrown)
    const stored: Stored = {
      name: errorName(thrown),
      message: String(message).slice(0, LONGEST_MESSAGE),
      ...(isCode(code) && { code }),
      ...(Object.keys(details).length > 0 && { details }),
    }
    return JSON.stringify(stored)
  } catch {
    return undefined
  }
}

/**
 * The error of an attempt, from what was stored. Of attempts of other programs there is only the text, whose last line
 * has the class and the message.
 */
export function remoteOf(text: string, remote: string | undefined): RemoteError {
  const stored = remote === undefined ? undefined : parse(remote)
  return { ...(stored ?? summarized(text)), stack: text }
}

function detailsOf(error: Error): Record<string, unknown> {
  const found: Record<string, unknown> = {}
  let left = LONGEST_DETAILS
  const add = (key: string, value: unknown) => {
    const cost = value === undefined ? 0 : JSON.stringify(value).length + key.length
    if (value === undefined || cost > left || Object.keys(found).length >= MOST_FIELDS) return
    left -= cost
    found[key] = value
  }
  for (const key of Object.keys(error)) if (!NOT_A_FIELD.has(key)) add(key, scalar(read(error, key)))
  const details = plain(read(error, 'details'), 0)
  if (isRecord(details)) for (const [key, value] of Object.entries(details)) add(key, value)
  return found
}

/** A getter may throw. */
function read(error: object, key: string): unknown {
  try {
    return (error as Record<string, unknown>)[key]
  } catch {
    return undefined
  }
}

function scalar(value: unknown): unknown {
  if (typeof value === 'string') return value.slice(0, LONGEST_FIELD)
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value.toISOString()
  return typeof value === 'boolean' || value === null ? value : undefined
}

/** The plain data in a value; undefined for anything else, and for what lies too deep. */
function plain(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Date) return scalar(value)
  if (depth === DEEPEST) return undefined
  if (Array.isArray(value)) return value.slice(0, MOST_FIELDS).map((item) => plain(item, depth + 1) ?? null)
  const prototype = Object.getPrototypeOf(value)
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) return undefined
  const keys = Object.keys(value).slice(0, MOST_FIELDS)
  return Object.fromEntries(keys.map((key) => [key, plain(read(value, key), depth + 1)]))
}

function isCode(code: unknown): code is string | number {
  return (typeof code === 'string' && code.length <= LONGEST_FIELD) || Number.isFinite(code)
}

function parse(text: string): Stored | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (!isRecord(value) || typeof value.name !== 'string' || typeof value.message !== 'string') return undefined
    const { code, details, message, name } = value
    return { name, message, ...(isCode(code) && { code }), ...(isRecord(details) && { details }) }
  } catch {
    return undefined
  }
}

/** `RqError [RQ_TOO_LARGE]: it is too large`, `app.errors.NoUser: no such user`, `KeyError: 'a'`. */
const SUMMARY = /^([\p{L}_$][\p{L}\p{N}_$.]*)(?: \[([A-Z][A-Z0-9_]*)\])?(?:: ?(.*))?$/u

function summarized(text: string): Stored {
  const line = text.trimEnd().split('\n').at(-1)?.trim() ?? ''
  const [, name, code, message = ''] = SUMMARY.exec(line) ?? []
  if (name === undefined) return { name: 'Error', message: line }
  return { name, message, ...(code !== undefined && { code }) }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
