import { types } from 'node:util'
import { RqError } from '@rq/core'
import { type Binary, bytesOf, isBinary, MOST_BINARY_BYTES } from './binary.ts'
import { MAX_DEPTH } from './depth.ts'
import { isWritableInteger, LONGEST_INTEGER } from './integer.ts'
import { isUnsafeKey, setOwn } from './keys.ts'
import { isPlain } from './plain.ts'
import { pathText, type Step } from './value-path.ts'

/** Which kinds of value may be written; see {@link snapshot}. */
export type Form = 'rich' | 'json'

export interface Snapshot {
  readonly value: unknown
  /** Whether it holds anything that JSON cannot. Never in the form `'json'`. */
  readonly rich: boolean
}

/**
 * A value that can be written in full: the value itself when it is plain JSON already, else a copy that is a tree of
 * fresh plain objects and arrays and, in the rich form, of the values named there.
 * Objects with a `toJSON` are replaced by what it returns, other class instances by their own enumerable properties.
 * A reference used twice becomes two copies.
 * - `'rich'` keeps Date, Map, Set, RegExp, URL, Error, typed arrays, DataView, ArrayBuffer, BigInt, `undefined`, `-0`,
 *   NaN and infinities.
 * - `'json'` refuses those, except Date and URL (a string), `-0` (0) and `undefined` properties (left out).
 * @throws RqError `RQ_SERIALIZATION` naming the place: functions, symbols, cycles, invalid dates, more than 500 levels,
 *   objects that hide their state (Promise, WeakMap, streams...), getters that throw.
 */
export function snapshot(value: unknown, form: Form): Snapshot {
  try {
    if (isPlain(value, form === 'json')) return { value, rich: false }
  } catch {
    // A getter or a Proxy threw. It throws for the copier again, which knows where it is.
  }
  const copier = new Copier(form)
  try {
    return { value: copier.copy(value), rich: copier.rich }
  } catch (error) {
    const where = pathText(value, copier.path)
    if (error instanceof Refusal) throw unwritable(where, error.message)
    throw unwritable(where, 'reading it threw an error', error)
  }
}

/** Why a value is refused. The message completes "Cannot serialize <place>: ...". */
class Refusal extends Error {}

function unwritable(where: string, why: string, cause?: unknown): RqError {
  return new RqError('RQ_SERIALIZATION', `Cannot serialize ${where}: ${why}.`, { details: { path: where }, cause })
}

function checkDate(date: Date): Date {
  if (Number.isNaN(date.getTime())) throw new Refusal('it is an invalid Date')
  return date
}

/**
 * Copying more would exhaust the memory before the JSON were too long for a string. A sparse array is soon that long.
 */
const MOST_VALUES = 5_000_000

class Copier {
  /** The path to the value that is being copied. An error leaves it as it is, so it names the place. */
  readonly path: Step[] = []
  rich = false
  readonly #form: Form
  readonly #ancestors = new Set<object>()
  #depth = 0
  #values = 0

  constructor(form: Form) {
    this.#form = form
  }

  copy(value: unknown): unknown {
    if (++this.#values > MOST_VALUES) throw new Refusal(`the value as a whole holds more than ${MOST_VALUES} values`)
    switch (typeof value) {
      case 'string':
      case 'boolean':
        return value
      case 'number':
        if (!Number.isFinite(value)) return this.#keep(value, `JSON has no ${value}`)
        return Object.is(value, -0) && this.#form === 'rich' ? this.#keep(value, '') : value
      case 'undefined':
        return this.#keep(value, 'JSON has no undefined here; use null')
      case 'bigint':
        if (!isWritableInteger(value)) throw new Refusal(`it is a BigInt of more than ${LONGEST_INTEGER} digits`)
        return this.#keep(value, 'JSON has no BigInt; pass a number or a string')
      case 'function':
        throw new Refusal('it is a function')
      case 'symbol':
        throw new Refusal('it is a symbol')
      case 'object':
        return value === null ? null : this.#copyObject(value)
    }
  }

  /** One step down and back up. `levels` is how much deeper the JSON gets. */
  #at(step: Step, value: unknown, levels = 1): unknown {
    this.path.push(step)
    this.#depth += levels
    const copy = this.copy(value)
    this.#depth -= levels
    this.path.pop()
    return copy
  }

