import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import { invalidOption, RqError, show } from '@rq/core'
import type { Codec, PayloadPlace } from './codec.ts'

export interface AesCodecOptions {
  /**
   * Keys by their ids: 32 bytes each, or those bytes as base64 or hexadecimal text. An id is stored with all that its
   * key encrypts. Keep a key as long as anything that it encrypted is kept.
   */
  readonly keys: Readonly<Record<string, Uint8Array | string>>
  /** The id of the key that encrypts. The others only decrypt. */
  readonly active: string
}

const NAME = 'aes'
const CIPHER = 'aes-256-gcm'
const KEY_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16
/** The layout: version, length of the key's id, the id, nonce, tag, cipher text. */
const VERSION = 1
const HEADER_BYTES = 2
const KEY_ID = /^[A-Za-z0-9_.-]{1,64}$/
const HEX_KEY = /^[0-9a-f]{64}$/i
const BASE64_KEY = /^[A-Za-z0-9+/_-]{43}=?$/
const REFUSED = 'it was changed, it belongs to another job or field, or its key is not the one that encrypted it'

/**
 * Encrypts and authenticates with AES-256-GCM. The id of the job and the field are bound in: what is moved to another
 * job or field, or changed by a single bit, is refused. Lengths, job ids and names of functions in descriptions stay
 * readable. Each encryption takes a random nonce of 96 bits; change the key before it has encrypted four billion times.
 * @throws RqError `RQ_INVALID_OPTION`, which never shows a key.
 */
export function aesCodec(options: AesCodecOptions): Codec {
  const keys = readKeys(options?.keys)
  const { active } = options
  const key = keys.get(active)
  if (key === undefined) throw invalidOption('active', active, `the id of a key: ${[...keys.keys()].join(', ')}`)
  const header = headerOf(active)
  // The keys are in no property, so that neither inspect() nor JSON shows them.
  return Object.freeze({
    name: NAME,
    encode(bytes: Uint8Array, place: PayloadPlace): Uint8Array {
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES })
      cipher.setAAD(boundTo(active, place))
      const parts = [cipher.update(bytes), cipher.final()]
      return Buffer.concat([header, nonce, cipher.getAuthTag(), ...parts])
    },
    decode(bytes: Uint8Array, place: PayloadPlace): Uint8Array {
      const { keyId, nonce, tag, text } = split(bytes)
      const key = keys.get(keyId)
      if (key === undefined) throw new Error(`it needs the key ${show(keyId)}, which is not among the keys`)
      const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES })
      decipher.setAAD(boundTo(keyId, place))
      decipher.setAuthTag(tag)
      try {
        return Buffer.concat([decipher.update(text), decipher.final()])
      } catch {
        throw new Error(REFUSED)
      }
    },
  })
}

function headerOf(keyId: string): Buffer {
  return Buffer.concat([Buffer.of(VERSION, keyId.length), Buffer.from(keyId)])
}

/** @throws Error when the bytes cannot be split. */
function split(bytes: Uint8Array) {
  const [version, idBytes = 0] = bytes
  const nonceAt = HEADER_BYTES + idBytes
  const tagAt = nonceAt + NONCE_BYTES
  const textAt = tagAt + TAG_BYTES
  if (version !== VERSION || bytes.length < textAt) throw new Error(REFUSED)
  return {
    keyId: Buffer.from(bytes.subarray(HEADER_BYTES, nonceAt)).toString('latin1'),
    nonce: bytes.subarray(nonceAt, tagAt),
    tag: bytes.subarray(tagAt, textAt),
    text: bytes.subarray(textAt),
  }
}

/** What the tag vouches for besides the text. A job id may be any text, so the parts are written as JSON. */
function boundTo(keyId: string, { jobId, field }: PayloadPlace): Buffer {
  return Buffer.from(JSON.stringify(['rq', NAME, VERSION, keyId, jobId, field]))
}

function readKeys(keys: unknown): ReadonlyMap<string, KeyObject> {
  const expected = "an object of keys by their ids, such as { k1: '<base64>' }"
  if (typeof keys !== 'object' || keys === null || Array.isArray(keys)) throw invalidKeys('keys', expected)
  const entries = Object.entries(keys)
  if (entries.length === 0) throw invalidKeys('keys', expected)
  return new Map(entries.map(([id, key]) => [checkKeyId(id), readKey(id, key)]))
}

function checkKeyId(id: string): string {
  if (KEY_ID.test(id)) return id
  throw invalidKeys('keys', "ids of up to 64 letters, digits, '_', '.' and '-'")
}

function readKey(id: string, key: unknown): KeyObject {
  const bytes = typeof key === 'string' ? bytesOf(key) : key
  if (bytes instanceof Uint8Array && bytes.length === KEY_BYTES) return createSecretKey(bytes)
  const advice = 'A passphrase is no key. Make one with: openssl rand -base64 32'
  throw invalidKeys(`keys.${id}`, `${KEY_BYTES} bytes, or those bytes as base64 or hexadecimal text. ${advice}`)
}

function bytesOf(text: string): Uint8Array | undefined {
  if (HEX_KEY.test(text)) return Buffer.from(text, 'hex')
  return BASE64_KEY.test(text) ? Buffer.from(text, 'base64') : undefined
}

/** Without the value, which may be a key. */
function invalidKeys(option: string, expected: string): RqError {
  return new RqError('RQ_INVALID_OPTION', `Invalid ${option}: expected ${expected}`, { details: { option } })
}
