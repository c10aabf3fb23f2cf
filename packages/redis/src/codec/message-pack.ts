import { isAscii } from 'node:buffer'
import { RqError } from '@rq/core'
import type { ScriptArgument } from '../connection/script.ts'

/** A table for Lua. Names whose value is undefined are left out. */
export interface PackableTable {
  readonly [name: string]: ScriptArgument | boolean | readonly ScriptArgument[] | undefined
}

/** What an argument of a script can hold. Numbers become strings, as in every argument of a script. */
export type Packable = ScriptArgument | boolean | PackableTable

/** One character for each byte: a part of such a string costs no copy. */
const BYTES = 'latin1'

const TRUE = '\xc3'
const FALSE = '\xc2'
const STRING_16 = '\xda'
const STRING_32 = '\xdb'
const ARRAY_32 = '\xdd'
const MAP_16 = '\xde'
const SHORT_STRING = 0xa0
const LONGEST_SHORT = 31
const LONGEST_16 = 0xffff

/** A text or bytes of this length are copied once, into their place. */
const LARGE = 256 * 1024

/**
 * Pack a list into one argument, which Lua reads with `cmsgpack.unpack`: strings, booleans, lists and tables of
 * MessagePack.
 */
export function packList(list: readonly Packable[]): Buffer {
  let packed = ARRAY_32 + bytesOf32(list.length)
  let parts: (string | Uint8Array)[] | undefined
  for (const item of list) {
    if (typeof item === 'string' ? item.length < LARGE : !isLargeBytes(item)) {
      packed += typeof item === 'string' ? packString(item) : packOther(item)
    } else {
      parts ??= []
      parts.push(packed + headOf(Buffer.byteLength(item as string | Uint8Array)), item as string | Uint8Array)
      packed = ''
    }
  }
  return parts === undefined ? Buffer.from(packed, BYTES) : joinParts([...parts, packed])
}

function isLargeBytes(item: Packable): boolean {
  return item instanceof Uint8Array && item.length >= LARGE
}

/** @param parts - what is packed, and large texts or bytes that are not, in turn. */
function joinParts(parts: readonly (string | Uint8Array)[]): Buffer {
  const lengths = parts.map((part, at) => (at % 2 === 0 ? part.length : Buffer.byteLength(part)))
  const joined = Buffer.allocUnsafeSlow(lengths.reduce((sum, length) => sum + length, 0))
  let at = 0
  for (const [n, part] of parts.entries()) {
    if (typeof part !== 'string') joined.set(part, at)
    else joined.write(part, at, n % 2 === 0 ? BYTES : 'utf8')
    at += lengths[n] ?? 0
  }
  return joined
}

function packOther(item: Packable | readonly ScriptArgument[]): string {
  if (typeof item === 'boolean') return item ? TRUE : FALSE
  if (item instanceof Uint8Array) return packBytes(item)
  if (typeof item !== 'object') return packString(String(item))
  return isList(item) ? packItems(item) : packTable(item)
}

function isList(item: PackableTable | readonly ScriptArgument[]): item is readonly ScriptArgument[] {
  return Array.isArray(item)
}

function packItems(list: readonly ScriptArgument[]): string {
  return ARRAY_32 + bytesOf32(list.length) + list.map(packOther).join('')
}

function packTable(table: PackableTable): string {
  let packed = ''
  let count = 0
  for (const [name, value] of Object.entries(table)) {
    if (value === undefined) continue
    count += 1
    packed += packString(name) + packOther(value)
  }
  return MAP_16 + bytesOf16(count) + packed
}

function packString(text: string): string {
  // An ASCII string is its own UTF-8.
  const bytes = Buffer.byteLength(text) === text.length ? text : Buffer.from(text).toString(BYTES)
  return headOf(bytes.length) + bytes
}

function packBytes({ buffer, byteLength, byteOffset }: Uint8Array): string {
  return headOf(byteLength) + Buffer.from(buffer, byteOffset, byteLength).toString(BYTES)
}

/** The heads of short strings, by their length. */
const SHORT_HEADS = Array.from({ length: LONGEST_SHORT + 1 }, (_, length) => String.fromCharCode(SHORT_STRING | length))

function headOf(length: number): string {
  const short = SHORT_HEADS[length]
  if (short !== undefined) return short
  if (length <= LONGEST_16) return STRING_16 + bytesOf16(length)
  return STRING_32 + bytesOf32(length)
}

function bytesOf16(value: number): string {
  return String.fromCharCode(value >> 8, value & 0xff)
}

function bytesOf32(value: number): string {
  return String.fromCharCode(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff)
}

/** The error for bytes that no script of ours has packed. */
function unreadableReply(): RqError {
  return new RqError('RQ_REDIS', 'Redis answered with something else than a script of rq returns. Is there a proxy?')
}

/** Reads, one after the other, the strings of a list that Lua packed with `cmsgpack.pack`. */
export class PackedStrings {
  readonly #bytes: Buffer
  /** A part of an ASCII text costs no copy. Undefined for other bytes, and for many: the text would be one. */
  readonly #text: string | undefined
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
    this.#text = bytes.length < LARGE && isAscii(bytes) ? bytes.toString(BYTES) : undefined
    // The number of strings is not read: the end of the bytes says it. (Lua packs an empty table as an empty list.)
    this.#at = LIST_HEAD_LENGTHS.get(bytes[0] ?? 0) ?? 1
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length
  }

  /** The next one, as UTF-8. */
  string(): string {
    const end = this.#readHead()
    const start = this.#at
    this.#at = end
    return this.#text === undefined ? this.#bytes.toString('utf8', start, end) : this.#text.slice(start, end)
  }

  /** The next one: a view, not a copy. */
  bytes(): Buffer {
    const end = this.#readHead()
    const start = this.#at
    this.#at = end
    return this.#bytes.subarray(start, end)
  }

  /** The next one: as UTF-8 if `isText` says so of its first byte and its length, else a view. */
  stringIf(isText: (first: number, length: number) => boolean): string | Buffer {
    const end = this.#readHead()
    const start = this.#at
    this.#at = end
    if (start === end || !isText(this.#bytes[start] ?? 0, end - start)) return this.#bytes.subarray(start, end)
    return this.#text === undefined ? this.#bytes.toString('utf8', start, end) : this.#text.slice(start, end)
  }

  /** Move to where the next string begins. Returns where it ends. */
  #readHead(): number {
    const head = this.#bytes[this.#at++] ?? Number.NaN
    if (head >= SHORT_STRING && head <= (SHORT_STRING | LONGEST_SHORT)) return this.#endAfter(head & LONGEST_SHORT)
    const width = STRING_LENGTH_WIDTHS.get(head)
    if (width === undefined) throw unreadableReply()
    let length = 0
    for (let n = 0; n < width; n++) length = length * 256 + (this.#bytes[this.#at++] ?? Number.NaN)
    return this.#endAfter(length)
  }

  /** Where a string of this length ends. */
  #endAfter(length: number): number {
    const end = this.#at + length
    // Also false for NaN: the head itself was cut off.
    if (end <= this.#bytes.length) return end
    throw unreadableReply()
  }
}

/** Length of the head of a packed list, by its first byte; 1 for any other. */
const LIST_HEAD_LENGTHS: ReadonlyMap<number, number> = new Map([
  [0xdc, 3],
  [0xdd, 5],
])

/** How many bytes the length of a packed string takes, by its first byte. */
const STRING_LENGTH_WIDTHS: ReadonlyMap<number, number> = new Map([
  [0xd9, 1],
  [0xda, 2],
  [0xdb, 4],
])
