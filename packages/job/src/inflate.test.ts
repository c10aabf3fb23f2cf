import { deflateSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { inflatePayload, inflateText, isCompressed } from './inflate.ts'

const bomb = deflateSync(Buffer.alloc(8_000_000, ' '))

describe('isCompressed', () => {
  it.each<[string | Uint8Array, boolean]>([
    [bomb, true],
    [deflateSync('["m.f",null,[],{}]', { level: 0 }), true],
    ['["m.f",null,[],{}]', false],
    ['x', false],
    [Buffer.from([0x80, 5]), false],
    [Buffer.alloc(0), false],
  ])('tells what Python has compressed: %#', (data, expected) => {
    expect(isCompressed(data)).toBe(expected)
  })
})

describe('inflatePayload', () => {
  it('inflates what is compressed, to the last byte of the limit', () => {
    expect(inflatePayload(deflateSync('[1]'), 3, 'it')).toEqual(Buffer.from('[1]'))
  })

  it('leaves alone what is not compressed or only looks so, whatever its size', () => {
    expect(inflatePayload('[1]', 1, 'it')).toBe('[1]')
    const bytes = Buffer.from([0x78, 0x9c, 0])
    expect(inflatePayload(bytes, 1, 'it')).toBe(bytes)
  })

  it('refuses what inflates to more, and names the sizes and the way out', () => {
    expect(() => inflatePayload(bomb, 1000, 'the call')).toThrow(
      expect.objectContaining({
        code: 'RQ_TOO_LARGE',
        message: expect.stringMatching(
          /^Too large: the call, \d+ compressed bytes .* limit of 1000\. .*limits\.inflated/,
        ),
        details: { limit: 'inflated', bytes: bomb.length, most: 1000 },
      }),
    )
  })
})

describe('inflateText', () => {
  it('reads a text, compressed or not', () => {
    expect(inflateText(Buffer.from('Traceback'), 4)).toBe('Traceback')
    expect(inflateText(deflateSync('Traceback'), 9)).toBe('Traceback')
    expect(inflateText(Buffer.from([0x78, 0x9c]), 9)).toBe('x\uFFFD')
  })

  it('shows the beginning of a longer text, and says that it was cut', () => {
    const text = Array.from({ length: 20_000 }, (_, line) => `línea ${line}`).join('\n')
    const shown = inflateText(deflateSync(text), 10_000)
    const [note = '', ...beginning] = shown.split('\n').reverse()
    expect(note).toBe('... (cut: it inflates to more than 10000 bytes)')
    const kept = beginning.reverse().join('\n')
    expect(text.startsWith(kept)).toBe(true)
    expect(Buffer.byteLength(kept)).toBeGreaterThan(2000)
    expect(Buffer.byteLength(kept)).toBeLessThanOrEqual(10_000)
  })

  it('takes no more than the limit out of a bomb', () => {
    expect(inflateText(bomb, 1000).length).toBeLessThan(1100)
  })
})
