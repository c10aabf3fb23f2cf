import { RqError } from '@rq/core'
import { attempts } from '@rq/testkit'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkCronExpression } from './cron-expression.ts'
import { onCron } from './recurrence.ts'

function refusal(text: unknown): RqError {
  try {
    checkCronExpression(text)
  } catch (error) {
    if (error instanceof RqError) return error
    throw error
  }
  throw new Error(`accepted ${String(text)}`)
}

describe('checkCronExpression', () => {
  it.each([
    ['* * * * *', '* * * * *'],
    ['  */5\t0-23/2  1,15   * mon-fri ', '*/5 0-23/2 1,15 * MON-FRI'],
    ['30 */5 * * * *', '30 */5 * * * *'],
    ['0 0 L * ?', '0 0 L * ?'],
    ['0 0 LW * *', '0 0 LW * *'],
    ['0 0 L,15W,1 * *', '0 0 L,15W,1 * *'],
    ['0 0 * jan-mar,12 0,7', '0 0 * JAN-MAR,12 0,7'],
    ['0 0 * * fri#2,1-2#L,5L', '0 0 * * FRI#2,1-2#L,5L'],
    ['0 12 1 * +MON', '0 12 1 * +MON'],
    ['@Daily', '0 0 * * *'],
    [' @hourly ', '0 * * * *'],
  ])('accepts %j as %j', (text, spelling) => {
    expect(checkCronExpression(text)).toBe(spelling)
    expect(() => onCron(text)).not.toThrow()
  })

  it.each([
    ['60 * * * *', 1, 'minute'],
    ['0 24 * * *', 3, 'hour'],
    ['0 0 0 * *', 5, 'day of month'],
    ['0 0 1 13 *', 7, 'month'],
    ['0 0 * * 8', 9, 'day of week'],
    ['0 0 * * FOO', 9, 'day of week'],
    ['0 0 * MON *', 7, 'month'],
    ['1,2,,3 * * * *', 5, 'minute'],
    ['1, * * * *', 3, 'minute'],
    ['5-1 * * * *', 1, 'minute'],
    ['1-2-3 * * * *', 1, 'minute'],
    ['0 */0 * * *', 3, 'hour'],
    ['*/60 * * * *', 1, 'minute'],
    ['5/5 * * * *', 1, 'minute'],
    ['*/2/2 * * * *', 1, 'minute'],
    ['0 0 1-5W * *', 5, 'day of month'],
    ['0 0 15W,LW * *', 9, 'day of month'],
    ['0 0 * * 1#6', 9, 'day of week'],
    ['0 0 * * #2', 9, 'day of week'],
    ['0 0 * * 1,+2', 11, 'day of week'],
    ['0x5 * * * *', 1, 'minute'],
    ['1e1 * * * *', 1, 'minute'],
    ['-1 * * * *', 1, 'minute'],
    ['  0 99 * * * *', 5, 'minute'],
  ])('refuses %j at position %i, the %s', (text, position, field) => {
    expect(refusal(text)).toMatchObject({ code: 'RQ_INVALID_OPTION', details: { option: 'cron', position, field } })
    expect(refusal(text).message).toContain(`position ${position} (${field})`)
  })

  it.each([
    ['', 1],
    ['* * * *', 8],
    ['* * * * * * *', 13],
    ['@reboot', 1],
    ['*'.repeat(501), 501],
  ])('refuses %j as a whole, with position %i', (text, position) => {
    expect(refusal(text).details).toEqual({ option: 'cron', position })
  })

  it.each([undefined, null, 5, {}, ['* * * * *']])('refuses %j, which is no string', (value) => {
    expect(refusal(value).code).toBe('RQ_INVALID_OPTION')
  })

  it('fails in no other way, whatever the string, and accepts nothing that croner cannot read', () => {
    const anything = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...'0123456789*/-,?LW#+ MONJAFRI@\n') }))
    fc.assert(
      fc.property(anything, (text) => {
        try {
          checkCronExpression(text)
        } catch (error) {
          expect(error).toMatchObject({ code: 'RQ_INVALID_OPTION' })
          return
        }
        try {
          onCron(text)
        } catch (error) {
          expect(String(error)).toContain('there is no such day')
        }
      }),
      { numRuns: attempts(2000) },
    )
  })
})
