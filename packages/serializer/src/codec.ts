import { invalidOption } from '@rq/core'

/**
 * What the bytes are: the call of a job (function and arguments), a return value, meta, the text of an error, or a
 * message of a running job.
 */
export type PayloadField = 'data' | 'result' | 'meta' | 'error' | 'message'

/** The place of bytes in Redis. A codec can bind them to it, so that they are refused at any other. */
export interface PayloadPlace {
  readonly jobId: string
  readonly field: PayloadField
}

/**
 * Changes what a serializer has written before it is stored, and back: to encrypt or to compress it. It runs in
 * producers and in work horses, never in the process of a worker that has horses of its own. Both functions may be
 * async.
 */
export interface Codec {
  /**
   * Stored with all that it encodes, so that a reader knows what it needs: up to 40 lower-case letters, digits and
   * dashes.
   */
  readonly name: string
  /** @throws when the bytes cannot be encoded; then they are not stored. */
  encode(bytes: Uint8Array, place: PayloadPlace): Uint8Array | Promise<Uint8Array>
  /** @throws when the bytes cannot be decoded. They may come from anyone who can write to Redis. */
  decode(bytes: Uint8Array, place: PayloadPlace): Uint8Array | Promise<Uint8Array>
}

const NAME = /^[a-z0-9-]{1,40}$/

/** Whether a codec may have this name. */
export function isCodecName(name: string): boolean {
  return NAME.test(name)
}

/** Check the option `codec`. @throws RqError `RQ_INVALID_OPTION`. */
export function checkCodec(value: unknown): Codec {
  if (isCodec(value)) return value
  const expected = 'an object with a name (lower-case letters, digits, dashes), encode() and decode()'
  throw invalidOption('codec', value, expected)
}

/** Whether a value is a {@link Codec}. Never throws. */
function isCodec(value: unknown): value is Codec {
  try {
    if (typeof value !== 'object' || value === null) return false
    const { name, encode, decode } = value as Partial<Codec>
    return typeof name === 'string' && isCodecName(name) && typeof encode === 'function' && typeof decode === 'function'
  } catch {
    return false
  }
}
