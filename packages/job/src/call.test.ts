import { describe, expect, it } from 'vitest'
import { type Call, dumpCall, loadCall, positional, readPayload } from './call.ts'
import { describeCall } from './describe.ts'
import { parseFunctionRef } from './function-ref.ts'

const json = { dumps: (value: unknown) => JSON.stringify(value), loads: (data: Uint8Array) => JSON.parse(String(data)) }
const call = (args: unknown[], kwargs: Record<string, unknown> = {}): Call => ({ func: 'jobs.hello', args, kwargs })

describe('describeCall', () => {
  it('prints a call as Python would', () => {
    const args = ["it's", 'a"b', 1, true, null, [1, 'x'], { a: 1 }]
    expect(describeCall(call(args, { z: false, b: 'ü' }))).toBe(
      `jobs.hello("it's", 'a"b', 1, True, None, [1, 'x'], {'a': 1}, b='ü', z=False)`,
    )
  })

  it('cuts each part at 75 characters', () => {
    expect(describeCall(call(['x'.repeat(200)]))).toBe(`jobs.hello('${'x'.repeat(74)}...)`)
  })

  it('reads a large or deep value only up to the cut', () => {
    let deep: unknown = 1
    for (let n = 0; n < 100_000; n++) deep = [deep]
    expect(describeCall(call([deep])).length).toBeLessThan(100)
  })
})

describe('loadCall', () => {
  it('reads the four elements of RQ', () => {
    expect(loadCall(json, '["a.b",null,[1],{"k":2}]')).toEqual({ func: 'a.b', args: [1], kwargs: { k: 2 } })
  })

  it.each(['[]', '["a",null,[]]', '{"a":1}', '[1,null,[],{}]', '["a",{},[],{}]', '["a",null,{},[]]'])(
    'refuses %s',
    (data) => {
      expect(() => loadCall(json, data)).toThrow(expect.objectContaining({ code: 'RQ_DESERIALIZATION' }))
    },
  )
})

describe('dumpCall', () => {
  it.each<[unknown, string]>([
    [undefined, 'undefined'],
    [null, 'null'],
    [7, '7'],
    [{ length: 1 }, 'an object'],
    [['x'], 'an array of 1'],
    [new ArrayBuffer(1), 'an ArrayBuffer'],
    [new Float64Array(1), 'an object'],
  ])('refuses a serializer that returns %s', (dumped, shown) => {
    const message = `dumps() of the serializer "mine" returned ${shown}; expected a string or a Uint8Array.`
    const mine = { ...json, name: 'mine', dumps: () => dumped as string }
    expect(() => dumpCall(mine, call([]))).toThrow(expect.objectContaining({ code: 'RQ_SERIALIZATION', message }))
  })

  it('says what to do about a serializer that returns a Promise, whose error ends no process', () => {
    const mine = { ...json, name: 'mine', dumps: () => Promise.reject(new Error('no key')) as never }
    const message = expect.stringContaining('returned a Promise; it must be synchronous. For encryption use a codec.')
    expect(() => dumpCall(mine, call([]))).toThrow(expect.objectContaining({ code: 'RQ_SERIALIZATION', message }))
  })
})

describe('readPayload', () => {
  it('says what to do about a serializer that returns a Promise', () => {
    const mine = { ...json, name: 'mine', loads: async () => 1 }
    const message = expect.stringContaining('loads() of the serializer "mine" returned a Promise')
    expect(() => readPayload(mine, '1')).toThrow(expect.objectContaining({ code: 'RQ_DESERIALIZATION', message }))
  })
})

describe('positional', () => {
  it('appends keyword arguments only when there are some', () => {
    expect(positional(call([1]))).toEqual([1])
    expect(positional(call([1], { k: 2 }))).toEqual([1, { k: 2 }])
  })
})

describe('parseFunctionRef', () => {
  it('distinguishes modules, scripts, dotted paths and names', () => {
    expect(parseFunctionRef('./jobs/email#send')).toEqual({
      kind: 'module',
      module: './jobs/email',
      exportPath: ['send'],
    })
    expect(parseFunctionRef('@acme/jobs#Mail.send')).toMatchObject({
      module: '@acme/jobs',
      exportPath: ['Mail', 'send'],
    })
    expect(parseFunctionRef('pkg.mod.func')).toEqual({ kind: 'dotted', parts: ['pkg', 'mod', 'func'] })
    expect(parseFunctionRef('send')).toEqual({ kind: 'name', name: 'send' })
    expect(parseFunctionRef('mods.größe.länge')).toEqual({ kind: 'dotted', parts: ['mods', 'größe', 'länge'] })
    expect(parseFunctionRef('पत्र.भेजो')).toEqual({ kind: 'dotted', parts: ['पत्र', 'भेजो'] })
    expect(parseFunctionRef('größe')).toEqual({ kind: 'name', name: 'größe' })
    expect(parseFunctionRef('./jobs/clean.mjs')).toEqual({ kind: 'script', path: 'jobs/clean.mjs' })
  })

  it.each([
    ...['', '#x', 'a#', 'a#b c', 'a#b.', 'a..b', 'a b.c', 'x'.repeat(501), 7, null],
    // Characters that look like a dot, a slash or nothing, or that a terminal obeys.
    ...[
      'a․b',
      'a．b',
      'a。b',
      'a∕b',
      'a／b',
      'a⧵b',
      'a＃b',
      'a\u00a0b',
      'a\u200bb',
      'a\u2060b',
      'a\u202eb',
      'a\u0085b',
    ],
    ...['ä\0.b', 'ä\n.b', 'ä/b.c', 'ä\\b.c', 'ä:b.c', 'ä%2fb.c', 'ä.b()', 'ä..b', 'ä.', '.ä', 'a\ud800.b', '😀.b'],
  ])('refuses %j', (text) => {
    expect(() => parseFunctionRef(text)).toThrow(expect.objectContaining({ code: 'RQ_INVALID_REFERENCE' }))
  })
})
