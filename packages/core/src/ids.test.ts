import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { checkId, checkName, newId, randomHex } from './ids.ts'

const refusal = (option: string) =>
  expect.objectContaining({
    code: 'RQ_INVALID_OPTION',
    details: { option },
    message: expect.stringContaining(`Invalid ${option}:`),
  })

/** Neither ids nor names. */
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
  it('has 32 hex digits, never the same ones, past the end of its block', () => {
    const seen = new Set(Array.from({ length: 1000 }, randomHex))
    expect(seen.size).toBe(1000)
    for (const hex of seen) expect(hex).toMatch(/^[0-9a-f]{32}$/)
  })

  it('is random in every digit', () => {
    const samples = Array.from({ length: 1000 }, randomHex)
    for (let i = 0; i < 32; i++) expect(new Set(samples.map((hex) => hex[i])).size).toBe(16)
  })
})

describe('newId', () => {
  it('has 20 letters and digits that are a valid job id, never the same ones', () => {
    const seen = new Set(Array.from({ length: 1000 }, newId))
    expect(seen.size).toBe(1000)
    for (const id of seen) {
      expect(id).toMatch(/^[0-9A-Za-z]{20}$/)
      expect(checkId(id, 'jobId')).toBe(id)
    }
  })

  it('is random in every digit behind the time', () => {
    const samples = Array.from({ length: 5000 }, newId)
    for (let i = 7; i < 20; i++) expect(new Set(samples.map((id) => id[i])).size).toBe(62)
  })

  it('sorts by time', () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const times = ['2020-01-01', '2026-11-24T10:00:00.000Z', '2026-11-24T10:00:00.001Z', '2026-11-25', '2080-12-31']
    const ids = times.map((time) => {
      vi.setSystemTime(new Date(time))
      return newId()
    })
    vi.useRealTimers()
    expect([...ids].sort()).toEqual(ids)
  })
})

describe('checkId', () => {
  it.each(['a', 'A-Z_09', '_', '-', '__proto__', 'x'.repeat(200)])('accepts %s', (id) => {
    expect(checkId(id, 'jobId')).toBe(id)
  })

  it.each([...NEVER, 'a b', ' ', 'a:b', 'a.b', 'a/b', 'a@b', 'é', '١'])('refuses %o', (id) => {
    expect(() => checkId(id, 'jobId')).toThrow(refusal('jobId'))
  })

  it('says why, and names an id to use instead', () => {
    expect(() => checkId('user.42@acme:7', 'jobId')).toThrow(
      'Invalid jobId: got "user.42@acme:7", expected 1 to 200 letters, digits, "_" or "-" (such as "user-42-acme-7"), since a Python worker stops at any other id.',
    )
  })

  // The unit `binary` of fast-check takes seconds to set up.
  const character = fc.oneof(fc.constantFrom(...'azAZ09_-'), fc.nat(0x10ffff).map(String.fromCodePoint))

  it('accepts exactly the characters that its error names', () => {
    fc.assert(
      fc.property(fc.string({ unit: character }), (text) => {
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
  it.each([
    'default',
    'high-priority',
    'eu.mail_2',
    'a:b@c/d#e+f g',
    'größe',
    'gro\u0308ße',
    'हिन्दी',
    '邮件',
    '__proto__',
    'é'.repeat(200),
  ])('accepts %s', (name) => {
    expect(checkName(name, 'queue')).toBe(name)
  })

  it.each(['redis://ann:secret@host', 'rediss://:secret@host/1', 'UNIX:///secret.sock', 'redis://host?p=secret'])(
    'does not repeat the URL %s',
    (name) => {
      expect(() => checkName(name, 'queue')).toThrow(
        expect.objectContaining({
          code: 'RQ_INVALID_OPTION',
          message: 'Invalid queue: got a URL, expected a name. The address of Redis goes into the option connection.',
        }),
      )
    },
  )

  it.each(NEVER)('refuses %o', (name) => {
    expect(() => checkName(name, 'queue')).toThrow(refusal('queue'))
  })
})
