import { RqError } from '@rq/core'
import { describe, expect, it } from 'vitest'
import { jsonSerializer } from './json.ts'
import { defaultSerializer, resolveSerializer } from './resolve.ts'
import { isSerializer, type Serializer } from './serializer.ts'
import { superjsonSerializer } from './superjson.ts'

const own: Serializer = { name: 'own', dumps: () => '', loads: () => null }
const unreadable = new Proxy(
  {},
  {
    get: () => {
      throw new Error('no')
    },
  },
)
const NOT_SERIALIZERS = [
  undefined,
  null,
  '',
  'pickle',
  'JSON',
  7,
  {},
  [],
  { ...own, name: '' },
  { ...own, dumps: 1 },
  { ...own, loads: undefined },
  unreadable,
]

describe('resolveSerializer', () => {
  it('finds the built-in ones by name and returns any other as it is', () => {
    expect(resolveSerializer('json')).toBe(jsonSerializer)
    expect(resolveSerializer('superjson')).toBe(superjsonSerializer)
    expect(resolveSerializer(own)).toBe(own)
    expect(defaultSerializer).toBe(superjsonSerializer)
  })

  it('refuses everything else and says what it accepts', () => {
    for (const value of NOT_SERIALIZERS) {
      expect(() => resolveSerializer(value as never)).toThrow(RqError)
    }
    expect(() => resolveSerializer('pickle' as never)).toThrow(
      `Invalid serializer: got "pickle", expected 'superjson', 'json', or an object with a name, dumps() and loads().`,
    )
  })
})

describe('isSerializer', () => {
  it('is true of objects with a name, dumps and loads, their own or of their class', () => {
    class Packed implements Serializer {
      readonly name = 'packed'
      dumps = () => Uint8Array.of()
      loads(): unknown {
        return null
      }
    }
    for (const value of [own, new Packed(), jsonSerializer, superjsonSerializer]) expect(isSerializer(value)).toBe(true)
  })

  it('is false of everything else and never throws', () => {
    for (const value of NOT_SERIALIZERS) expect(isSerializer(value)).toBe(false)
  })
})
