import { isUtf8 } from 'node:buffer'
import { RqError, randomHex } from '@rq/core'
import { LONGEST_INTEGER } from './integer.ts'

// No library: a parser in JavaScript, such as json-bigint or lossless-json, would read every value of every job, for
// the few texts that `JSON.parse` cannot read or would round. Python's NaN and Infinity need a parser of their own
// anyway.

/** First byte of every pickle since protocol 2. */
const PICKLE = 0x80
/** The least number of digits that a number may not be able to hold. */
const LONG = 16
/** A whole token that `JSON.parse` refuses, or may round. */
const FOREIGN = /(?<![^\s,:[])(?:NaN|-?Infinity|-?[1-9]\d{15,})(?=[\s,\]}]|$)/g

/**
 * Decode stored bytes to a string. A string is returned as it is.
 * @throws RqError `RQ_DESERIALIZATION` when they are not UTF-8, a Python pickle for example.
 */
export function textOf(data: Uint8Array | string): string {
  if (typeof data === 'string') return data
  if (!(data instanceof Uint8Array)) throw unreadable('is neither bytes nor a string')
  if (data[0] === PICKLE) {
    throw unreadable('looks like a Python pickle; its producer should use JSONSerializer of RQ')
  }
  if (!isUtf8(data)) throw unreadable('is not UTF-8 text; producer and worker must use the same serializer')
  const buffer = Buffer.isBuffer(data) ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  return buffer.toString('utf8')
}

/**
 * Read JSON as Python writes it: standard JSON, and also the bare words `NaN`, `Infinity` and `-Infinity`.
 * An integer that a number cannot hold to the last digit becomes a BigInt; every other number stays a number.
 * @throws RqError `RQ_DESERIALIZATION`. The message never quotes the data.
 */
export function parseJson(text: string): unknown {
  if (hasLongInteger(text)) return parseForeign(text)
  try {
    return JSON.parse(text)
  } catch {
    return parseForeign(text)
  }
}

/**
 * `JSON.stringify` of a value that `snapshot` returned.
 * @throws RqError `RQ_SERIALIZATION` when the JSON would be longer than a JavaScript string can be.
 */
export function stringify(value: unknown): string {
  try {
    return JSON.stringify(value)
  } catch (cause) {
    throw new RqError('RQ_SERIALIZATION', 'Cannot serialize value: it is too large to be written as one string.', {
      cause,
    })
  }
}

/** The error for a stored value that cannot be read. `what` completes "Cannot read the stored value: it ...". */
export function unreadable(what: string): RqError {
  return new RqError('RQ_DESERIALIZATION', `Cannot read the stored value: it ${what}.`)
}

/**
 * Whether there may be an integer of `LONG` digits. It takes digits in strings for one too, which only costs time.
 * A run of `LONG` digits covers one of any `LONG` neighbouring places, so only one character in `LONG` is examined.
 */
function hasLongInteger(text: string): boolean {
  for (let i = LONG - 1; i < text.length; i += LONG) {
    if (!isDigit(text, i)) continue
    let start = i
    while (isDigit(text, start - 1)) start--
    while (isDigit(text, i + 1)) i++
    if (i - start >= LONG - 1 && text[start - 1] !== '.') return true
  }
  return false
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  return code >= 0x30 && code <= 0x39
}

function parseForeign(text: string): unknown {
  // Cannot be guessed, so that no string of the data is taken for a token.
  const mark = randomHex()
  const quoted = quoteForeignTokens(text, mark)
  try {
    if (quoted === text) return JSON.parse(text)
    return JSON.parse(quoted, (_key, value: unknown) =>
      typeof value === 'string' && value.startsWith(mark) ? foreignNumber(value.slice(mark.length)) : value,
    )
  } catch {
    throw unreadable(
      text === '' ? 'is empty' : 'is not JSON (or is damaged); producer and worker must use the same serializer',
    )
  }
}

/** The text with each foreign token outside its strings turned into a string that begins with `mark`. */
function quoteForeignTokens(text: string, mark: string): string {
  const parts: string[] = []
  let at = 0
  while (at < text.length) {
    const open = text.indexOf('"', at)
    const between = text.slice(at, open === -1 ? text.length : open)
    parts.push(between.replace(FOREIGN, (token) => (isExactNumber(token) ? token : `"${mark}${token}"`)))
    if (open === -1) break
    at = endOfString(text, open)
    parts.push(text.slice(open, at))
  }
  return parts.join('')
}

/** Whether JavaScript writes the number with these very digits: true of every integer that JavaScript wrote. */
const isExactNumber = (token: string): boolean => isInteger(token) && String(Number(token)) === token

const isInteger = (token: string): boolean => isDigit(token, token.length - 1)

function foreignNumber(token: string): number | bigint {
  if (!isInteger(token)) return Number(token)
  if (token.length > LONGEST_INTEGER) throw new RangeError('integer too long')
  return BigInt(token)
}

/** The index behind the quote that closes the string opened at `open`. */
function endOfString(text: string, open: number): number {
  let close = open
  do {
    close = text.indexOf('"', close + 1)
    if (close === -1) return text.length
  } while (isEscaped(text, close))
  return close + 1
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0
  while (text[at - 1 - backslashes] === '\\') backslashes++
  return backslashes % 2 === 1
}
