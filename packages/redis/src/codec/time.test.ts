import { describe, expect, test } from 'vitest'
import { formatTime, parseTime } from './time.ts'

describe('parseTime', () => {
  test('reads six digits of fraction, and formatTime gives them back', () => {
    for (const text of [
      '2026-11-24T01:02:03.123456Z',
      '2026-11-24T01:02:03.000001Z',
      '2026-11-24T01:02:03.999999Z',
      '2026-11-24T01:02:03.500000Z',
      '1969-12-31T23:59:59.999001Z',
      '2199-12-31T23:59:59.000999Z',
    ]) {
      expect(formatTime(parseTime(text) ?? Number.NaN)).toBe(text)
    }
  })

  test('gives whole milliseconds to a Date', () => {
    const ms = parseTime('2026-11-24T01:02:03.123999Z') ?? Number.NaN
    expect(new Date(ms).toISOString()).toBe('2026-11-24T01:02:03.123Z')
  })

  test('reads what has fewer digits, or none', () => {
    expect(parseTime('2026-11-24T01:02:03Z')).toBe(Date.UTC(2026, 10, 24, 1, 2, 3))
    expect(parseTime('2026-11-24T01:02:03.25Z')).toBe(Date.UTC(2026, 10, 24, 1, 2, 3, 250))
    expect(parseTime('2026-11-24T01:02:03.1+00:00')).toBe(Date.UTC(2026, 10, 24, 1, 2, 3, 100))
  })

  test('says of anything else that it is no time', () => {
    for (const text of ['', 'now', '2026-13-45T01:02:03.000000Z', '27 characters of no time at', '.'.repeat(27)]) {
      expect(parseTime(text)).toBeUndefined()
    }
  })

  test('says so, too, of a text whose second is the one that was read last', () => {
    expect(parseTime('2026-11-24T01:02:03.000001Z')).toBeDefined()
    expect(parseTime('2026-11-24T01:02:03.0x0y01Z')).toBeUndefined()
  })
})
