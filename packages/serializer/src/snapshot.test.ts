import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { snapshot } from './snapshot.ts'

const cyclic: Record<string, unknown> = { list: [] }
;(cyclic.list as unknown[]).push(new Map([['self', cyclic]]))
const revoked = Proxy.revocable({}, {})
revoked.revoke()
const thrower = {
  get secret(): never {
    throw new Error('no')
  },
}
const listThrower = Object.defineProperty([1, 2, 3, 4], 0, { get: () => thrower.secret })
const call = (args: unknown[], kwargs: object = {}): unknown => ['jobs.send', null, args, kwargs]

/** A value, and where and why it is refused in both forms. */
const REFUSED: readonly [string, unknown, string][] = [
  ['a function', () => 1, 'value: it is a function'],
  ['a symbol', Symbol('s'), 'value: it is a symbol'],
  ['a callback in a call', call([{ callback: () => 1 }]), 'args[0].callback: it is a function'],
  ['a keyword argument in a call', call([], { done: Symbol.iterator }), 'kwargs.done: it is a symbol'],
  ['a function in a list', { a: [1, { b: () => 1 }] }, 'value.a[1].b: it is a function'],
  ['a key that is no identifier', { 'a b\n': () => 1 }, 'value["a b\\n"]: it is a function'],
  ['a class', class {}, 'value: it is a function'],
  ['an invalid Date', [new Date(Number.NaN)], 'value[0]: it is an invalid Date'],
  ['a Promise', [Promise.resolve(1)], 'value[0]: it is a Promise; await it first'],
  ['a WeakMap', new WeakMap(), 'value: it is of type WeakMap; pass plain data'],
  ['a generator', (function* () {})(), 'value: it is of type Generator; pass plain data'],
  ['a boxed number', Object(1), 'value: it is of type Number; pass plain data'],
  ['a getter that throws', [thrower], 'value[0].secret: reading it threw an error'],
  ['a revoked Proxy', { a: revoked.proxy }, 'value.a: reading it threw an error'],
  ['a Proxy that is revoked already', revoked.proxy, 'value: reading it threw an error'],
  ['a list that cannot be read', listThrower, 'value[0]: reading it threw an error'],
  ['a toJSON that throws', [{ toJSON: () => thrower.secret }], 'value[0]: reading it threw an error'],
  ['a toJSON without end', fresh(), 'value: reading it threw an error'],
]

function fresh(): unknown {
  return { toJSON: fresh }
}

describe('snapshot', () => {
  it.each(REFUSED)('refuses %s and says where', (_what, value, why) => {
    for (const form of ['rich', 'json'] as const) {
      expect(() => snapshot(value, form)).toThrow(
        expect.objectContaining({
          code: 'RQ_SERIALIZATION',
          message: `Cannot serialize ${why}.`,
          details: { path: why.slice(0, why.indexOf(':')) },
        }),
      )
    }
  })

  it('names the place where a cycle closes', () => {
    expect(() => snapshot(cyclic, 'rich')).toThrow('value.list[0].values()[0]: it refers back to an object')
    const a: { b: { a?: unknown } } = { b: {} }
    a.b.a = a
    expect(() => snapshot([a], 'json')).toThrow('value[0].b.a: it refers back to an object that contains it')
  })

  it('names places in Maps, Sets and errors', () => {
    const f = () => 1
    expect(() => snapshot(new Map([['a', f]]), 'rich')).toThrow('value.values()[0]:')
    expect(() => snapshot(new Map([[{ f }, 1]]), 'rich')).toThrow('value.keys()[0].f:')
    expect(() => snapshot([new Set([1, f])], 'rich')).toThrow('value[0].values()[1]:')
    expect(() => snapshot(new Error('m', { cause: [f] }), 'rich')).toThrow('value.cause[0]:')
  })

  it('shortens the name of a deep place', () => {
    let value: unknown = () => 1
    for (let i = 0; i < 100; i++) value = [value]
    expect(() => snapshot(value, 'rich')).toThrow(`value${'[0]'.repeat(20)}...: it is a function`)
  })

  it('keeps the error of a getter as the cause', () => {
    expect(() => snapshot(thrower, 'rich')).toThrow(expect.objectContaining({ cause: new Error('no') }))
  })

  it('refuses a Map of which two keys would be written the same way', () => {
    const key = () => ({ toJSON: () => 'same' })
    expect(() =>
      snapshot(
        new Map([
          [key(), 1],
          [key(), 2],
        ]),
        'rich',
      ),
    ).toThrow('two of its keys are written the same way')
  })

  it('refuses memory that threads share, or that has moved to another thread', () => {
    const shared = new SharedArrayBuffer(8)
    expect(() => snapshot({ a: [shared] }, 'rich')).toThrow(
      'Cannot serialize value.a[0]: it is memory that threads share; pass a copy of its bytes.',
    )
    const moved = new Uint8Array(8)
    const view = new DataView(moved.buffer)
    structuredClone(moved, { transfer: [moved.buffer] })
    for (const value of [moved, view, moved.buffer]) {
      expect(() => snapshot([value], 'rich')).toThrow('Cannot serialize value[0]: reading it threw an error.')
    }
  })

  it('keeps no typed array as plain JSON', () => {
    for (const value of [Uint8Array.of(1), new ArrayBuffer(1), new DataView(new ArrayBuffer(1))]) {
      expect(() => snapshot({ value }, 'json')).toThrow(/^Cannot serialize value\.value: it is of type /)
    }
    expect(snapshot(Buffer.from('a'), 'json').value).toEqual({ type: 'Buffer', data: [97] })
  })

  it('returns a plain value itself and copies any other', () => {
    const plain = { a: [1, 'x', null, { b: true }] }
    expect(snapshot(plain, 'rich')).toEqual({ value: plain, rich: false })
    expect(snapshot(plain, 'rich').value).toBe(plain)
    const rich = { a: { at: new Date(0) } }
    const copy = snapshot(rich, 'rich')
    expect(copy).toStrictEqual({ value: rich, rich: true })
    expect(copy.value).not.toBe(rich)
    expect((copy.value as typeof rich).a.at).not.toBe(rich.a.at)
  })

  it('ignores symbol keys, hidden properties and further properties of arrays', () => {
    const object = Object.defineProperty({ a: 1, [Symbol('s')]: () => 1 }, 'hidden', { value: () => 1 })
    expect(snapshot(object, 'rich')).toMatchObject({ rich: false })
    const match = /(?<word>a)/.exec('a')
    expect(JSON.stringify(snapshot([match, 1n], 'rich').value, (_key, item) => (item === 1n ? 1 : item))).toBe(
      '[["a","a"],1]',
    )
  })

  it('copies the values of another realm like its own', () => {
    const foreign = runInNewContext('({ at: new Date(0), map: new Map([[1, [2]]]), error: new TypeError("m") })')
    const { value } = snapshot(foreign, 'rich') as { value: { at: unknown; map: unknown; error: Error } }
    expect(value.at).toStrictEqual(new Date(0))
    expect(value.map).toStrictEqual(new Map([[1, [2]]]))
    expect(value.error).toBeInstanceOf(Error)
    expect(value.error).toMatchObject({ name: 'TypeError', message: 'm' })
  })

  it('reads the fields of an error that has odd ones', () => {
    const odd = Object.assign(new Error('m'), { name: 7, message: undefined, stack: null })
    expect(snapshot(odd, 'rich').value).toMatchObject({ name: '7', message: '', stack: '' })
  })
})
