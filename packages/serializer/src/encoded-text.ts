/** What a codec has encoded, as it is stored. */
export interface Encoded {
  /** The name of the codec. */
  readonly codec: string
  readonly bytes: Uint8Array
}

/**
 * Begins a text of the form `rq-codec:<name>:<base64>`. No JSON begins with an `r`, nor does zlib (`x`), and Python's
 * pickle stops at it without running anything.
 */
const MARK = 'rq-codec:'
const FIRST = MARK.charCodeAt(0)

/** The text that is stored for encoded bytes. */
export function encodedText({ codec, bytes }: Encoded): string {
  return `${MARK}${codec}:${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')}`
}

/** Whether a stored payload is encoded. Costs next to nothing for one that is not. */
export function isEncoded(payload: string | Uint8Array): boolean {
  if (typeof payload === 'string') return payload.charCodeAt(0) === FIRST && payload.startsWith(MARK)
  return payload[0] === FIRST && Buffer.from(payload.subarray(0, MARK.length)).toString('latin1') === MARK
}

/** Read what {@link encodedText} wrote; undefined for anything else. */
export function readEncoded(payload: string | Uint8Array): Encoded | undefined {
  if (!isEncoded(payload)) return undefined
  const text = typeof payload === 'string' ? payload : Buffer.from(payload).toString('latin1')
  const nameEnd = text.indexOf(':', MARK.length)
  if (nameEnd === -1) return undefined
  const bytes = bytesOf(text.slice(nameEnd + 1))
  return bytes && { codec: text.slice(MARK.length, nameEnd), bytes }
}

/** Undefined for what is no base64. No regular expression, since the text may have many megabytes. */
function bytesOf(base64: string): Uint8Array | undefined {
  const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0
  const bytes = Buffer.from(base64, 'base64')
  // Buffer leaves out what it cannot read.
  return bytes.length === (base64.length / 4) * 3 - padding ? bytes : undefined
}
