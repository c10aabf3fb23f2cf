import type { Codec } from '@rq/serializer'
import { describe, expect, it } from 'vitest'
import { decodeErrorText, encodeFacts, withoutEncoded } from './encoded-error.ts'

const flip = (bytes: Uint8Array) => bytes.map((byte) => byte ^ 0xff)
const codec: Codec = { name: 'flip', encode: flip, decode: flip }
const other: Codec = { ...codec, name: 'other' }
const TEXT = 'Error: a\n    at b\n[cause]: c\nError: a'
const facts = { name: 'Error', message: 'a', text: TEXT }

describe('encodeFacts', () => {
  it('leaves the class of the error, in the line where tools look for the summary', async () => {
    const { message, name, text } = await encodeFacts(codec, 'job', facts)
    expect([name, message]).toEqual(['Error', 'encoded with the codec "flip"'])
    expect(text).toMatch(/^rq-codec:flip:\S+\nError: encoded with the codec "flip"$/)
    expect(withoutEncoded(text)).toBe('Error: encoded with the codec "flip"')
    expect(await decodeErrorText(codec, 'job', text)).toBe(TEXT)
    expect(await decodeErrorText(other, 'job', text)).toBe('Error: encoded with the codec "flip"')
  })

  it('leaves out what cannot be encoded, or grows too long by it', async () => {
    const broken = { ...codec, encode: () => Promise.reject(new Error('no key')) }
    const growing = { ...codec, encode: () => new Uint8Array(80 * 1024) }
    for (const odd of [broken, growing]) {
      const { text } = await encodeFacts(odd, 'job', facts)
      expect(text).toBe('Error: left out, since the codec "flip" could not encode it')
    }
    const longest = { ...facts, text: 'x'.repeat(64 * 1024) }
    expect((await encodeFacts(codec, 'job', longest)).text).toMatch(/^rq-codec:/)
  })
})

describe('decodeErrorText', () => {
  it('decodes within a text to which a worker has added', async () => {
    const { text } = await encodeFacts(codec, 'job', facts)
    const both = `The work-horse ended, after:\n${text}\n${text}\nthe end`
    expect(await decodeErrorText(codec, 'job', both)).toBe(`The work-horse ended, after:\n${TEXT}\n${TEXT}\nthe end`)
  })

  it('returns any other text as it is', async () => {
    for (const text of ['', TEXT, 'rq-codec', '\n\n']) expect(await decodeErrorText(codec, 'job', text)).toBe(text)
  })
})
