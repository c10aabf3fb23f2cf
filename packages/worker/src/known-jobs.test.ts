import { expect, test } from 'vitest'
import { shownJobNames } from './known-jobs.ts'

const names = (count: number, name = 'job') => Array.from({ length: count }, (_, index) => `${name}${index}`)

test('a record shows 200 names, and how many others there are', () => {
  expect(shownJobNames(['a', 'b'])).toEqual({ names: ['a', 'b'], more: 0 })
  expect(shownJobNames(names(200))).toEqual({ names: names(200), more: 0 })
  expect(shownJobNames(names(203))).toEqual({ names: names(200), more: 3 })
})

test('a record shows names of 8 KiB as JSON at most', () => {
  for (const long of ['x'.repeat(1000), 'ü'.repeat(500), '"'.repeat(500)]) {
    const { more, names: shown } = shownJobNames(names(20, long))
    expect(Buffer.byteLength(JSON.stringify(shown))).toBeLessThanOrEqual(8 * 1024)
    expect([shown.length, more]).toEqual([8, 12])
  }
  expect(shownJobNames(['x'.repeat(9000), 'small'])).toEqual({ names: [], more: 2 })
})
