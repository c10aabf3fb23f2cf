import { tempDir } from '@rq/testkit'
import { describe, expect, test } from 'vitest'
import { exitCodeOf } from '../exit-code.ts'
import { readArguments, splitArgument } from './arguments.ts'

const read = (...given: string[]) => readArguments(given, '.')
const positional = async (argument: string): Promise<unknown> => {
  const { args, kwargs } = await read(argument)
  expect(kwargs).toEqual({})
  expect(args).toHaveLength(1)
  return args[0]
}

describe('splitArgument', () => {
  test.each([
    ['key=value', 'key', 'text', 'value'],
    ['key:=value', 'key', 'json', 'value'],
    ['key%=value', 'key', 'literal', 'value'],
    ['value', undefined, 'text', 'value'],
    [':value', undefined, 'json', 'value'],
    ['%value', undefined, 'literal', 'value'],
    ['=x', undefined, 'text', '=x'],
    ['a=b=c', 'a', 'text', 'b=c'],
    ['url=http://x:=1', 'url', 'text', 'http://x:=1'],
    ['a:b:=1', 'a:b', 'json', '1'],
    ['a%b%=1', 'a%b', 'literal', '1'],
    ['a:b=1', 'a:b', 'text', '1'],
    [':=x', undefined, 'json', '=x'],
    ['%=x', undefined, 'literal', '=x'],
    ['key=', 'key', 'text', ''],
    ['', undefined, 'text', ''],
    ['{"url": "http://x?a=b"}', undefined, 'text', '{"url": "http://x?a=b"}'],
    ['{"url"=1}', '{"url"', 'text', '1}'],
  ] as const)('%s', (argument, keyword, mode, value) => {
    expect(splitArgument(argument)).toEqual({ keyword, mode, value })
  })
})

describe('readArguments', () => {
  test('reads every example of the documentation', async () => {
    expect(await positional('abc')).toBe('abc')
    expect(await read('abc=def')).toEqual({ args: [], kwargs: { abc: 'def' } })
    expect(await positional('{"json": "abc"}')).toEqual({ json: 'abc' })
    expect(await read('key={"json": "abc"}')).toEqual({ args: [], kwargs: { key: { json: 'abc' } } })
    expect(await positional('%1, 2')).toEqual([1, 2])
    expect(await positional('%None')).toBe(null)
    expect(await positional('%True')).toBe(true)
    expect(await read('key%=(1, 2)')).toEqual({ args: [], kwargs: { key: [1, 2] } })
    expect(await read('key%={"foo": True}')).toEqual({ args: [], kwargs: { key: { foo: true } } })
  })

  test('reads every file example of the documentation', async () => {
    await using folder = await filesOf({ 'path/to/file': 'some text\n', 'path/to/file.json': '{"a": [1, null]}' })
    const readHere = (...given: string[]) => readArguments(given, folder.dir)
    expect(await readHere('@path/to/file')).toEqual({ args: ['some text\n'], kwargs: {} })
    expect(await readHere('key=@path/to/file')).toEqual({ args: [], kwargs: { key: 'some text\n' } })
    expect(await readHere(':@path/to/file.json')).toEqual({ args: [{ a: [1, null] }], kwargs: {} })
    expect(await readHere('key:=@path/to/file.json')).toEqual({ args: [], kwargs: { key: { a: [1, null] } } })
  })

  test('reads a file as a literal, or as plain text even if it contains JSON', async () => {
    await using folder = await filesOf({ 'value.py': "('a', None)\n", 'value.json': '{"a": 1}' })
    const { args, kwargs } = await readArguments(
      ['%@value.py', 'key%=@value.py', '@value.json', `@${folder.path('value.py')}`],
      folder.dir,
    )
    expect(args).toEqual([['a', null], '{"a": 1}', "('a', None)\n"])
    expect(kwargs).toEqual({ key: ['a', null] })
  })

  test('keeps plain values that only look like something else as strings', async () => {
    for (const text of ['123', 'true', '"abc"', "'abc'", '{broken', '{"a": 1', '[1] x', 'a@b', '']) {
      expect(await positional(text)).toBe(text)
    }
  })

  test('reads a whole JSON array or object, and a string literal of one as a string', async () => {
    expect(await positional(' [1, {"a": "b=c"}] ')).toEqual([1, { a: 'b=c' }])
    expect(await positional(`%'{"json": "abc"}'`)).toBe('{"json": "abc"}')
    expect(await positional(':"@not a file"')).toBe('@not a file')
  })

  test('keeps every digit of integers beyond 2^53', async () => {
    expect(await read(':9007199254740993', 'id:=-1234567890123456789', '{"a": [9007199254740993]}')).toEqual({
      args: [9007199254740993n, { a: [9007199254740993n] }],
      kwargs: { id: -1234567890123456789n },
    })
    expect(await positional(':{"json": 9007199254740993, "meta": {"v": 1}}')).toEqual({
      json: 9007199254740993n,
      meta: { v: 1 },
    })
    expect(await positional(':[9007199254740991, 1e300, "9007199254740993"]')).toEqual([
      Number.MAX_SAFE_INTEGER,
      1e300,
      '9007199254740993',
    ])
  })

  test('mixes positional values and keywords in any order', async () => {
    expect(await read('a=1', 'x', 'b:=2', ':3', 'c%=4n', '%5')).toEqual({
      args: ['x', 3, 5],
      kwargs: { a: '1', b: 2, c: 4n },
    })
  })

  test.each([
    [[':{bad'], /Unable to parse argument 1 as JSON: /],
    [['a', 'k=v', ':[1,'], /Unable to parse argument 2 as JSON: /],
    [['key:=nope'], /Unable to parse keyword 'key' as JSON: /],
    [['%nope'], /Unable to parse argument 1 as a literal: nope is not a literal/],
    [['key%=[1'], /Unable to parse keyword 'key' as a literal: it ends too early/],
    [[':'], /argument 1 as JSON/],
    [['%'], /argument 1 as a literal: it is empty/],
    [['a=1', 'a:=2'], /The keyword 'a' is given twice/],
  ])('%j is a usage error that names the argument', async (given, message) => {
    const error = await read(...given).catch((error: unknown) => error)
    expect(error).toMatchObject({ message: expect.stringMatching(message) })
    expect(exitCodeOf(error)).toBe(2)
  })

  test('a missing file, or a folder, is a failure that names it', async () => {
    await using folder = await tempDir()
    for (const [path, why] of [
      ['nothing.txt', 'there is no such file'],
      ['.', 'it is a folder'],
    ]) {
      const error = await readArguments([`key:=@${path}`], folder.dir).catch((error: unknown) => error)
      expect(error).toMatchObject({
        message: expect.stringContaining(`Cannot read the file '${path}' of keyword 'key': ${why}`),
      })
      expect(exitCodeOf(error)).toBe(1)
    }
  })

  test('a keyword named __proto__ stays a keyword', async () => {
    const { kwargs } = await read('__proto__:={"polluted": true}', 'constructor=x')
    expect(Object.keys(kwargs)).toEqual(['__proto__', 'constructor'])
    expect(Object.getPrototypeOf(kwargs)).toBe(Object.prototype)
  })
})

async function filesOf(files: Readonly<Record<string, string>>) {
  const { makeProject } = await import('@rq/testkit')
  return makeProject(files)
}
