import { expect, test } from 'vitest'
import { Prefetch } from './prefetch.ts'

test('nothing is handed ahead before a job has ended', () => {
  expect(new Prefetch().depth).toBe(0)
})

test('short jobs are handed ahead up to the most, long ones not at all', () => {
  const prefetch = new Prefetch({ most: 16 })
  prefetch.observe(0.05)
  expect(prefetch.depth).toBe(16)
  prefetch.observe(1000)
  expect(prefetch.depth).toBe(0)
})

test('it comes back slowly after a long one', () => {
  const prefetch = new Prefetch({ most: 16 })
  prefetch.observe(100)
  for (let n = 0; n < 10; n++) prefetch.observe(0.05)
  expect(prefetch.depth).toBe(0)
  for (let n = 0; n < 60; n++) prefetch.observe(0.05)
  expect(prefetch.depth).toBe(16)
})

test('as many as are done in a few milliseconds', () => {
  const prefetch = new Prefetch({ aheadMs: 5 })
  prefetch.observe(1)
  expect(prefetch.depth).toBe(5)
})

test('a horse that runs several at once gets so many more ahead, but no more than it runs', () => {
  const prefetch = new Prefetch({ aheadMs: 5 }, 200)
  prefetch.observe(10)
  expect(prefetch.depth).toBe(100)
  prefetch.observe(0.01)
  prefetch.observe(0.01)
  for (let n = 0; n < 60; n++) prefetch.observe(0.01)
  expect(prefetch.depth).toBe(200)
})

test('most 0 turns it off', () => {
  const prefetch = new Prefetch({ most: 0 })
  prefetch.observe(0.01)
  expect(prefetch.depth).toBe(0)
})
