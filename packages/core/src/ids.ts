import { randomFillSync } from 'node:crypto'
import { invalidOption } from './errors.ts'

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

/** A random UUIDv4 in its 36-character form: the default job id, as in RQ. */
export function randomUuid(): string {
  const hex = randomHex()
  const variant = ((Number.parseInt(hex[16] ?? '0', 16) & 0x3) | 0x8).toString(16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`
}

const ID = /^[A-Za-z0-9_-]{1,200}$/
const NAME = /^[\p{L}\p{N}_.:@/#+ -]{1,200}$/u

/**
 * A job id as RQ's readers accept it; anything else would stop a Python worker at load (wire page 5.1).
 * @throws RqError `RQ_INVALID_OPTION` naming `option`.
 */
export function checkId(value: unknown, option: string): string {
  if (typeof value === 'string' && ID.test(value)) return value
  throw invalidOption(option, value, '1 to 200 letters, digits, "_" or "-"')
}

/**
 * A queue, worker or group name: no control characters, no separators of keys or lists.
 * @throws RqError `RQ_INVALID_OPTION` naming `option`.
 */
export function checkName(value: unknown, option: string): string {
  if (typeof value === 'string' && NAME.test(value)) return value
  throw invalidOption(option, value, '1 to 200 letters, digits, spaces, or any of _ - . : @ / # +')
}
