import { isCodecName, type PayloadField } from './codec.ts'

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
/** Of meta the text is in quotes, a JSON string: Python RQ cannot even fetch a job whose meta is no JSON. */
const QUOTE = '"'

/** The text that is stored for encoded bytes. */
export function encodedText({ codec, bytes }: Encoded, field: PayloadField): string {
  const text = `${MARK}${codec}:${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')}`
  return field === 'meta' ? QUOTE + text + QUOTE : text
}

/** Whether a stored payload is encoded. Costs next to nothing for one that is not. */
export function isEncoded(payload: string | Uint8Array, field: PayloadField): boolean {
  const mark = field === 'meta' ? QUOTE + MARK : MARK
  if (typeof payload === 'string') return payload.startsWith(mark)
  return payload[0] === mark.charCodeAt(0) && latin1(payload.subarray(0, mark.length)) === mark
}

/** Read what {@link encodedText} wrote; undefined for anything else, also when it has the mark and is damaged. */
export function readEncoded(payload: string | Uint8Array, field: PayloadField): Encoded | undefined {
  if (!isEncoded(payload, field)) return undefined
  const stored = typeof payload === 'string' ? payload : latin1(payload)
  const text = field === 'meta' ? stored.slice(1, -1) : stored
  const nameEnd = text.indexOf(':', MARK.length)
  const codec = text.slice(MARK.length, nameEnd)
  if (nameEnd === -1 || !isCodecName(codec)) return undefined
  const bytes = bytesOf(text.slice(nameEnd + 1))
  return bytes && { codec, bytes }
}

/** Undefined for what is no base64. No regular expression, since the text may have many megabytes. */
function bytesOf(base64: string): Uint8Array | undefined {
  const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0
  const bytes = Buffer.from(base64, 'base64')
  // Buffer leaves out what it cannot read.
  return bytes.length === (base64.length / 4) * 3 - padding ? bytes : undefined
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}
