import { describe, expect, test } from 'vitest'
import { readLiteral } from './literal.ts'

describe('readLiteral', () => {
  test.each<[string, unknown]>([
    ['1', 1],
    ['-1', -1],
    ['+1.5', 1.5],
    ['.5', 0.5],
    ['1e3', 1000],
    ['1_000', 1000],
    ['0xff', 255],
    ['0o17', 15],
    ['10n', 10n],
    ['-10n', -10n],
    ['-Infinity', Number.NEGATIVE_INFINITY],
    ['NaN', Number.NaN],
    ["'a'", 'a'],
    ['"a"', 'a'],
    [`'it"s'`, 'it"s'],
    [String.raw`"a\n\x41\u0042\"\\"`, 'a\nAB"\\'],
    [String.raw`'\u{1f600}'`, '😀'],
    ["'größer ☃'", 'größer ☃'],
    ['None', null],
    ['null', null],
    ['undefined', undefined],
    ['True', true],
    ['true', true],
    ['False', false],
    ['false', false],
    ['1, 2', [1, 2]],
    ['1,', [1]],
    ['(1, 2)', [1, 2]],
    ['(1,)', [1]],
    ['(1)', 1],
    ['()', []],
    ['((1, 2), [3])', [[1, 2], [3]]],
    ['[1, 2, ]', [1, 2]],
    ['[]', []],
    ['{}', {}],
    ['{"foo": True}', { foo: true }],
    ["{'a': {'b': (None, -2)}, }", { a: { b: [null, -2] } }],
    ['{ foo: true, if: 1, null: 2 }', { foo: true, if: 1, null: 2 }],
    ['{1: "a", -2: "b"}', { 1: 'a', '-2': 'b' }],
    ['{1, 2, 2}', new Set([1, 2])],
    ['{None}', new Set([null])],
    [' [ 1 ,\n 2 ] ', [1, 2]],
  ])('%s is read', (text, value) => {
    expect(readLiteral(text)).toStrictEqual(value)
  })

  test.each<[string, RegExp]>([
    ['', /empty/],
    ['  ', /empty/],
    ['abc', /abc is not a literal/],
    ['1 2', /unexpected 2 at character 3/],
    ['[1 2]', /unexpected 2/],
    ['[1,,2]', /unexpected ,/],
    ['[,]', /unexpected ,/],
    ['(,)', /unexpected ,/],
    ['[1', /ends too early/],
    ['{"a": 1', /ends too early/],
    ['{"a"', /ends too early/],
    ['{"a": }', /unexpected }/],
    ['{"a": 1, 2}', /unexpected }/],
    ['{1, "a": 2}', /unexpected :/],
    ['{(1, 2): 3}', /unexpected :/],
    ['{foo}', /foo is not a literal/],
    ['1 + 2', /unexpected \+/],
    ['- "a"', /unexpected "a"/],
    ['--1', /unexpected --/],
    ['f()', /f is not a literal/],
    ['process.exit(1)', /process is not a literal/],
    ['new Date()', /new is not a literal/],
    ['/a+/', /unexpected/],
    ['`a`', /unexpected/],
    ['__import__("os")', /__import__ is not a literal/],
    ["'a", /Unterminated string/],
    ["b'a'", /b is not a literal/],
    ["'a' 'b'", /unexpected 'b'/],
    [String.raw`'\d'`, /escape \\d means different things/],
    [String.raw`'\\\U0001F600'`, /escape \\U/],
    ['12345678901234567890', /write 12345678901234567890n/],
    ['007', /Invalid number/],
    ['#', /character/],
  ])('%s is refused', (text, message) => {
    expect(() => readLiteral(text)).toThrow(message)
    expect(() => readLiteral(text)).toThrow(SyntaxError)
  })

  test('a key named __proto__ stays a key', () => {
    const value = readLiteral('{"__proto__": {"polluted": true}, "constructor": 1}') as object
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
    expect(Object.keys(value)).toEqual(['__proto__', 'constructor'])
    expect('polluted' in value).toBe(false)
  })

  test('nesting ends at 100 levels, however long the text is', () => {
    expect(readLiteral('['.repeat(100) + ']'.repeat(100))).toHaveLength(1)
    for (const open of ['[', '(', '{1:', '{(']) {
      expect(() => readLiteral(open.repeat(100_000))).toThrow('nested more than 100 levels deep')
    }
  })
})
