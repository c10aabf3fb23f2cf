import { deflateSync } from 'node:zlib'
import { checkLimits, type JobRecord } from '@rq/job'
import type { Codec } from '@rq/serializer'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { decodePayload, decodePayloads, encodePayload, encodeRecord, Undecodable } from './payload-codec.ts'
import { SizeLimits } from './size-limits.ts'

const flip = (bytes: Uint8Array) => bytes.map((byte) => byte ^ 0xff)
const codec: Codec = { name: 'flip', encode: async (bytes) => flip(bytes), decode: flip }
const place = { jobId: 'a', field: 'result' } as const
const record: JobRecord = { id: 'a', origin: 'q', status: 'created', data: '[1]', createdAtMs: 0, results: 'hash' }

afterEach(() => {
  vi.useRealTimers()
})

describe('encodePayload', () => {
  it.each([
    [() => undefined, 'its encode() returned no Uint8Array'],
    [() => 'text', 'its encode() returned no Uint8Array'],
    [async () => 'text', 'its encode() returned no Uint8Array'],
    [() => Promise.reject(new Error('no key')), 'no key'],
    [() => Promise.reject('no key'), 'it threw no Error'],
  ])('refuses what %s returns', async (encode, why) => {
    const odd = { ...codec, encode: encode as never }
    await expect(encodePayload(odd, '1', place)).rejects.toMatchObject({
      code: 'RQ_SERIALIZATION',
      message: `Cannot encode the return value of job a with the codec "flip": ${why}`,
    })
  })

  it('does not wait without end', async () => {
    vi.useFakeTimers()
    const silent = { ...codec, encode: () => new Promise<never>(() => {}) }
    const refused = expect(encodePayload(silent, '1', place)).rejects.toThrow('did not answer within 60 s')
    await vi.advanceTimersByTimeAsync(60_000)
    await refused
  })
})

describe('decodePayload', () => {
  it('reads what encodePayload wrote, and what is not encoded', async () => {
    const encoded = await encodePayload(codec, '"é"', place)
    expect(Buffer.from((await decodePayload(codec, encoded, place)) as Uint8Array).toString()).toBe('"é"')
    expect(await decodePayload(codec, '"é"', place)).toBe('"é"')
  })

  it('keeps the error for the reader, in one line', async () => {
    const encoded = await encodePayload(codec, '1', place)
    const broken = { ...codec, decode: () => Promise.reject(new Error('no key')) }
    const decoded = (await decodePayload(broken, encoded, { ...place, jobId: 'a\nb' })) as Undecodable
    expect(decoded).toBeInstanceOf(Undecodable)
    expect(decoded.error.code).toBe('RQ_DESERIALIZATION')
    expect(decoded.error.message).toMatch(/^Cannot decode the return value of job a\S+b with the codec "flip": no key$/)
  })
})

describe('decodePayloads', () => {
  it('inflates what Python has compressed, encoded or not', async () => {
    const stored = await encodeRecord(codec, { ...record, meta: '{}' })
    const compressed = { ...stored, data: deflateSync(stored.data) }
    const { data, meta } = await decodePayloads(codec, compressed)
    expect([data, meta].map((one) => Buffer.from(one as Uint8Array).toString())).toEqual(['[1]', '{}'])
    const plain = await decodePayloads(codec, { ...record, data: deflateSync('[1]') })
    expect(Buffer.from(plain.data as Uint8Array).toString()).toBe('[1]')
  })

  it('inflates data to the limit of its reader', async () => {
    const limits = new SizeLimits(checkLimits({ inflated: 100 }))
    const { data } = await decodePayloads(codec, { ...record, data: deflateSync(Buffer.alloc(101)) }, limits)
    expect((data as Undecodable).error).toMatchObject({ code: 'RQ_TOO_LARGE', details: { most: 100 } })
  })

  it('keeps the error of data that inflates to too much', async () => {
    const { data } = await decodePayloads(codec, {
      ...record,
      data: deflateSync(Buffer.alloc(65 * 1024 ** 2), { level: 1 }),
    })
    expect((data as Undecodable).error.code).toBe('RQ_TOO_LARGE')
  })
})
