import { kMaxLength } from 'node:buffer'
import { constants, inflateSync } from 'node:zlib'
import { RqError } from '@rq/core'
import type { Payload } from './record.ts'

const ZLIB_FIRST_BYTE = 0x78
/** Deflate makes at most this much of one byte. */
const LARGEST_RATIO = 1032

/** Whether the first byte is that of zlib. Python RQ compresses payloads and texts; our serializers never begin so. */
export function isCompressed(data: Payload): boolean {
  return typeof data !== 'string' && data[0] === ZLIB_FIRST_BYTE
}

/**
 * Inflate a payload if it is compressed. Bytes that only look like zlib are returned as they are; RQ's reader does the
 * same. `what` names the payload in the error.
 * @param most - bytes that may come out.
 * @throws RqError `RQ_TOO_LARGE`, after no more than `most` bytes.
 */
export function inflatePayload(data: Payload, most: number, what: string): Payload {
  if (typeof data === 'string' || !isCompressed(data)) return data
  try {
    return inflateSync(data, { maxOutputLength: Math.min(most, kMaxLength) })
  } catch (error) {
    if (!isTooLarge(error)) return data
    throw new RqError(
      'RQ_TOO_LARGE',
      `Too large: ${what}, ${data.length} compressed bytes that inflate to more than the limit of ${most}. ` +
        'Better store the data elsewhere and pass its address, or raise limits.inflated.',
      { details: { limit: 'inflated', bytes: data.length, most } },
    )
  }
}

/**
 * Inflate a text if it is compressed. Of a text longer than `most` bytes the beginning is returned, with a note; never
 * throws.
 */
export function inflateText(bytes: Buffer, most: number): string {
  if (!isCompressed(bytes)) return bytes.toString()
  try {
    return inflateSync(bytes, { maxOutputLength: most }).toString()
  } catch (error) {
    return isTooLarge(error)
      ? `${beginningOf(bytes, most)}\n... (cut: it inflates to more than ${most} bytes)`
      : bytes.toString()
  }
}

/** The first bytes of a compressed text, at most `most`: tries twice as much each time. */
function beginningOf(bytes: Buffer, most: number): string {
  let beginning = ''
  for (let length = Math.ceil(most / LARGEST_RATIO); length < bytes.length; length *= 2) {
    try {
      const part = inflateSync(bytes.subarray(0, length), {
        maxOutputLength: most,
        finishFlush: constants.Z_SYNC_FLUSH,
      })
      // The last character may be incomplete.
      beginning = part.toString().replace(/\uFFFD$/, '')
    } catch {
      break
    }
  }
  return beginning
}

function isTooLarge(error: unknown): boolean {
  return error instanceof RangeError && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE'
}
