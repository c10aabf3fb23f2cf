import { deepStrictEqual } from 'node:assert/strict'
import fc from 'fast-check'
import { expect } from 'vitest'
import { superjsonSerializer } from '../src/superjson.ts'
import { richValue } from './arbitraries.ts'

const { dumps, loads } = superjsonSerializer
const roundTrip = (value: unknown): unknown => loads(Buffer.from(dumps(value)))

/** Every rich value comes back as it was. */
export function returnsRichValues(numRuns: number): void {
  fc.assert(
    fc.property(richValue, (value) => {
      deepStrictEqual(roundTrip(value), value)
    }),
    { numRuns },
  )
}

/** Whatever an envelope says of its data, it is read as a value that can be written again, or refused. */
export function survivesAnnotations(numRuns: number): void {
  const type = fc.oneof(
    fc.constantFrom('undefined', 'bigint', 'Date', 'regexp', 'set', 'map', 'number', 'URL', 'Error', 'symbol'),
    fc.constantFrom(
      ['custom', 'error'],
      ['custom', 'entries'],
      ['custom', 'binary'],
      ['typed-array', 'Uint8Array'],
      ['class', 'x'],
    ),
  )
  const path = fc.array(fc.constantFrom('0', '1', 'a', '__proto__', 'constructor', 'prototype', 'length'), {
    minLength: 1,
    maxLength: 3,
  })
  const annotations = fc.letrec<{ node: unknown; children: unknown }>((tie) => ({
    node: fc.oneof({ depthSize: 'small' }, fc.tuple(type), fc.tuple(type, tie('children')), tie('children')),
    children: fc.dictionary(
      path.map((steps) => steps.join('.')),
      tie('node'),
    ),
  })).node
  const data = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom(null, 0, '1', '/a/', '2020-01-01', 'NaN', 'http://a/', ['Buffer', 'MTIz']),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom('a', '0', 'name', 'message', '__proto__', 'constructor'), tie('value')),
    ),
  })).value
  const before = Reflect.ownKeys(Object.prototype)
  fc.assert(
    fc.property(data, annotations, (json, values) => {
      try {
        const value = loads(JSON.stringify({ json, meta: { values, v: 1 } }))
        deepStrictEqual(roundTrip(value), value)
      } catch (error) {
        expect(error).toMatchObject({ code: 'RQ_DESERIALIZATION' })
      }
    }),
    { numRuns },
  )
  expect(Reflect.ownKeys(Object.prototype)).toEqual(before)
}
