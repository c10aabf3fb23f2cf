import { randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { aesCodec } from './aes-codec.ts'

const k1 = randomBytes(32)
const k2 = randomBytes(32)
const place = { jobId: 'job', field: 'data' } as const
const text = Buffer.from('a secret of some length')
const codec = aesCodec({ keys: { k1 }, active: 'k1' })
const encoded = codec.encode(text, place) as Buffer

describe('aesCodec', () => {
  it('decodes what it has encoded, and encodes the same bytes in another way each time', () => {
    expect(codec.decode(encoded, place)).toEqual(text)
    expect(encoded.includes('secret')).toBe(false)
    expect(codec.encode(text, place)).not.toEqual(encoded)
    expect(codec.decode(codec.encode(Buffer.alloc(0), place) as Buffer, place)).toEqual(Buffer.alloc(0))
  })

  it('reads what an older key wrote, and writes with the active one', () => {
    const rotated = aesCodec({ keys: { k1, k2 }, active: 'k2' })
    expect(rotated.decode(encoded, place)).toEqual(text)
    expect(() => codec.decode(rotated.encode(text, place) as Buffer, place)).toThrow(
      'it needs the key "k2", which is not among the keys',
    )
  })

  it.each([
    ['another job', { jobId: 'other', field: 'data' }],
    ['another field', { jobId: 'job', field: 'meta' }],
  ] as const)('refuses what was moved to %s', (_what, moved) => {
    expect(() => codec.decode(encoded, moved)).toThrow('it was changed, it belongs to another job or field')
  })

  it('refuses every change of one bit, and every shorter text', () => {
    for (let bit = 0; bit < encoded.length * 8; bit++) {
      const changed = Buffer.from(encoded)
      changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
      expect(() => codec.decode(changed, place)).toThrow(/^it (?:was changed|needs the key)/)
    }
    for (let length = 0; length < encoded.length; length++) {
      expect(() => codec.decode(encoded.subarray(0, length), place)).toThrow(/^it was changed/)
    }
  })

  it('refuses a key of the right id and the wrong bytes', () => {
    const wrong = aesCodec({ keys: { k1: k2 }, active: 'k1' })
    expect(() => wrong.decode(encoded, place)).toThrow('its key is not the one that encrypted it')
  })

  it.each([
    ['base64', k1.toString('base64')],
    ['base64 without padding', k1.toString('base64').replace('=', '')],
    ['base64url', k1.toString('base64url')],
    ['hexadecimal', k1.toString('hex').toUpperCase()],
    ['bytes', Uint8Array.from(k1)],
  ])('takes a key as %s', (_what, key) => {
    expect(aesCodec({ keys: { k1: key }, active: 'k1' }).decode(encoded, place)).toEqual(text)
  })

  it.each([
    ['correct horse battery staple'],
    [k1.toString('base64').slice(4)],
    [k1.subarray(1)],
    ['k'.repeat(32)],
    [''],
    [undefined],
    [1],
  ])('refuses the key %j without showing it', (key) => {
    const make = () => aesCodec({ keys: { k1: key as string }, active: 'k1' })
    expect(make).toThrow(
      expect.objectContaining({
        code: 'RQ_INVALID_OPTION',
        message:
          'Invalid keys.k1: expected 32 bytes, or those bytes as base64 or hexadecimal text. A passphrase is no key. Make one with: openssl rand -base64 32',
      }),
    )
  })

  it.each([
    [undefined, 'keys'],
    [[k1], 'keys'],
    [{}, 'keys'],
    [{ 'a b': k1 }, 'keys'],
  ])('refuses the keys %j', (keys, option) => {
    const make = () => aesCodec({ keys: keys as Record<string, Buffer>, active: 'k1' })
    expect(make).toThrow(expect.objectContaining({ code: 'RQ_INVALID_OPTION', details: { option } }))
  })

  it.each([['k2'], ['toString'], [undefined]])('refuses the active key %j, which is none of the keys', (active) => {
    expect(() => aesCodec({ keys: { k1 }, active: active as string })).toThrow('Invalid active')
  })

  it('shows no key', () => {
    const shown = inspect(codec, { depth: 9, showHidden: true }) + JSON.stringify(codec)
    for (const form of ['hex', 'base64', 'latin1'] as const) expect(shown).not.toContain(k1.toString(form))
    expect(Object.keys(codec)).toEqual(['name', 'encode', 'decode'])
  })
})
