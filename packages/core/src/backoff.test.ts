import { expect, test } from 'vitest'
import { Backoff } from './backoff.ts'

test('waits double up to the cap, each drawn from its upper half', () => {
  const low = new Backoff({ firstMs: 100, mostMs: 1000, random: () => 0 })
  const high = new Backoff({ firstMs: 100, mostMs: 1000, random: () => 1 })
  expect([1, 2, 3, 4, 5, 6].map(() => low.nextMs())).toEqual([50, 100, 200, 400, 500, 500])
  expect([1, 2, 3, 4, 5, 6].map(() => high.nextMs())).toEqual([100, 200, 400, 800, 1000, 1000])
  high.reset()
  expect(high.nextMs()).toBe(100)
})
