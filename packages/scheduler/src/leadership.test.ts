import { silentLogger } from '@rq/core'
import type { SchedulerIdentity, SchedulerStore } from '@rq/job'
import { eventually, FakeClock } from '@rq/testkit'
import { describe, expect, it, vi } from 'vitest'
import { Leadership } from './leadership.ts'

const scheduler: SchedulerIdentity = { name: 's', queues: ['a', 'b'], pid: 1, hostname: 'h', createdAtMs: 0 }

/** A leadership on a store that answers as the test says, and a clock that the test moves. */
function setUp(granted: () => Promise<readonly string[]>, freeInMs = 5000) {
  const clock = new FakeClock()
  const gained: string[] = []
  let left = 0
  const store = {
    lead: async () => ({ queues: await granted(), freeInMs }),
    stopLeading: async () => {
      left++
      return true
    },
  } as unknown as SchedulerStore
  const onLead = (queues: readonly string[]) => gained.push(...queues)
  const leadership = new Leadership({ store, scheduler, leaseMs: 5000, clock, logger: silentLogger, onLead })
  return { clock, gained, leadership, left: () => left }
}

describe('Leadership', () => {
  it('leads the queues that the store grants, for less than a lease from the time of the call', async () => {
    const { clock, gained, leadership } = setUp(async () => {
      clock.advance(1000)
      return ['a']
    })
    await leadership.runOnce()
    expect(gained).toEqual(['a'])
    expect([leadership.leads('a'), leadership.leads('b')]).toEqual([true, false])
    clock.advance(2999)
    expect(leadership.leads('a')).toBe(true)
    clock.advance(1)
    expect(leadership.leads('a')).toBe(false)
  })

  it('leads nothing after it was frozen, whatever the wall clock shows, and leads again when the store grants it', async () => {
    let mine: readonly string[] = ['a']
    const { clock, gained, leadership } = setUp(async () => mine)
    await leadership.runOnce()
    clock.advance(60_000)
    clock.jumpTo(Date.UTC(2030, 0, 1))
    expect(leadership.queues).toEqual([])
    mine = []
    await leadership.runOnce()
    expect(leadership.leads('a')).toBe(false)
    mine = ['a']
    await leadership.runOnce()
    expect(gained).toEqual(['a', 'a'])
    expect(leadership.leads('a')).toBe(true)
  })

  it('asks for the lock of another one when that ends, and three times in a lease while it leads itself', async () => {
    vi.useFakeTimers()
    try {
      let mine: readonly string[] = []
      let calls = 0
      const { leadership } = setUp(async () => {
        calls++
        return mine
      }, 4700)
      leadership.start()
      await vi.advanceTimersByTimeAsync(4699)
      expect(calls).toBe(1)
      mine = ['a', 'b']
      // Those that stand by spread over 0.2 s.
      await vi.advanceTimersByTimeAsync(201)
      expect(calls).toBe(2)
      await vi.advanceTimersByTimeAsync(5000)
      expect(calls).toBe(5)
      await leadership.stop()
    } finally {
      vi.useRealTimers()
    }
  })

  it('keeps the lead when the wall clock jumps', async () => {
    const { clock, leadership } = setUp(async () => ['a', 'b'])
    await leadership.runOnce()
    clock.jumpTo(Date.UTC(2040, 0, 1))
    expect(leadership.queues).toEqual(['a', 'b'])
  })

  it('frees its locks when it stops, after a renewal that is under way', async () => {
    let answer: (queues: readonly string[]) => void = () => {}
    const { leadership, left } = setUp(() => new Promise((resolve) => (answer = resolve)))
    const renewal = leadership.runOnce()
    const stopped = leadership.stop()
    expect(left()).toBe(0)
    answer(['a'])
    await Promise.all([renewal, stopped])
    expect(left()).toBe(1)
    expect(leadership.leads('a')).toBe(false)
  })

  it('goes on leading when it is started again before it has stopped', async () => {
    let answer: (queues: readonly string[]) => void = () => {}
    const { leadership, left } = setUp(() => new Promise((resolve) => (answer = resolve)))
    leadership.start()
    const stopped = leadership.stop()
    leadership.start()
    answer(['a'])
    await stopped
    expect([left(), leadership.queues]).toEqual([0, ['a']])
    const atLast = leadership.stop()
    answer([])
    await atLast
    expect(left()).toBe(1)
  })

  it('renews at once when it is woken, also after a renewal that was sent before', async () => {
    const answers: ((queues: readonly string[]) => void)[] = []
    const { gained, leadership } = setUp(() => new Promise((resolve) => answers.push(resolve)))
    leadership.wake()
    expect(answers).toHaveLength(0)
    leadership.start()
    expect(answers).toHaveLength(1)
    leadership.wake()
    answers[0]?.([])
    await eventually(() => answers.length === 2)
    answers[1]?.(['a'])
    await eventually(() => gained.length === 1)
    await leadership.stop()
  })
})
