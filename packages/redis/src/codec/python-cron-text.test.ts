import { describe, expect, it } from 'vitest'
import { pythonCronText } from './python-cron-text.ts'

describe('pythonCronText', () => {
  it.each([
    ['*/5 0-23/2 1,15 * mon-fri', '*/5 0-23/2 1,15 * MON-FRI'],
    [' @Daily ', '@daily'],
    ['30 0 9 * * MON', '0 9 * * MON 30'],
    ['?/5 ? 1 * ?', '*/5 * 1 * *'],
    ['0 0 LW * *', '0 0 L * *'],
    ['0 0 L,15W,1 * *', '0 0 L,15,1 * *'],
    ['0 0 * * FRI#L', '0 0 * * L5'],
    ['0 0 * * 5L', '0 0 * * L5'],
    ['0 0 * * 7L', '0 0 * * L0'],
    ['0 0 * * MON-TUE#L', '0 0 * * L1,L2'],
    ['0 0 * * 1-3#2', '0 0 * * 1#2,2#2,3#2'],
    ['0 0 * * FRI#2,1', '0 0 * * 5,1'],
    ['0 0 * * FRI#2,MON#L', '0 0 * * 5#2,L1'],
    ['0 0 * * 1-2#L,WED', '0 0 * * 1,2,WED'],
    ['0 12 1 * +MON', '0 12 1 * MON'],
  ])('translates %j to %j', (text, translated) => {
    expect(pythonCronText(text)).toBe(translated)
  })
})
