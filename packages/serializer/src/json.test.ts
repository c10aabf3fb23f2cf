import { deepStrictEqual } from 'node:assert/strict'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { plainValue } from '../test/arbitraries.ts'
import { jsonSerializer } from './json.ts'

const { dumps, loads } = jsonSerializer

describe('jsonSerializer', () => {
  it('writes plain values as JSON.stringify does and reads them back', () => {
    fc.assert(
      fc.property(plainValue, (value) => {
        const text = dumps(value)
        expect(text).toBe(JSON.stringify(value))
        deepStrictEqual(loads(Buffer.from(text)), JSON.parse(text))
        deepStrictEqual(loads(text), JSON.parse(text))
      }),
    )
  })

  it('follows JSON.stringify for Date, URL, toJSON, -0, undefined properties and class instances', () => {
    class Point {
      x = 1
      y = undefined
    }
    const value = {
      date: new Date(0),
      url: new URL('http://a.b/'),
      id: { toJSON: () => 7 },
      buffer: Buffer.from([1]),
      zero: -0,
      left: undefined,
      point: new Point(),
      constructor: new Point(),
    }
    expect(dumps(value)).toBe(JSON.stringify(value))
    expect(dumps([value])).toBe(JSON.stringify([value]))
  })

  it('writes null for a result that is undefined', () => {
    expect(dumps(undefined)).toBe('null')
  })

  it.each([
    [[undefined], 'value[0]: JSON has no undefined here; use null'],
    [{ a: [1, Number.NaN] }, 'value.a[1]: JSON has no NaN'],
    [['f', null, [Number.NEGATIVE_INFINITY], {}], 'args[0]: JSON has no -Infinity'],
    [{ id: 1n }, 'value.id: JSON has no BigInt; pass a number or a string'],
    [{ a: new Map() }, 'value.a: it is of type Map; pass plain data'],
    [new Set(), 'value: it is of type Set; pass plain data'],
    [[/x/], 'value[0]: it is of type RegExp; pass plain data'],
    [[new Error('m')], 'value[0]: it is of type Error; pass plain data'],
    [Uint8Array.of(1), 'value: it is of type Uint8Array; pass plain data'],
  ])('refuses case %#, which JSON would change in silence', (value, why) => {
    expect(() => dumps(value)).toThrow(
      expect.objectContaining({ code: 'RQ_SERIALIZATION', message: `Cannot serialize ${why}.` }),
    )
  })

  it('reads an envelope as plain data', () => {
    const text = '{"json":null,"meta":{"values":["undefined"],"v":1}}'
    expect(loads(text)).toEqual(JSON.parse(text))
    expect(dumps(JSON.parse(text))).toBe(text)
  })
})
