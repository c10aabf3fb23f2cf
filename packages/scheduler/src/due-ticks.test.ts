import { describe, expect, it } from 'vitest'
import { dueTicks, LATE_MS, MOST_CAUGHT_UP } from './due-ticks.ts'
import { every, onCron } from './recurrence.ts'

const HOUR_MS = 3_600_000
const start = Date.UTC(2030, 0, 1)
const hourly = onCron('0 * * * *')
const at = (afterMs: number) => ({ afterMs, anchorMs: afterMs })

describe('dueTicks', () => {
  it.each(['skip', 'once', 'all'] as const)('enqueues a tick that is due, with %s', (catchUp) => {
    expect(dueTicks(hourly, at(start), start + HOUR_MS - 1, catchUp)).toEqual([])
    expect(dueTicks(hourly, at(start), start + HOUR_MS, catchUp)).toEqual([start + HOUR_MS])
    expect(dueTicks(hourly, at(start), start + HOUR_MS + LATE_MS, catchUp)).toEqual([start + HOUR_MS])
  })

  it('skips ticks that are missed, or catches up with the last one, or with all', () => {
    const now = start + 3 * HOUR_MS + LATE_MS + 1
    expect(dueTicks(hourly, at(start), now, 'skip')).toEqual([])
    expect(dueTicks(hourly, at(start), now, 'once')).toEqual([start + 3 * HOUR_MS])
    expect(dueTicks(hourly, at(start), now, 'all')).toEqual([1, 2, 3].map((n) => start + n * HOUR_MS))
    expect(dueTicks(every(3600), at(start), now, 'all')).toEqual([1, 2, 3].map((n) => start + n * HOUR_MS))
  })

  it('catches up with the newest, a bounded number', () => {
    const ticks = dueTicks(onCron('* * * * * *'), at(start), start + 24 * HOUR_MS, 'all')
    expect(ticks).toHaveLength(MOST_CAUGHT_UP)
    expect(ticks.at(-1)).toBe(start + 24 * HOUR_MS)
  })
})
