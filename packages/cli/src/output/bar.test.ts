import { describe, expect, test } from 'vitest'
import { bar, cellsFor, scaleFor } from './bar.ts'

describe('scaleFor', () => {
  test.each([
    [0, 20],
    [20, 20],
    [21, 50],
    [100, 100],
    [101, 200],
    [399, 400],
    [600, 600],
    [601, 800],
    [1000, 1000],
    [1001, 1001],
  ])('%i jobs are drawn on a scale to %i', (largest, scale) => {
    expect(scaleFor(largest)).toBe(scale)
  })
})

describe('bar', () => {
  test('has a cell for each part of the scale, at most 20', () => {
    expect(bar(0, 20, 20)).toBe('')
    expect(bar(5, 20, 20)).toBe('█████')
    expect(bar(20, 20, 20)).toHaveLength(20)
    expect(bar(25, 50, 20)).toHaveLength(10)
    expect(bar(5000, 5000, 20)).toHaveLength(20)
  })

  test('shrinks with the terminal, to zero', () => {
    expect(cellsFor(200, 60)).toBe(20)
    expect(cellsFor(Number.POSITIVE_INFINITY, 60)).toBe(20)
    expect(cellsFor(70, 60)).toBe(10)
    expect(cellsFor(10, 60)).toBe(0)
    expect(bar(20, 20, cellsFor(70, 60))).toHaveLength(10)
    expect(bar(20, 20, cellsFor(10, 60))).toBe('')
  })
})
