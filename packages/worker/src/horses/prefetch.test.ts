import { expect, test } from 'vitest'
import { Prefetch } from './prefetch.ts'

test('nothing is handed ahead before a job has ended', () => {
  expect(new Prefetch().depth).toBe(0)
})

test('short jobs are handed ahead up to the most, long ones not at all', () => {
  const prefetch = new Prefetch({ most: 16 })
  prefetch.observe(0.05, 1)
  expect(prefetch.depth).toBe(16)
  prefetch.observe(1000, 1)
  expect(prefetch.depth).toBe(0)
})

test('it comes back slowly after a long one', () => {
  const prefetch = new Prefetch({ most: 16 })
  prefetch.observe(100, 1)
  for (let n = 0; n < 10; n++) prefetch.observe(0.05, 1)
  expect(prefetch.depth).toBe(0)
  for (let n = 0; n < 60; n++) prefetch.observe(0.05, 1)
  expect(prefetch.depth).toBe(16)
})

test('as many as are done in a few milliseconds', () => {
  const prefetch = new Prefetch({ aheadMs: 5 })
  prefetch.observe(1, 1)
  expect(prefetch.depth).toBe(5)
})

test('of jobs that ran at once each counts for its part', () => {
  const prefetch = new Prefetch({ aheadMs: 5 }, 200)
  prefetch.observe(10, 200)
  expect(prefetch.depth).toBe(100)
  // As many slots, but the jobs compute one after the other.
  const computing = new Prefetch({ aheadMs: 5 }, 200)
  computing.observe(10, 1)
  expect(computing.depth).toBe(0)
})

test.each([
  [1, 512],
  [1000, 1000],
])('a horse that runs %d at once gets up to %d ahead', (slots, most) => {
  const prefetch = new Prefetch({}, slots)
  for (let n = 0; n < 60; n++) prefetch.observe(0.001, 1)
  expect(prefetch.depth).toBe(most)
})

test('most 0 turns it off', () => {
  const prefetch = new Prefetch({ most: 0 })
  prefetch.observe(0.01, 1)
  expect(prefetch.depth).toBe(0)
})

test('a horse that is to run another number at once gets as many ahead', () => {
  const prefetch = new Prefetch({}, 1)
  for (let n = 0; n < 60; n++) prefetch.observe(0.001, 1)
  prefetch.resize(1000)
  prefetch.observe(0.001, 1)
  expect(prefetch.depth).toBe(1000)
  prefetch.resize(1)
  expect(prefetch.depth).toBe(512)
})
