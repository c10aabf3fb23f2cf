import { FakeClock } from '@rq/testkit'
import { describe, expect, test, vi } from 'vitest'
import { HeldQueues } from './held-queues.ts'

describe('HeldQueues', () => {
  test('knows why and since when each queue is held back, and tells of changes only', () => {
    const clock = new FakeClock()
    const held = new HeldQueues(clock)
    const onChange = vi.fn()
    held.onChange(onChange)
    held.note('a', undefined)
    expect([held.isEmpty, held.all, onChange.mock.calls.length]).toEqual([true, [], 0])
    const sinceMs = clock.nowMs()
    held.note('a', 'no')
    held.note('a', 'no')
    clock.advance(5000)
    held.note('b', 'failed')
    held.note('a', 'failed')
    expect([held.isEmpty, onChange.mock.calls.length]).toEqual([false, 3])
    expect(held.all).toEqual([
      { queue: 'a', reason: 'failed', sinceMs },
      { queue: 'b', reason: 'failed', sinceMs: sinceMs + 5000 },
    ])
    held.note('a', undefined)
    clock.advance(1000)
    held.note('a', 'no')
    expect(held.all.map(({ queue, sinceMs: since }) => [queue, since - sinceMs])).toEqual([
      ['b', 5000],
      ['a', 6000],
    ])
    held.note('a', undefined)
    held.note('b', undefined)
    expect([held.isEmpty, onChange.mock.calls.length]).toEqual([true, 7])
  })
})
