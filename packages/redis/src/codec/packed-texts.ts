import { isAscii } from 'node:buffer'
import type { ScriptArgument } from '../connection/script.ts'

/** Bytes as text with a character for each, and back: what is cut out of it costs no copy. */
const BYTES = 'latin1'

const ARRAY_32 = '\xdd'
const TEXT_16 = '\xda'
const TEXT_32 = '\xdb'
const SHORT_TEXT = 0xa0
const LONGEST_SHORT = 31
const LONGEST_16 = 0xffff

/** Packs a list of texts and bytes into one argument, which Lua reads with `cmsgpack.unpack` (MessagePack, texts only). */
export function packTexts(list: readonly ScriptArgument[]): Buffer {
  let packed = ARRAY_32 + bytesOf32(list.length)
  for (const item of list) {
    const text = typeof item === 'object' ? textOf(item) : asBytes(String(item))
    packed += headOf(text.length) + text
  }
  return Buffer.from(packed, BYTES)
}

function headOf(length: number): string {
  if (length <= LONGEST_SHORT) return String.fromCharCode(SHORT_TEXT | length)
  if (length <= LONGEST_16) return TEXT_16 + String.fromCharCode(length >> 8, length & 0xff)
  return TEXT_32 + bytesOf32(length)
}

function bytesOf32(value: number): string {
  return String.fromCharCode(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff)
}

/** A text whose characters are its bytes in UTF-8: itself, if it is ASCII. */
function asBytes(text: string): string {
  return Buffer.byteLength(text) === text.length ? text : Buffer.from(text).toString(BYTES)
}

function textOf({ buffer, byteLength, byteOffset }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString(BYTES)
}

/** Reads, one after the other, the texts that Lua packed with `cmsgpack.pack`. */
export class PackedTexts {
  readonly #bytes: Buffer
  readonly #text: string
  readonly #isAscii: boolean
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
    this.#text = bytes.toString(BYTES)
    this.#isAscii = isAscii(bytes)
    // Lua packs an empty table as an empty list; how many follow is told by the end.
    this.#at = LENGTHS_OF_LISTS.get(bytes[0] ?? 0) ?? 1
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#text.length
  }

  /** The next one, as UTF-8. */
  text(): string {
    const end = this.#begin()
    const start = this.#at
    this.#at = end
    return this.#isAscii ? this.#text.slice(start, end) : this.#bytes.toString('utf8', start, end)
  }

  /** The next one: a view, not a copy. */
  bytes(): Buffer {
    const end = this.#begin()
    const start = this.#at
    this.#at = end
    return this.#bytes.subarray(start, end)
  }

  /** The first byte of the next one; undefined when it is empty. */
  get firstByte(): number | undefined {
    const at = this.#at
    const end = this.#begin()
    const first = end > this.#at ? this.#text.charCodeAt(this.#at) : undefined
    this.#at = at
    return first
  }

  /** Go to where the next one begins, and tell where it ends. */
  #begin(): number {
    const head = this.#text.charCodeAt(this.#at++)
    if (head >= SHORT_TEXT && head <= (SHORT_TEXT | LONGEST_SHORT)) return this.#at + (head & LONGEST_SHORT)
    const width = WIDTHS_OF_LENGTHS.get(head)
    if (width === undefined) throw new Error(`Not a packed text: it begins with ${head}.`)
    let length = 0
    for (let n = 0; n < width; n++) length = length * 256 + this.#text.charCodeAt(this.#at++)
    return this.#at + length
  }
}

/** By the first byte of a packed list: how long its head is, unless that is one byte. */
const LENGTHS_OF_LISTS: ReadonlyMap<number, number> = new Map([
  [0xdc, 3],
  [0xdd, 5],
])

/** By the first byte of a packed text: how many bytes its length takes. */
const WIDTHS_OF_LENGTHS: ReadonlyMap<number, number> = new Map([
  [0xd9, 1],
  [0xda, 2],
  [0xdb, 4],
])
