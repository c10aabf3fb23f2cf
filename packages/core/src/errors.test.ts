import { readFile } from 'node:fs/promises'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ERROR_CODES, invalidOption, maskUserInfo, RqError, show } from './errors.ts'

const fail = (): never => {
  throw new Error('no')
}
/** A Proxy each of whose traps throws. */
const hostile = (target: object): object => new Proxy(target, new Proxy({}, { get: fail }))
const revoked = Proxy.revocable(() => 1, {})
revoked.revoke()

describe('RqError', () => {
  it('is an Error with a code, and by default not retryable and without details', () => {
    const error = new RqError('RQ_CLOSED', 'The queue is closed.')
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({ name: 'RqError', code: 'RQ_CLOSED', message: 'The queue is closed.' })
    expect(error).toMatchObject({ retryable: false, details: {} })
    expect(Object.hasOwn(error, 'cause')).toBe(false)
    expect(error.stack).toContain('errors.test.ts')
  })

  it('has its cause, details and whether to try again', () => {
    const cause = new Error('ECONNRESET')
    const error = new RqError('RQ_REDIS', 'Lost.', { cause, retryable: true, details: { attempt: 2 } })
    expect(error.cause).toBe(cause)
    expect(error).toMatchObject({ retryable: true, details: { attempt: 2 } })
  })

  it('has its codes listed in the README, each with its meaning', async () => {
    const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8')
    const listed = [...readme.matchAll(/^\| `(RQ_\w+)` \| \S/gm)].map(([, code]) => code)
    expect(listed).toEqual([...ERROR_CODES])
  })

  it('has codes that are distinct and alike in form', () => {
    expect(new Set(ERROR_CODES).size).toBe(ERROR_CODES.length)
    for (const code of ERROR_CODES) expect(code).toMatch(/^RQ(_[A-Z]+)+$/)
  })
})

describe('invalidOption', () => {
  it('says which option, what it got and what it expected', () => {
    expect(invalidOption('jobTimeout', 'h12', 'seconds')).toMatchObject({
      code: 'RQ_INVALID_OPTION',
      message: 'Invalid jobTimeout: got "h12", expected seconds.',
      details: { option: 'jobTimeout' },
    })
  })
})

describe('maskUserInfo', () => {
  it('hides what stands before the host of a URL, wherever that is', () => {
    expect(maskUserInfo('no redis://ann:p/s@h:1/0 here')).toBe('no redis://***@h:1/0 here')
    expect(maskUserInfo('ann@example.org, redis://h')).toBe('ann@example.org, redis://h')
    expect(maskUserInfo('redis://***:***@h or redis://[u:p@]h')).toBe('redis://***:***@h or redis://[u:p@]h')
    expect(maskUserInfo('a://u:p@h,b://v:q@i "c://w@j"')).toBe('a://***@i "c://***@j"')
  })

  it('takes a time that grows no faster than the text', () => {
    const schemes = '://'.repeat(1_000_000)
    expect(maskUserInfo(schemes)).toBe(schemes)
    expect(maskUserInfo(`${schemes}@h`)).toBe('://***@h')
    expect(show('redis://:secret@h')).toBe('"redis://***@h"')
  })
})

describe('show', () => {
  it.each([
    ['text', '"text"'],
    ['two\nlines', '"two\\nlines"'],
    [12, '12'],
    [-0.5, '-0.5'],
    [Number.NaN, 'NaN'],
    [12n, '12n'],
    [true, 'true'],
    [null, 'null'],
    [undefined, 'undefined'],
    [Symbol('s'), 'Symbol(s)'],
    [[1, 2], 'an array of 2'],
    [{ password: 'secret' }, 'an object'],
    [new Date(0), '1970-01-01T00:00:00.000Z'],
    [new Date('no'), 'an invalid Date'],
    [Object.assign(new Date(0), { toISOString: () => 'secret' }), '1970-01-01T00:00:00.000Z'],
    [function send() {}, 'function send'],
    [() => 1, 'an anonymous function'],
  ])('shows %o as %s', (value, text) => {
    expect(show(value)).toBe(text)
  })

  it.each([
    ['a Proxy of an object', hostile({}), 'an object'],
    ['a Proxy of a list', hostile([]), 'an unreadable value'],
    ['a Proxy of a function', hostile(() => 1), 'an unreadable value'],
    ['a revoked Proxy', revoked.proxy, 'an unreadable value'],
    [
      'a function with a getter for a name',
      Object.defineProperty(() => 1, 'name', { get: fail }),
      'an unreadable value',
    ],
    [
      'a class with a static name',
      Object.defineProperty(class {}, 'name', { value: Symbol('s') }),
      'an unreadable value',
    ],
    ['an object whose toString throws', { toString: fail, toJSON: fail }, 'an object'],
  ])('never throws: %s', (_what, value, text) => {
    expect(show(value)).toBe(text)
  })

  it('stays short and on one line whatever the value', () => {
    const long = `a\n${'x'.repeat(1000)}`
    const named = Object.defineProperty(() => 1, 'name', { value: long })
    for (const value of [long, named, Symbol(long), 10n ** 1000n, -(10n ** 1000n)]) {
      expect(show(value).length).toBeLessThan(100)
      expect(show(value)).not.toContain('\n')
    }
  })

  it('shows characters that it does not let through as their codes', () => {
    expect(show(Symbol('\x1b[2J\u{e0001}'))).toBe('Symbol(\\u{1b}[2J\\u{e0001})')
  })

  it('lets no control or direction character through', () => {
    const evil = 'a\x1b[2J\x07\x7f\x9b\u2028\u2029\u202e\u2066\u{e0001}\ud800\ufeff\0b'
    for (const value of [evil, Symbol(evil), Object.defineProperty(() => 1, 'name', { value: evil })]) {
      expect(show(value)).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u)
    }
  })

  it('shows any value', () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withNullPrototype: true, withTypedArray: true }), (value) => {
        expect(show(value)).toMatch(/^.{1,100}$/)
      }),
    )
  })
})
