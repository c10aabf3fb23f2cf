import { deepStrictEqual } from 'node:assert/strict'
import fc from 'fast-check'
import { SuperJSON } from 'superjson'
import { describe, expect, it } from 'vitest'
import { plainValue } from '../test/arbitraries.ts'
import { HARMLESS, REFUSED } from '../test/hostile.ts'
import { returnsRichValues, survivesAnnotations } from '../test/random.ts'
import { superjsonSerializer } from './superjson.ts'

const { dumps, loads } = superjsonSerializer
const roundTrip = (value: unknown): unknown => loads(Buffer.from(dumps(value)))
const refusal = expect.objectContaining({ code: 'RQ_SERIALIZATION' })

describe('superjsonSerializer', () => {
  it('writes plain JSON values as JSON.stringify does', () => {
    fc.assert(
      fc.property(plainValue, (value) => {
        fc.pre(!looksLikeEnvelope(value))
        const text = dumps(value)
        expect(text).toBe(JSON.stringify(value))
        deepStrictEqual(loads(text), JSON.parse(text))
        deepStrictEqual(loads(Buffer.from(text)), JSON.parse(text))
      }),
    )
  })

  it('reads every rich value as it was written', () => returnsRichValues(50))

  it('writes what superjson itself reads', () => {
    const value = {
      date: new Date(0),
      map: new Map<unknown, unknown>([['a', new Set([1n, 1n, Number.NaN])]]),
      list: [undefined, -0, Number.POSITIVE_INFINITY, /x/g, new URL('http://a.b/')],
      'a.b': { '\\': undefined },
    }
    expect(SuperJSON.parse(dumps(value))).toStrictEqual(value)
    expect(SuperJSON.parse(dumps({ json: 1, meta: { v: 1 } }))).toStrictEqual({ json: 1, meta: { v: 1 } })
  })

  it('wraps only those plain values that would be taken for an envelope', () => {
    const lookalikes: unknown[] = [
      { json: null, meta: { v: 1 } },
      { meta: { v: 1, values: ['undefined'] }, json: null },
      { json: { json: 1, meta: { v: 1 } }, meta: { v: 1, values: {}, constructor: 1 } },
    ]
    for (const value of lookalikes) {
      expect(dumps(value)).not.toBe(JSON.stringify(value))
      deepStrictEqual(roundTrip(value), value)
    }
    for (const value of [
      { json: 1 },
      { json: 1, meta: {} },
      { json: 1, meta: { v: 2 } },
      { json: 1, meta: { v: 1 }, a: 1 },
    ]) {
      expect(dumps(value)).toBe(JSON.stringify(value))
      expect(roundTrip(value)).toStrictEqual(value)
    }
  })

  it('keeps undefined at the top, in arrays, in objects and in holes', () => {
    expect(roundTrip(undefined)).toBeUndefined()
    expect(roundTrip([undefined, 1])).toStrictEqual([undefined, 1])
    expect(roundTrip({ a: undefined })).toStrictEqual({ a: undefined })
    // biome-ignore lint/suspicious/noSparseArray: the case at hand
    expect(roundTrip([1, , 2])).toStrictEqual([1, undefined, 2])
  })

  it('reads errors as Error with name, message, stack and cause, and nothing else', () => {
    class PaymentError extends TypeError {
      override name = 'PaymentError'
      request = () => 'not data'
    }
    const error = new PaymentError('declined', { cause: new RangeError('limit', { cause: { at: new Date(0) } }) })
    const back = roundTrip({ error }) as { error: Error }
    expect(back.error).toBeInstanceOf(Error)
    expect(Object.getPrototypeOf(back.error)).toBe(Error.prototype)
    expect(back.error).toMatchObject({ name: 'PaymentError', message: 'declined', stack: error.stack })
    expect(back.error.cause).toMatchObject({ name: 'RangeError', message: 'limit', cause: { at: new Date(0) } })
    expect(Object.keys(back.error)).toEqual([])
    expect(back.error).not.toHaveProperty('request')
    expect(Object.hasOwn(roundTrip(new Error('x')) as Error, 'cause')).toBe(false)
    expect(Object.hasOwn(roundTrip(new Error('x', { cause: undefined })) as Error, 'cause')).toBe(true)
  })

  it('keeps the errors of an AggregateError', () => {
    const back = roundTrip(new AggregateError([new Error('one'), 'two'], 'both')) as AggregateError
    expect(back).toMatchObject({ name: 'AggregateError', message: 'both' })
    expect(back.errors).toEqual([new Error('one'), 'two'])
  })

  it('reads class instances as plain data', () => {
    class Point {
      x = 1
      readonly at = new Date(0)
      #hidden = 2
      get sum(): number {
        return this.x + this.#hidden
      }
    }
    expect(roundTrip(new Point())).toStrictEqual({ x: 1, at: new Date(0) })
    expect(dumps(new (class Empty {})())).toBe('{}')
    expect(roundTrip(Object.assign(Object.create(null), { a: 1 }))).toStrictEqual({ a: 1 })
    expect(roundTrip(Object.freeze({ a: Object.freeze([1n]) }))).toStrictEqual({ a: [1n] })
  })

  it('writes what toJSON returns, once', () => {
    expect(dumps({ toJSON: () => ({ id: 7 }) })).toBe('{"id":7}')
    expect(roundTrip([{ toJSON: () => new Date(0) }])).toStrictEqual([new Date(0)])
    const itself = {
      a: 1,
      toJSON(): unknown {
        return this
      },
    }
    expect(() => dumps([itself])).toThrow('Cannot serialize value[0].toJSON: it is a function.')
    expect(() => dumps({ toJSON: () => () => 1 })).toThrow(refusal)
  })

  it('reads what holds bytes as what it was, alone and within other values', () => {
    const memory = Uint8Array.of(9, 1, 2, 3, 4, 5, 6, 7, 8, 9).buffer
    const values = [
      Buffer.from('naïve'),
      Buffer.alloc(0),
      Buffer.from(memory, 1, 3),
      new Uint8Array(memory, 1, 3),
      Uint8ClampedArray.of(0, 255),
      Int8Array.of(-128, 127),
      Int16Array.of(-1, 2),
      Uint16Array.of(65535),
      Int32Array.of(-1, 2),
      Uint32Array.of(2 ** 32 - 1),
      Float32Array.of(0.5, -0, Number.NaN, Number.NEGATIVE_INFINITY),
      Float64Array.of(0.1, -0, Number.NaN, Number.POSITIVE_INFINITY),
      BigInt64Array.of(-(2n ** 63n)),
      BigUint64Array.of(2n ** 64n - 1n),
      memory,
      new ArrayBuffer(0),
      new DataView(memory, 2, 5),
    ]
    for (const value of values) {
      const back = roundTrip(value) as object
      deepStrictEqual(back, value)
      expect(Buffer.isBuffer(back)).toBe(Buffer.isBuffer(value))
    }
    const { list, map, set } = roundTrip({
      list: [values],
      map: new Map([['a', values[0]]]),
      set: new Set([memory]),
    }) as {
      list: unknown
      map: unknown
      set: unknown
    }
    deepStrictEqual({ list, map, set }, { list: [values], map: new Map([['a', values[0]]]), set: new Set([memory]) })
  })

  it('writes bytes as base64, numbers in little-endian order', () => {
    expect(dumps({ a: Buffer.from('hi') })).toBe(
      '{"json":{"a":["Buffer","aGk="]},"meta":{"values":{"a":[["custom","binary"]]},"v":1}}',
    )
    expect(JSON.parse(dumps(Uint16Array.of(1, 256))).json).toEqual(['Uint16Array', 'AQAAAQ=='])
    expect(dumps(Buffer.alloc(30_000)).length).toBeLessThan(41_000)
  })

  it('reads the arrays of numbers that older versions wrote', () => {
    const old = '{"json":{"a":[1,2,255]},"meta":{"values":{"a":[["typed-array","Uint8Array"]]},"v":1}}'
    expect(loads(old)).toStrictEqual({ a: Uint8Array.of(1, 2, 255) })
    const floats = '{"json":[0.5,-1],"meta":{"values":[["typed-array","Float64Array"]],"v":1}}'
    expect(loads(floats)).toStrictEqual(Float64Array.of(0.5, -1))
  })

  it('reads a subclass of a typed array, and one over shared memory, as the plain kind', () => {
    class Pixels extends Uint8Array {
      override get [Symbol.toStringTag](): 'Uint8Array' {
        return 'Float64Array' as never
      }
    }
    expect(roundTrip(Pixels.of(1, 2))).toStrictEqual(Uint8Array.of(1, 2))
    expect(roundTrip(new Uint8Array(new SharedArrayBuffer(2)))).toStrictEqual(new Uint8Array(2))
  })

  it('reads a reference used twice as two copies', () => {
    const shared = { at: new Date(0) }
    const back = roundTrip([shared, shared, 1n, 1n]) as unknown[]
    expect(back).toStrictEqual([{ at: new Date(0) }, { at: new Date(0) }, 1n, 1n])
    expect(back[0]).not.toBe(back[1])
    const plain = { a: 1 }
    expect(dumps([plain, plain])).toBe('[{"a":1},{"a":1}]')
  })

  it('reads getters and Proxies as the data they show', () => {
    const value = {
      get now() {
        return new Date(0)
      },
    }
    expect(roundTrip([value, new Proxy({ a: 1 }, {}), new Proxy([1n], {})])).toStrictEqual([
      { now: new Date(0) },
      { a: 1 },
      [1n],
    ])
  })

  it('refuses a BigInt that no reader accepts', () => {
    const limit = 10n ** 4299n
    expect(roundTrip(1n - limit)).toBe(1n - limit)
    expect(() => dumps(limit)).toThrow(refusal)
  })

  it('writes and reads 500 levels and refuses more', () => {
    const nested = (levels: number, leaf: unknown): unknown => {
      let value = leaf
      for (let i = 0; i < levels; i++) value = i % 2 === 0 ? [value] : { a: value }
      return value
    }
    for (const leaf of [1, 1n]) {
      expect(roundTrip(nested(500, leaf))).toStrictEqual(nested(500, leaf))
      expect(() => dumps(nested(501, leaf))).toThrow('nested deeper than 500 levels')
      expect(() => dumps(nested(10_000, leaf))).toThrow(refusal)
    }
    let map: unknown = 1
    for (let i = 0; i < 250; i++) map = i % 2 === 0 ? new Map([[1, map]]) : { constructor: map }
    deepStrictEqual(roundTrip(map), map)
    expect(() => dumps(new Map([[map, [1]]]))).toThrow(refusal)
  })

  describe.each(Object.entries(REFUSED))('given %s', (_what, text) => {
    it('refuses to read, and changes no prototype', () => {
      const before = Reflect.ownKeys(Object.prototype)
      expect(() => loads(Buffer.from(text))).toThrow(expect.objectContaining({ code: 'RQ_DESERIALIZATION' }))
      expect(Reflect.ownKeys(Object.prototype)).toEqual(before)
    })
  })

  it.each(HARMLESS)('reads %s as plain data', (text) => {
    const before = Reflect.ownKeys(Object.prototype)
    const value = loads(text)
    expect(JSON.stringify(value)).toBe(text)
    expect(Object.getPrototypeOf(value)).toBe(
      Object.prototype === Object.getPrototypeOf(value) ? Object.prototype : Array.prototype,
    )
    expect(Reflect.ownKeys(Object.prototype)).toEqual(before)
    deepStrictEqual(roundTrip(value), value)
  })

  it('survives any annotations on any data', () => survivesAnnotations(250))
})

function looksLikeEnvelope(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'json' in value && 'meta' in value
}
