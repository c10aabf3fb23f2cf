import { startRedis } from '@rq/testkit'
import fc from 'fast-check'
import { Redis } from 'ioredis'
import { describe, expect, test } from 'vitest'
import { PackedTexts, packTexts } from '../src/codec/packed-texts.ts'

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('', 'plain', 'ä', '€', '😀', '\0\n', 'x'.repeat(31), 'x'.repeat(32), 'y'.repeat(255)),
  fc.constantFrom('z'.repeat(256), 'z'.repeat(65_535), 'z'.repeat(65_536), 'ü'.repeat(40_000)),
)

describe('packed texts', () => {
  test('are the same for Lua, and when Lua has packed them', async () => {
    await using server = await startRedis()
    const client = new Redis(server.url)
    const repack = async (packed: Buffer) =>
      new PackedTexts(
        (await client.callBuffer('eval', 'return cmsgpack.pack(cmsgpack.unpack(ARGV[1]))', '0', packed)) as Buffer,
      )
    try {
      const lists = fc.array(text, { maxLength: 40 })
      await fc.assert(
        fc.asyncProperty(lists, async (list) => {
          const packed = await repack(packTexts(list))
          const read: string[] = []
          while (!packed.isAtEnd) read.push(packed.text())
          expect(read).toEqual(list)
        }),
        { numRuns: 200 },
      )
      const bytes = Uint8Array.from({ length: 256 }, (_, n) => n)
      const packed = await repack(packTexts([bytes, 7, 'ä', ...Array.from({ length: 70_000 }, () => 'many')]))
      expect(packed.firstByte).toBe(0)
      expect([...packed.bytes()]).toEqual([...bytes])
      expect([packed.text(), packed.text()]).toEqual(['7', 'ä'])
      let count = 0
      for (; !packed.isAtEnd; count++) expect(packed.text()).toBe('many')
      expect(count).toBe(70_000)
    } finally {
      client.disconnect()
    }
  })

  test('that are none are refused', () => {
    const packed = new PackedTexts(Buffer.from([0x91, 0x01]))
    expect(() => packed.text()).toThrow('Not a packed text')
  })
})
