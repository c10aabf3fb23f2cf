import { describe, expect, it } from 'vitest'
import { median, quantile, spread } from './statistics.ts'

describe('quantile', () => {
  it('lies between two values where no value is exactly there', () => {
    expect(median([4, 1, 3, 2])).toBe(2.5)
    expect(quantile([0, 10], 0.99)).toBeCloseTo(9.9)
  })

  it('refuses no values', () => {
    expect(() => median([])).toThrow(RangeError)
  })
})

describe('spread', () => {
  it('is how far the middle half goes to either side', () => {
    expect(spread([90, 95, 100, 105, 110])).toBeCloseTo(0.05)
    expect(spread([0, 0])).toBe(0)
  })
})
