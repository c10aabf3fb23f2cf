import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DAY_MS, durationMs, durationOrUnlimitedS, durationS, HOUR_MS, MINUTE_MS, SECOND_MS } from './duration.ts'

/** An object of the shape of Luxon's `Duration`. */
const luxon = (ms: number) => ({ isValid: !Number.isNaN(ms), toMillis: () => ms })

const SECONDS: readonly [unknown, number][] = [
  [12, 12],
  ['12', 12],
  ['12s', 12],
  ['12m', 720],
  ['1h', 3600],
  ['1H', 3600],
  ['2d', 172_800],
  ['1h30m', 5400],
  ['1d2h3m4s', 93_784],
  [' 5M ', 300],
  ['1.5', 1.5],
  ['100ms', 0.1],
  ['1s500ms', 1.5],
  ['2M1MS', 120.001],
  [0.25, 0.25],
  [0, 0],
  [-0, 0],
  ['0s', 0],
  [luxon(90_000), 90],
  [1000 * 365 * 86_400, 1000 * 365 * 86_400],
]

const throwing = {
  toMillis() {
    throw new Error('no')
  },
}
const revoked = Proxy.revocable({}, {})
revoked.revoke()

const REFUSED: readonly [string, unknown][] = [
  ['a unit before the number', 'h12'],
  ['a unit alone', 'h'],
  ['an unknown unit', '10k'],
  ['a fraction of a millisecond', '0.5ms'],
  ['months, which begin like minutes', '5mo'],
  ['an empty string', ''],
  ['blanks', ' '],
  ['a blank inside', '1h 30m'],
  ['negative text', '-5'],
  ['a sign', '+5'],
  ['a unit on a fraction', '1.5h'],
  ['a number without a unit after one with', '1h30'],
  ['an exponent', '1e3'],
  ['hexadecimal', '0x10'],
  ['digits of another script', '١٢'],
  ['a line break inside', '1h\n1m'],
  ['the word Infinity', 'Infinity'],
  ['too many digits', '9'.repeat(400)],
  ['a negative number', -5],
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['more than 1000 years', 1000 * 365 * 86_400 + 1],
  ['null', null],
  ['undefined', undefined],
  ['true', true],
  ['a BigInt', 12n],
  ['a list', [12]],
  ['an object', { seconds: 12 }],
  ['a Date', new Date(0)],
  ['a function', () => 12],
  ['an invalid Luxon Duration', luxon(Number.NaN)],
  ['a negative Luxon Duration', luxon(-1000)],
  ['a Luxon DateTime', { ...luxon(1.7e12), isLuxonDateTime: true }],
  ['a toMillis that throws', throwing],
  ['a toMillis that gives null', { toMillis: () => null }],
  ['a toMillis that gives a symbol', { toMillis: () => Symbol('s') }],
  ['a toMillis that is no function', { toMillis: 12 }],
  ['a revoked Proxy', revoked.proxy],
]

describe('durationMs', () => {
  it.each(SECONDS)('reads %o as %d seconds', (value, seconds) => {
    expect(durationMs(value as never, 'timeout')).toBe(seconds * SECOND_MS)
  })

  it.each(REFUSED)('refuses %s and names the option', (_what, value) => {
    for (const read of [durationMs, durationS, durationOrUnlimitedS]) {
      expect(() => read(value as never, 'jobTimeout')).toThrow(
        expect.objectContaining({
          name: 'RqError',
          code: 'RQ_INVALID_OPTION',
          message: expect.stringMatching(/^Invalid jobTimeout: got .+, expected seconds as a number/),
          details: { option: 'jobTimeout' },
        }),
      )
    }
  })

  it('adds up every combination of units, in any letter case', () => {
    const units = [
      ['d', DAY_MS],
      ['h', HOUR_MS],
      ['m', MINUTE_MS],
      ['s', SECOND_MS],
      ['ms', 1],
    ] as const
    const part = fc.record({ count: fc.nat(999), unit: fc.constantFrom(...units), upper: fc.boolean() })
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), (parts) => {
        const text = parts.map(({ count, unit: [u], upper }) => `${count}${upper ? u.toUpperCase() : u}`).join('')
        expect(durationMs(text, 'x')).toBe(parts.reduce((ms, { count, unit }) => ms + count * unit[1], 0))
      }),
    )
  })

  it('gives whole milliseconds, not negative, or an RqError, for any string', () => {
    const text = fc.oneof(fc.string(), fc.stringMatching(/^[0-9dhmsDHMS. +-]{0,12}$/))
    fc.assert(
      fc.property(text, (value) => {
        try {
          expect(durationMs(value, 'x')).toSatisfy((ms: number) => Number.isSafeInteger(ms) && ms >= 0)
        } catch (error) {
          expect(error).toMatchObject({ code: 'RQ_INVALID_OPTION' })
        }
      }),
    )
  })

  it('never makes zero of a positive time', () => {
    expect(durationMs(Number.MIN_VALUE, 'x')).toBe(1)
    expect(durationMs('0.0001', 'x')).toBe(1)
  })
})

describe('durationS', () => {
  it('rounds up to whole seconds', () => {
    expect(durationS(1.001, 'x')).toBe(2)
    expect(durationS('90', 'x')).toBe(90)
    expect(durationS(0.0001, 'x')).toBe(1)
    expect(durationS(0, 'x')).toBe(0)
  })

  it('refuses -1, which means no limit elsewhere', () => {
    for (const value of [-1, '-1'])
      expect(() => durationS(value, 'x')).toThrow(expect.objectContaining({ code: 'RQ_INVALID_OPTION' }))
  })
})

describe('durationOrUnlimitedS', () => {
  it('reads -1 as no limit and everything else as seconds', () => {
    expect(durationOrUnlimitedS(-1, 'x')).toBe(-1)
    expect(durationOrUnlimitedS('-1', 'x')).toBe(-1)
    expect(durationOrUnlimitedS('2m', 'x')).toBe(120)
    expect(durationOrUnlimitedS(0, 'x')).toBe(0)
  })

  it('refuses other negative times and mentions -1', () => {
    for (const value of [-2, -0.5, '-2', luxon(-1000)]) {
      expect(() => durationOrUnlimitedS(value, 'resultTtl')).toThrow('-1 means no limit')
    }
  })
})