  /** A property, whose getter may throw. */
  #read(from: object, key: string | number): unknown {
    this.path.push(key)
    const value = (from as Record<string | number, unknown>)[key]
    this.path.pop()
    return value
  }

  #keep<T>(value: T, refusal: string): T {
    if (this.#form === 'json') throw new Refusal(refusal)
    this.rich = true
    return value
  }

  #copyObject(value: object): unknown {
    if (this.#ancestors.has(value)) throw new Refusal('it refers back to an object that contains it')
    if (this.#depth >= MAX_DEPTH) throw new Refusal(`it is nested deeper than ${MAX_DEPTH} levels`)
    this.#ancestors.add(value)
    const copy = this.#form === 'rich' ? this.#copyRich(value) : this.#copyData(value)
    this.#ancestors.delete(value)
    return copy
  }

  #copyRich(value: object): unknown {
    const prototype = Object.getPrototypeOf(value)
    if (prototype === Object.prototype || prototype === Array.prototype) return this.#copyData(value)
    if (types.isDate(value)) return this.#keep(new Date(checkDate(value)), '')
    if (types.isRegExp(value)) return this.#keep(new RegExp(value.source, value.flags), '')
    if (types.isMap(value)) return this.#copyMap(this.#keep(value, ''))
    if (types.isSet(value)) return this.#copySet(this.#keep(value, ''))
    if (types.isNativeError(value) || value instanceof Error) return this.#copyError(this.#keep(value, ''))
    if (value instanceof URL) return this.#keep(new URL(value), '')
    if (isBinary(value)) return this.#checkBinary(this.#keep(value, ''))
    return this.#copyData(value)
  }

  #copyMap(map: ReadonlyMap<unknown, unknown>): Map<unknown, unknown> {
    const copy = new Map<unknown, unknown>()
    let i = 0
    for (const [key, value] of map) {
      const copiedKey = this.#at({ text: `.keys()[${i}]` }, key, 2)
      copy.set(copiedKey, this.#at({ text: `.values()[${i}]` }, value, 2))
      i++
    }
    if (copy.size !== map.size) throw new Refusal('two of its keys are written the same way')
    return copy
  }

  #copySet(set: ReadonlySet<unknown>): Set<unknown> {
    const copy = new Set<unknown>()
    let i = 0
    for (const value of set) copy.add(this.#at({ text: `.values()[${i++}]` }, value))
    return copy
  }

  /**
   * Copies name, message, stack, cause and the errors of an AggregateError. Other properties may be anything and are
   * left out.
   */
  #copyError(error: Error): Error {
    const copy: Record<string, unknown> = Object.create(Error.prototype)
    for (const field of ['name', 'message', 'stack'] as const) {
      setOwn(copy, field, String(this.#read(error, field) ?? ''))
    }
    if (Object.hasOwn(error, 'cause')) setOwn(copy, 'cause', this.#at('cause', error.cause))
    if (error instanceof AggregateError) setOwn(copy, 'errors', this.#at('errors', error.errors))
    return copy as unknown as Error
  }

  /** Not copied: it is written at once, and may have many megabytes. */
  #checkBinary(binary: Binary): Binary {
    if (bytesOf(binary).length > MOST_BINARY_BYTES) throw new Refusal('it has more bytes than one string can hold')
    return binary
  }

  #copyData(value: object): unknown {
    if (types.isDate(value)) checkDate(value)
    if ('toJSON' in value && typeof value.toJSON === 'function') {
      const data: unknown = value.toJSON('')
      if (data !== value) return this.copy(data)
    }
    if (Array.isArray(value)) return this.#copyArray(value)
    const kind = Object.prototype.toString.call(value).slice('[object '.length, -1)
    if (kind === 'Promise') throw new Refusal('it is a Promise; await it first')
    if (kind === 'SharedArrayBuffer') throw new Refusal('it is memory that threads share; pass a copy of its bytes')
    // An object with a tag of its own hides its state: its own properties would be only a part of it.
    if (kind !== 'Object') throw new Refusal(`it is of type ${kind}; pass plain data`)
    return this.#copyProperties(value)
  }

  #copyArray(array: readonly unknown[]): unknown[] {
    const copy: unknown[] = []
    for (let i = 0; i < array.length; i++) copy.push(this.#at(i, this.#read(array, i)))
    return copy
  }

  #copyProperties(value: object): object {
    const copy: Record<string, unknown> = {}
    const keys = Object.keys(value)
    // Superjson writes such an object as entries, two levels down.
    const levels = keys.some(isUnsafeKey) ? 2 : 1
    for (const key of keys) {
      const item = this.#read(value, key)
      if (item === undefined && this.#form === 'json') continue
      const copied = this.#at(key, item, levels)
      if (isUnsafeKey(key)) setOwn(copy, key, copied)
      else copy[key] = copied
    }
    return copy
  }
}
