import { describe, expect, it } from 'vitest'
import { systemClock } from './clock.ts'

describe('systemClock', () => {
  it('has the wall-clock time', () => {
    const before = Date.now()
    const nowMs = systemClock.nowMs()
    expect(nowMs).toBeGreaterThanOrEqual(before)
    expect(nowMs).toBeLessThanOrEqual(Date.now())
  })

  it('has a monotonic time that never runs back', () => {
    let last = systemClock.monotonicMs()
    for (let i = 0; i < 1000; i++) {
      const next = systemClock.monotonicMs()
      expect(next).toBeGreaterThanOrEqual(last)
      last = next
    }
  })
})
