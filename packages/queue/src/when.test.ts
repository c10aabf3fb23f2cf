import fc from 'fast-check'
import { DateTime } from 'luxon'
import { describe, expect, it } from 'vitest'
import { whenMs } from './when.ts'

describe('whenMs', () => {
  it('accepts a Date and a Luxon DateTime', () => {
    const ms = Date.UTC(2030, 0, 2, 3, 4, 5, 678)
    expect(whenMs(new Date(ms), 'when')).toBe(ms)
    expect(whenMs(DateTime.fromMillis(ms, { zone: 'Asia/Tokyo' }), 'when')).toBe(ms)
  })

  it.each([
    ['2030-01-02T03:04:05Z', Date.UTC(2030, 0, 2, 3, 4, 5)],
    ['2030-01-02T03:04:05.678+02:00', Date.UTC(2030, 0, 2, 1, 4, 5, 678)],
    ['2030-01-02T03:04:05.678000Z', Date.UTC(2030, 0, 2, 3, 4, 5, 678)],
    ['2030-01-02T03:04:05.678001Z', Date.UTC(2030, 0, 2, 3, 4, 5, 679)],
    ['2030-01-02T23:59:59.9999Z', Date.UTC(2030, 0, 3)],
    ['2030-01-02T03:04:05.5Z', Date.UTC(2030, 0, 2, 3, 4, 5, 500)],
    ['1969-07-20T20:17:40Z', 0],
    ['2030-01-02 03:04-0530', Date.UTC(2030, 0, 2, 8, 34)],
    ['2030-01-02T03:04:05', new Date(2030, 0, 2, 3, 4, 5).getTime()],
    ['2030-01-02', new Date(2030, 0, 2).getTime()],
  ])('reads %s', (text, ms) => {
    expect(whenMs(text, 'when')).toBe(ms)
  })

  it.each([
    'tomorrow',
    '',
    '2030-02-29',
    '2030-13-01',
    '2030-01-01T24:00',
    '2030-01-01T10:60',
    '1700000000',
    new Date(Number.NaN),
    DateTime.invalid('no such day'),
    1_700_000_000,
    null,
    {},
  ])('refuses %s', (value) => {
    expect(() => whenMs(value as string, 'when')).toThrow(
      expect.objectContaining({ code: 'RQ_INVALID_OPTION', details: { option: 'when' } }),
    )
  })

  it('reads back what Date writes', () => {
    const dates = fc.date({ min: new Date(0), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true })
    fc.assert(fc.property(dates, (date) => whenMs(date.toISOString(), 'when') === date.getTime()))
  })
})
