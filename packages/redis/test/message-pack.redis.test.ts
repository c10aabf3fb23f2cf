import { startRedis } from '@rq/testkit'
import fc from 'fast-check'
import { Redis } from 'ioredis'
import { describe, expect, test } from 'vitest'
import { type Packable, PackedStrings, packList } from '../src/codec/message-pack.ts'

/** Any character but a lone surrogate. The unit `binary` of fast-check takes seconds to set up. */
const unit = fc.integer({ min: 0, max: 0x10f7ff }).map((n) => String.fromCodePoint(n < 0xd800 ? n : n + 0x800))
const string = fc.oneof(
  fc.string({ unit }),
  fc.constantFrom('', 'plain', 'ä', '€', '😀', '\0\n', 'x'.repeat(31), 'x'.repeat(32), 'y'.repeat(255)),
  fc.constantFrom('z'.repeat(256), 'z'.repeat(65_535), 'z'.repeat(65_536), 'ü'.repeat(40_000)),
)

/** A server, and what Lua there makes of a packed list. */
async function setUp() {
  const server = await startRedis()
  const client = new Redis(server.url)
  return {
    eval: (lua: string, list: readonly Packable[]) => client.callBuffer('eval', lua, '0', packList(list)),
    async [Symbol.asyncDispose]() {
      client.disconnect()
      await server[Symbol.asyncDispose]()
    },
  }
}

const REPACK = 'return cmsgpack.pack(cmsgpack.unpack(ARGV[1]))'

describe('packed lists', () => {
  test('hold the same strings in Lua, and when Lua has packed them', async () => {
    await using lua = await setUp()
    const repack = async (list: readonly Packable[]) => new PackedStrings((await lua.eval(REPACK, list)) as Buffer)
    await fc.assert(
      fc.asyncProperty(fc.array(string, { maxLength: 40 }), async (list) => {
        const packed = await repack(list)
        const read: string[] = []
        while (!packed.isAtEnd) read.push(packed.string())
        expect(read).toEqual(list)
      }),
      { numRuns: 200 },
    )
    const bytes = Uint8Array.from({ length: 256 }, (_, n) => n)
    const packed = await repack([bytes, 7, 'ä', ...Array.from({ length: 70_000 }, () => 'many')])
    expect([...packed.stringIf((first, length) => first !== 0 || length !== 256)]).toEqual([...bytes])
    expect([packed.stringIf(() => true), packed.string()]).toEqual(['7', 'ä'])
    let count = 0
    for (; !packed.isAtEnd; count++) expect(packed.string()).toBe('many')
    expect(count).toBe(70_000)
  })

  test('large texts and bytes are in their places', async () => {
    await using lua = await setUp()
    const bytes = Buffer.alloc(300_000, 0xfe)
    const list = ['a', 'x'.repeat(300_000), 'é'.repeat(300_000), bytes, 'ä', 'y'.repeat(400_000)]
    const packed = new PackedStrings((await lua.eval(REPACK, list)) as Buffer)
    expect([packed.string(), packed.string(), packed.string()]).toEqual(list.slice(0, 3))
    expect(packed.bytes().equals(bytes)).toBe(true)
    expect([packed.string(), packed.string(), packed.isAtEnd]).toEqual([...list.slice(4), true])
  })

  test('hold tables by name, lists and booleans for Lua', async () => {
    await using lua = await setUp()
    const table = {
      text: 'ä',
      count: -1,
      yes: true,
      no: false,
      bytes: Uint8Array.of(0xff),
      list: ['a', 2],
      none: undefined,
    }
    const names = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`name${n}`, n]))
    const read = `
      local t, many, last = unpack(cmsgpack.unpack(ARGV[1]))
      return { t.text, t.count, tostring(t.yes), tostring(t.no), t.bytes, t.list[1], t.list[2], tostring(t.none), many.name39, last }`
    const reply = (await lua.eval(read, [table, names, 'last'])) as Buffer[]
    const strings = ['ä', '-1', 'true', 'false', Buffer.of(0xff), 'a', '2', 'nil', '39', 'last']
    expect(reply).toEqual(strings.map((at) => Buffer.from(at as string)))
  })

  test('that hold something else than strings are refused', () => {
    const packed = new PackedStrings(Buffer.from([0x91, 0x01]))
    expect(() => packed.string()).toThrow(/something else than a script of rq returns/)
  })
})
