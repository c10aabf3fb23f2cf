import { constants } from 'node:buffer'
import { endianness } from 'node:os'
import { types } from 'node:util'

/** What holds bytes: a Buffer, any other typed array, a DataView or an ArrayBuffer. */
export type Binary = NodeJS.TypedArray | DataView | ArrayBuffer

/** How a {@link Binary} is written: its kind, and its bytes in base64, numbers in little-endian order. */
export type BinaryJson = readonly [kind: string, base64: string]

/**
 * The typed arrays that superjson itself can restore, from an array of numbers. That is how rq wrote them before it
 * wrote base64.
 */
export const TYPED_ARRAYS = {
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
} as const

interface View {
  readonly itemBytes: number
  over(bytes: ArrayBuffer): Binary
}

/** How to make each kind again. A Buffer is made in another way. */
const VIEWS: ReadonlyMap<string, View> = new Map([
  ['ArrayBuffer', { itemBytes: 1, over: (bytes) => bytes }],
  ['DataView', { itemBytes: 1, over: (bytes) => new DataView(bytes) }],
  ...[...Object.values(TYPED_ARRAYS), BigInt64Array, BigUint64Array, ...float16Array()].map((View): [string, View] => [
    View.name,
    { itemBytes: View.BYTES_PER_ELEMENT, over: (bytes) => new View(bytes) },
  ]),
])

/** Node.js 24 and later has it. */
function float16Array(): Float32ArrayConstructor[] {
  const { Float16Array } = globalThis as { Float16Array?: Float32ArrayConstructor }
  return Float16Array === undefined ? [] : [Float16Array]
}

const BUFFER = 'Buffer'
/** What a string has room for as base64, and some more text around it. */
export const MOST_BINARY_BYTES = Math.floor(constants.MAX_STRING_LENGTH / 4) * 3 - 1024
const IS_BIG_ENDIAN = endianness() === 'BE'
/** The getter returns the kind of a typed array, whatever a subclass says of itself. */
const kindOfTypedArray = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype),
  Symbol.toStringTag,
)?.get

export function isBinary(value: unknown): value is Binary {
  return ArrayBuffer.isView(value) || types.isArrayBuffer(value)
}

/**
 * The bytes themselves, not a copy. Of a view those that it shows, not all of its buffer.
 * @throws TypeError when they have moved to another thread.
 */
export function bytesOf(value: Binary): Buffer {
  return ArrayBuffer.isView(value) ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : Buffer.from(value)
}

export function writeBinary(value: Binary): BinaryJson {
  const kind = kindOf(value)
  const bytes = bytesOf(value)
  const itemBytes = VIEWS.get(kind)?.itemBytes ?? 1
  return [kind, (IS_BIG_ENDIAN ? swapped(Buffer.from(bytes), itemBytes) : bytes).toString('base64')]
}

/** Whether JSON is what {@link writeBinary} wrote, of a kind that this runtime has. */
export function isBinaryJson(json: unknown): json is BinaryJson {
  if (!Array.isArray(json) || json.length !== 2) return false
  const [kind, base64] = json
  if (typeof kind !== 'string' || typeof base64 !== 'string') return false
  const itemBytes = kind === BUFFER ? 1 : VIEWS.get(kind)?.itemBytes
  const length = byteLengthOf(base64)
  return itemBytes !== undefined && length % itemBytes === 0
}

/** @throws TypeError when the text is no base64. */
export function readBinary([kind, base64]: BinaryJson): Binary {
  const view = VIEWS.get(kind)
  if (view === undefined) return complete(Buffer.from(base64, 'base64'), base64)
  const memory = new ArrayBuffer(byteLengthOf(base64))
  const bytes = Buffer.from(memory)
  complete(bytes.subarray(0, bytes.write(base64, 'base64')), base64)
  if (IS_BIG_ENDIAN) swapped(bytes, view.itemBytes)
  return view.over(memory)
}

function kindOf(value: Binary): string {
  if (Buffer.isBuffer(value)) return BUFFER
  if (types.isTypedArray(value)) return kindOfTypedArray?.call(value)
  return types.isArrayBuffer(value) ? 'ArrayBuffer' : 'DataView'
}

/** The number of bytes that base64 text stands for; no integer when it cannot be base64. */
function byteLengthOf(base64: string): number {
  const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0
  return (base64.length / 4) * 3 - padding
}

/** Buffer leaves out what it cannot read, so fewer bytes than the text has room for are an error. */
function complete(bytes: Buffer, base64: string): Buffer {
  if (bytes.length !== byteLengthOf(base64)) throw new TypeError('not base64')
  return bytes
}

function swapped(bytes: Buffer, itemBytes: number): Buffer {
  if (itemBytes === 2) return bytes.swap16()
  if (itemBytes === 4) return bytes.swap32()
  return itemBytes === 8 ? bytes.swap64() : bytes
}
