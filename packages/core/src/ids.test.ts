import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkId, checkName, randomHex, randomUuid } from './ids.ts'

const refusal = (option: string) =>
  expect.objectContaining({
    code: 'RQ_INVALID_OPTION',
    details: { option },
    message: expect.stringContaining(`Invalid ${option}:`),
  })

/** No id and no name. */
const NEVER: readonly unknown[] = [
  undefined,
  null,
  7,
  7n,
  true,
  {},
  ['abc'],
  { toString: () => 'abc' },
  Symbol('abc'),
  '',
  'abc\n',
  '\nabc',
  'a\nb',
  'abc\r',
  'a\tb',
  'a\0b',
  'a\x1b[2J',
  'a\x7f',
  'a\x9b',
  'a\u2028b',
  'a\u202eb',
  'a\ufeff',
  'a*b',
  'a?b',
  'a[b]',
  'a{b}',
  'a,b',
  'a;b',
  "a'b",
  'a"b',
  'a\\b',
  'a$b',
  'a<b>',
  'a\ud800',
  'x'.repeat(201),
  'x'.repeat(10_240),
]

describe('randomHex', () => {
  it('gives 32 hex digits and never the same ones, past the end of its block', () => {
    const seen = new Set(Array.from({ length: 1000 }, randomHex))
    expect(seen.size).toBe(1000)
    for (const hex of seen) expect(hex).toMatch(/^[0-9a-f]{32}$/)
  })

  it('is random in every digit', () => {
    const samples = Array.from({ length: 1000 }, randomHex)
    for (let i = 0; i < 32; i++) expect(new Set(samples.map((hex) => hex[i])).size).toBe(16)
  })
})

describe('randomUuid', () => {
  it('gives UUIDs of version 4, all different', () => {
    const seen = new Set(Array.from({ length: 1000 }, randomUuid))
    expect(seen.size).toBe(1000)
    for (const uuid of seen)
      expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(new Set([...seen].map((uuid) => uuid[19])).size).toBe(4)
  })

  it('gives ids that are valid job ids', () => {
    const uuid = randomUuid()
    expect(checkId(uuid, 'jobId')).toBe(uuid)
  })
})

describe('checkId', () => {
  it.each(['a', 'A-Z_09', '_', '-', '__proto__', 'x'.repeat(200)])('takes %s', (id) => {
    expect(checkId(id, 'jobId')).toBe(id)
  })

  it.each([...NEVER, 'a b', ' ', 'a:b', 'a.b', 'a/b', 'a@b', 'é', '١'])('refuses %o', (id) => {
    expect(() => checkId(id, 'jobId')).toThrow(refusal('jobId'))
  })

  it('takes exactly what it says it takes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const legal = [...text].every((c) =>
          'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-'.includes(c),
        )
        if (legal && text !== '') expect(checkId(text, 'id')).toBe(text)
        else expect(() => checkId(text, 'id')).toThrow(refusal('id'))
      }),
    )
  })
})

describe('checkName', () => {
  it.each(['default', 'high-priority', 'eu.mail_2', 'a:b@c/d#e+f g', 'größe', '邮件', '__proto__', 'é'.repeat(200)])(
    'takes %s',
    (name) => {
      expect(checkName(name, 'queue')).toBe(name)
    },
  )

  it.each(NEVER)('refuses %o', (name) => {
    expect(() => checkName(name, 'queue')).toThrow(refusal('queue'))
  })
})
