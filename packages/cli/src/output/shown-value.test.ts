import { describe, expect, test } from 'vitest'
import { jsonValue, shownValue } from './shown-value.ts'

describe('jsonValue', () => {
  test('turns every serializable value into the nearest JSON', () => {
    const value = {
      text: 'a',
      number: 1.5,
      nan: Number.NaN,
      big: 12345678901234567890n,
      nothing: undefined,
      date: new Date(0),
      never: new Date(Number.NaN),
      map: new Map<unknown, unknown>([['k', new Set([1, undefined])]]),
      pattern: /a+/g,
      url: new URL('http://x/y'),
      bytes: new Uint8Array([1, 2, 255]),
      error: Object.assign(new RangeError('m'), { stack: 's' }),
      list: [null, true, [1]],
    }
    expect(jsonValue(value)).toEqual({
      text: 'a',
      number: 1.5,
      nan: null,
      big: '12345678901234567890',
      nothing: null,
      date: '1970-01-01T00:00:00.000Z',
      never: null,
      map: [['k', [1, null]]],
      pattern: '/a+/g',
      url: 'http://x/y',
      bytes: 'AQL/',
      error: { name: 'RangeError', message: 'm', stack: 's' },
      list: [null, true, [1]],
    })
  })

  test('cuts circular references and deep nesting', () => {
    const value: Record<string, unknown> = { twice: [1] }
    value.again = value.twice
    value.self = value
    expect(jsonValue(value)).toEqual({ twice: [1], again: [1], self: '[circular]' })
    let deep: unknown = 'end'
    for (let level = 0; level < 10_000; level++) deep = [deep]
    expect(JSON.stringify(jsonValue(deep))).toContain('[too deep]')
  })
})

describe('shownValue', () => {
  test('shows a string as it is, and everything else as code', () => {
    expect(shownValue('a\nb')).toBe('a\nb')
    expect(shownValue(undefined)).toBe('undefined')
    expect(shownValue([1, 'a', null, 10n])).toBe("[ 1, 'a', null, 10n ]")
    expect(shownValue(new Map([['a', new Date(0)]]))).toBe("Map(1) { 'a' => 1970-01-01T00:00:00.000Z }")
  })

  test('runs no code of the value', () => {
    let runs = 0
    const value = {
      get trap() {
        runs++
        return 1
      },
      [Symbol.for('nodejs.util.inspect.custom')]: () => `${runs++}`,
    }
    shownValue(value)
    expect(runs).toBe(0)
  })
})
