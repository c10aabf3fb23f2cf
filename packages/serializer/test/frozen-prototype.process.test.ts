import { describe, expect, it } from 'vitest'
import { jsonSerializer, superjsonSerializer } from '../src/index.ts'
import { HARMLESS, REFUSED } from './hostile.ts'

/** As under `--disable-proto=throw` with every prototype frozen. Vitest gives each file a process of its own. */
function harden(): void {
  const fail = (): never => {
    throw new Error('__proto__ was used')
  }
  Object.defineProperty(Object.prototype, '__proto__', { get: fail, set: fail })
  for (const { prototype } of [Object, Array, Map, Set, Date, Error]) Object.freeze(prototype)
}

describe('superjsonSerializer under frozen prototypes', () => {
  harden()

  it('reads rich values as they were written, keys of Object.prototype included', () => {
    const json = '{"__proto__":{"a":1},"constructor":2,"toString":3,"valueOf":4,"prototype":5}'
    const value = {
      ...(JSON.parse(json) as object),
      at: new Date(0),
      tags: new Set([undefined]),
      e: new TypeError('m'),
    }
    const back = superjsonSerializer.loads(superjsonSerializer.dumps(Object.assign(JSON.parse(json), value)))
    expect(Object.keys(back as object)).toEqual([
      '__proto__',
      'constructor',
      'toString',
      'valueOf',
      'prototype',
      'at',
      'tags',
      'e',
    ])
    expect(back).toMatchObject({ constructor: 2, toString: 3, at: new Date(0), tags: new Set([undefined]) })
    expect((back as { e: Error }).e.message).toBe('m')
  })

  it('refuses the hostile ones and reads the harmless ones', () => {
    for (const text of Object.values(REFUSED)) {
      expect(() => superjsonSerializer.loads(text)).toThrow(expect.objectContaining({ code: 'RQ_DESERIALIZATION' }))
    }
    for (const { dumps, loads } of [jsonSerializer, superjsonSerializer]) {
      for (const text of HARMLESS) expect(dumps(loads(text))).toBe(text)
    }
  })
})
