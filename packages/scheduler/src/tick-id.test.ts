import { checkId } from '@rq/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { idStart, tickId } from './tick-id.ts'

describe('tickId', () => {
  it('is readable, and the same for the same name, slot and time', () => {
    const id = tickId(idStart('./jobs/email#send', 1), Date.UTC(2030, 0, 2, 3, 4, 5))
    expect(id).toMatch(/^cron-jobs-email-send-[0-9a-f]{10}-20300102T030405Z$/)
    expect(tickId(idStart('./jobs/email#send', 1), Date.UTC(2030, 0, 2, 3, 4, 5))).toBe(id)
  })

  it('is different for names and slots that look alike as ids', () => {
    const starts = [
      idStart('a.b', 1),
      idStart('a#b', 1),
      idStart('a-b', 1),
      idStart('a-b', 2),
      idStart('é', 1),
      idStart('è', 1),
    ]
    expect(new Set(starts).size).toBe(starts.length)
  })

  it('is an id that RQ accepts, whatever the name', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), fc.integer({ min: 0, max: 4e12 }), (name, ms) => {
        const id = tickId(idStart(name, 1), ms)
        expect(checkId(id, 'jobId')).toBe(id)
      }),
    )
  })
})
