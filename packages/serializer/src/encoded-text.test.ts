import { describe, expect, it } from 'vitest'
import { checkCodec } from './codec.ts'
import { encodedText, isEncoded, readEncoded } from './encoded-text.ts'

const encoded = { codec: 'aes', bytes: Buffer.of(0, 1, 255, 254) }
const text = encodedText(encoded, 'data')

describe('encodedText', () => {
  it('is a text that says which codec wrote it, and is read from text and from bytes', () => {
    expect(text).toBe('rq-codec:aes:AAH//g==')
    expect(readEncoded(text, 'data')).toEqual(encoded)
    expect(readEncoded(Buffer.from(text), 'data')).toEqual(encoded)
    expect(readEncoded(new Uint8Array(Buffer.from(text)), 'data')).toEqual(encoded)
  })

  it('is a JSON string for meta, which Python reads whenever it fetches a job', () => {
    const meta = encodedText(encoded, 'meta')
    expect(meta).toBe('"rq-codec:aes:AAH//g=="')
    expect(readEncoded(meta, 'meta')).toEqual(encoded)
    expect(readEncoded(Buffer.from(meta), 'meta')).toEqual(encoded)
    expect([isEncoded(text, 'meta'), isEncoded(meta, 'result')]).toEqual([false, false])
  })

  it.each(['', 'r', '["rq-codec:aes:AA=="]', 'rq-code', ' rq-codec:aes:AA==', 'x\x9c', '\x80\x04'])(
    'differs from %j',
    (other) => {
      expect(isEncoded(other, 'data')).toBe(false)
      expect(isEncoded(Buffer.from(other, 'latin1'), 'data')).toBe(false)
      expect(readEncoded(other, 'data')).toBeUndefined()
    },
  )

  it.each([
    'rq-codec:',
    'rq-codec:aes',
    'rq-codec:AES:AA==',
    'rq-codec:a\nb:AA==',
    'rq-codec:aes:A*==',
    'rq-codec:aes:AA==\n',
  ])('finds %j encoded, and damaged', (damaged) => {
    expect(isEncoded(damaged, 'data')).toBe(true)
    expect(readEncoded(damaged, 'data')).toBeUndefined()
  })
})

describe('checkCodec', () => {
  const codec = { name: 'own-1', encode: (bytes: Uint8Array) => bytes, decode: (bytes: Uint8Array) => bytes }

  it('returns a codec', () => {
    expect(checkCodec(codec)).toBe(codec)
  })

  it.each([undefined, null, 'aes', {}, { ...codec, name: 'a:b' }, { ...codec, name: '' }, { ...codec, decode: 1 }])(
    'refuses %j',
    (value) => {
      expect(() => checkCodec(value)).toThrow(expect.objectContaining({ code: 'RQ_INVALID_OPTION' }))
    },
  )
})
