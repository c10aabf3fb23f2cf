import { createSecretKey, type KeyObject } from 'node:crypto'
import { invalidOption, RqError } from '@rq/core'

/** Secret keys by their ids. A key is at least 32 bytes, or their base64: `openssl rand -base64 32`. */
export type SigningKeys = Readonly<Record<string, Uint8Array | string>>

/** HMAC-SHA256 is as strong as its key, up to this length. */
const SHORTEST_KEY_BYTES = 32
const KEY_ID = /^[A-Za-z0-9_-]{1,64}$/
const BASE64 = /^[A-Za-z0-9+/_-]+={0,2}$/

/**
 * Read keys into objects that show nothing of them when they are printed.
 * @param option - the name of the option, for the error.
 * @throws RqError `RQ_INVALID_OPTION`, which shows no key.
 */
export function readKeys(keys: SigningKeys, option: string): ReadonlyMap<string, KeyObject> {
  if (typeof keys !== 'object' || keys === null || Object.keys(keys).length === 0) {
    throw invalidOption(option, keys, 'an object with at least one key, by its id')
  }
  return new Map(
    Object.entries(keys).map(([id, key]) => {
      if (!KEY_ID.test(id)) throw invalidOption(`${option}: the id of a key`, id, 'up to 64 letters, digits, _ and -')
      const bytes = bytesOf(key)
      if (bytes === undefined || bytes.length < SHORTEST_KEY_BYTES) throw wrongKey(`${option}.${id}`)
      return [id, createSecretKey(bytes)]
    }),
  )
}

/** The same keys as text that survives `JSON.stringify`, for another process. @throws as {@link readKeys}. */
export function portableKeys(keys: SigningKeys, option: string): Readonly<Record<string, string>> {
  return Object.fromEntries([...readKeys(keys, option)].map(([id, key]) => [id, key.export().toString('base64')]))
}

function bytesOf(key: unknown): Uint8Array | undefined {
  if (key instanceof Uint8Array) return key
  return typeof key === 'string' && BASE64.test(key) ? Buffer.from(key, 'base64') : undefined
}

function wrongKey(option: string): RqError {
  return new RqError(
    'RQ_INVALID_OPTION',
    `Invalid ${option}: expected at least ${SHORTEST_KEY_BYTES} bytes, or their base64. ` +
      'Make one with: openssl rand -base64 32',
    { details: { option } },
  )
}
