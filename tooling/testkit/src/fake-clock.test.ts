import { expect, test } from 'vitest'
import { FakeClock } from './fake-clock.ts'

test('stands still until it is advanced', () => {
  const clock = new FakeClock(1000)
  expect([clock.nowMs(), clock.monotonicMs()]).toEqual([1000, 0])
  clock.advance(250)
  expect([clock.nowMs(), clock.monotonicMs()]).toEqual([1250, 250])
})

test('jumps without changing the monotonic time', () => {
  const clock = new FakeClock()
  clock.advance(5)
  clock.jumpTo(new Date('2020-01-01T00:00:00Z'))
  expect([clock.nowMs(), clock.monotonicMs()]).toEqual([Date.UTC(2020, 0, 1), 5])
})
