import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { parseJson, textOf } from './json-text.ts'

describe('parseJson', () => {
  it('reads what Python writes beyond JSON', () => {
    expect(parseJson('NaN')).toBeNaN()
    expect(parseJson('{"a": [NaN, Infinity, -Infinity, 1.0, 1e+16]}')).toEqual({
      a: [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1, 1e16],
    })
    expect(parseJson('{"a":Infinity\n,\t"b" :\r-Infinity }')).toEqual({
      a: Number.POSITIVE_INFINITY,
      b: Number.NEGATIVE_INFINITY,
    })
    expect(parseJson('["\\u00e9\\ud83d\\ude00", 1]')).toEqual(['é😀', 1])
  })

  it('leaves strings alone', () => {
    const texts = [
      'NaN',
      ', NaN, ',
      '[Infinity]',
      '"',
      '\\',
      '\\", NaN',
      '9007199254740993',
      '[9007199254740993]',
      'é😀',
    ]
    for (const text of texts) {
      expect(parseJson(`{${JSON.stringify(text)}: [${JSON.stringify(text)}, NaN, 9007199254740993]}`)).toEqual({
        [text]: [text, Number.NaN, 9007199254740993n],
      })
    }
  })

  it('reads only whole tokens as numbers', () => {
    for (const text of [
      'nan',
      'NaNx',
      'xNaN',
      '-NaN',
      '1Infinity',
      'Infinity1',
      '+Infinity',
      '[NaN NaN]',
      '{NaN: 1}',
    ]) {
      expect(() => parseJson(text), text).toThrow(expect.objectContaining({ code: 'RQ_DESERIALIZATION' }))
    }
  })

  it('reads an integer that a number cannot hold as a BigInt', () => {
    expect(parseJson('9007199254740993')).toBe(9007199254740993n)
    expect(parseJson('[1, -9007199254740993]')).toEqual([1, -9007199254740993n])
    expect(parseJson('{"id": 1180591620717411303424}')).toEqual({ id: 1180591620717411303424n })
  })

  it('keeps a number for every integer that JavaScript writes', () => {
    for (const n of [2 ** 53, 2 ** 53 - 1, -(2 ** 60), 1e20, 123456789012345680000, 1e21, 1e300]) {
      expect(parseJson(JSON.stringify([n, { n }]))).toEqual([n, { n }])
    }
  })

  it('keeps a number for fractions and exponents of any length', () => {
    const texts = [
      '0.12345678901234567890',
      '12345678901234567890.5',
      '12345678901234567890e2',
      '1e12345678901234567890',
    ]
    for (const text of texts) expect(parseJson(`[${text}]`)).toEqual([Number(text)])
  })

  it('finds a long integer at any place', () => {
    for (let before = 0; before < 40; before++) {
      const text = `[${' '.repeat(before)}9007199254740993,"12345678901234567"]`
      expect(parseJson(text)).toEqual([9007199254740993n, '12345678901234567'])
    }
  })

  it('refuses an integer longer than Python would write', () => {
    expect(parseJson('9'.repeat(4300))).toBe(10n ** 4300n - 1n)
    expect(() => parseJson('9'.repeat(4301))).toThrow(expect.objectContaining({ code: 'RQ_DESERIALIZATION' }))
  })

  it('never quotes the data in an error', () => {
    for (const text of ['{"password": secret}', 'secret', '"secret', '[NaN, secret]']) {
      try {
        parseJson(text)
        expect.unreachable()
      } catch (error) {
        expect(error).toMatchObject({ code: 'RQ_DESERIALIZATION' })
        expect(inspect(error)).not.toContain('secret')
      }
    }
  })

  it('reads keys of the prototype as own properties', () => {
    const value = parseJson('{"__proto__": {"polluted": NaN}, "constructor": 1}')
    expect(Object.keys(value as object)).toEqual(['__proto__', 'constructor'])
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
  })

  it('refuses nesting that overflows the stack instead of crashing', () => {
    const levels = 1_000_000
    expect(() => parseJson(`${'['.repeat(levels)}NaN${']'.repeat(levels)}`)).toThrow(
      expect.objectContaining({ code: 'RQ_DESERIALIZATION' }),
    )
  })
})

describe('textOf', () => {
  it('decodes UTF-8 from any view of bytes', () => {
    const bytes = new TextEncoder().encode('xx"é😀"xx')
    expect(textOf(bytes.subarray(2, -2))).toBe('"é😀"')
    expect(textOf(Buffer.from('"é😀"'))).toBe('"é😀"')
    expect(textOf('"é😀"')).toBe('"é😀"')
  })

  it('says that a pickle looks like one, and what to do', () => {
    const pickle = Buffer.from('80059505000000000000008c0178942e', 'hex')
    expect(() => textOf(pickle)).toThrow(/looks like a Python pickle; its producer should use JSONSerializer/)
  })

  it('refuses what is not UTF-8 or not bytes', () => {
    for (const data of [Uint8Array.of(0xff, 0xfe), Uint8Array.of(0x22, 0xc3, 0x22), null, {}, 7]) {
      expect(() => textOf(data as never)).toThrow(expect.objectContaining({ code: 'RQ_DESERIALIZATION' }))
    }
  })
})
