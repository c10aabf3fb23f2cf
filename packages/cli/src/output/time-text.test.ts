import { describe, expect, test } from 'vitest'
import { formatTime, fromNow, localTime, shortDuration, unknownLetter } from './time-text.ts'

const DATE = new Date(2026, 6, 3, 14, 2, 9, 45)

describe('formatTime', () => {
  test.each([
    ['%H:%M:%S', '14:02:09'],
    ['%Y-%m-%d', '2026-07-03'],
    ['%d/%b/%y %I:%M %p', '03/Jul/26 02:02 PM'],
    ['%a %f 100%%', 'Fri 045000 100%'],
    ['no letters', 'no letters'],
  ])('%s', (format, shown) => {
    expect(formatTime(format, DATE)).toBe(shown)
    expect(unknownLetter(format)).toBe(undefined)
  })

  test('formats the offset, and reports unknown directives', () => {
    expect(formatTime('%z', DATE)).toMatch(/^[+-]\d{4}$/)
    expect(unknownLetter('%H %Q')).toBe('Q')
    expect(unknownLetter('50%')).toBe('')
  })
})

describe('localTime', () => {
  test('is local, to the second', () => {
    expect(localTime(DATE)).toBe('2026-07-03 14:02:09')
  })
})

describe('shortDuration', () => {
  test.each([
    [0, '0 ms'],
    [999, '999 ms'],
    [1000, '1 s'],
    [59_999, '59 s'],
    [60_000, '1 min'],
    [3_599_999, '59 min'],
    [7_200_000, '2 h'],
    [172_800_000, '2 d'],
  ])('%i ms', (ms, text) => {
    expect(shortDuration(ms)).toBe(text)
  })

  test('fromNow distinguishes past and future', () => {
    expect(fromNow(new Date(1000), 6000)).toBe('5 s ago')
    expect(fromNow(new Date(7_201_000), 1000)).toBe('in 2 h')
  })
})
