import { randomFillSync } from 'node:crypto'
import { invalidOption, RqError } from './errors.ts'

const ID_BYTES = 16
const BLOCK = Buffer.allocUnsafe(ID_BYTES * 256)
let used = BLOCK.length

/** 128 random bits as 32 hex characters, cut from one block so that an id costs no system call. */
export function randomHex(): string {
  if (used === BLOCK.length) {
    randomFillSync(BLOCK)
    used = 0
  }
  const start = used
  used += ID_BYTES
  return BLOCK.toString('hex', start, used)
}

/** In the order of their codes, so that ids sort by time. */
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const RANDOM_DIGITS = 13
const TEXT_BLOCK = Buffer.allocUnsafe(RANDOM_DIGITS * 256)
let usedText = TEXT_BLOCK.length
let prefixMs = 0
let prefix = ''

/**
 * A new id for a job or worker: 20 letters and digits, of which the first 7 are the time in milliseconds, the others 77
 * random bits. Redis adds ids in order of time to its sorted sets in a third of the time of random ones, and in less
 * memory than UUIDs.
 */
export function newId(): string {
  if (usedText === TEXT_BLOCK.length) {
    randomFillSync(TEXT_BLOCK)
    for (let at = 0; at < TEXT_BLOCK.length; at++)
      TEXT_BLOCK[at] = DIGITS.charCodeAt((TEXT_BLOCK[at] ?? 0) % DIGITS.length)
    usedText = 0
  }
  const nowMs = Date.now()
  if (nowMs !== prefixMs) {
    prefixMs = nowMs
    prefix = inDigits(nowMs)
  }
  const start = usedText
  usedText += RANDOM_DIGITS
  return prefix + TEXT_BLOCK.toString('latin1', start, usedText)
}

function inDigits(value: number): string {
  let text = ''
  for (let rest = value; rest > 0; rest = Math.floor(rest / DIGITS.length))
    text = DIGITS.charAt(rest % DIGITS.length) + text
  return text
}

const ID = /^[A-Za-z0-9_-]{1,200}$/
const NAME = /^[\p{L}\p{M}\p{N}_.:@/#+ -]{1,200}$/u

/**
 * Check a job id. It must be one that RQ accepts: any other would stop a Python worker that loads the job. A colon
 * would also end the id in the members of `rq:wip`.
 * @throws RqError `RQ_INVALID_OPTION` naming `option`.
 */
export function checkId(value: unknown, option: string): string {
  if (typeof value === 'string' && ID.test(value)) return value
  throw invalidOption(option, value, `1 to 200 letters, digits, "_" or "-"${reasonFor(value)}`)
}

/** Why an id is refused that is well formed elsewhere, and one to use instead. */
function reasonFor(value: unknown): string {
  if (typeof value !== 'string' || value === '') return ''
  const other = value.replace(/[^A-Za-z0-9_-]+/g, '-').slice(0, 200)
  return ID.test(other) ? ` (such as "${other}"), since a Python worker stops at any other id` : ''
}

/**
 * Check a name or an id that is looked up. What is stored may have been named by others, by rules of their own.
 * @throws RqError `RQ_INVALID_OPTION` naming `option`, unless it is a string and not empty.
 */
export function checkKnownName(value: unknown, option: string): string {
  if (typeof value === 'string' && value !== '') return value
  throw invalidOption(option, value, 'a string that is not empty')
}

const URL_OF_SERVER = /^(?:rediss?|valkeys?|unix|https?):\/\//i

/**
 * Check the name of a queue, worker or group: no control characters, no separators of keys or lists, and no URL of a
 * server.
 * @throws RqError `RQ_INVALID_OPTION` naming `option`.
 */
export function checkName(value: unknown, option: string): string {
  if (typeof value === 'string' && URL_OF_SERVER.test(value)) {
    // Not repeated: it may hold a password.
    throw new RqError(
      'RQ_INVALID_OPTION',
      `Invalid ${option}: got a URL, expected a name. The address of Redis goes into the option connection.`,
      { details: { option } },
    )
  }
  if (typeof value === 'string' && NAME.test(value)) return value
  throw invalidOption(option, value, '1 to 200 letters, digits, spaces, or any of _ - . : @ / # +')
}
