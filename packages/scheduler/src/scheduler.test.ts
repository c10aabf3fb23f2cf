import type { SchedulerStore, Storage } from '@rq/job'
import { FakeClock } from '@rq/testkit'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Scheduler } from './scheduler.ts'

describe('Scheduler', () => {
  it('is named by its process id, three zeros and random digits', () => {
    const names = Array.from({ length: 50 }, () => new Scheduler('q', { storage: {} as Storage }).name)
    expect(new Set(names).size).toBe(50)
    for (const name of names) expect(name).toMatch(new RegExp(`^${process.pid}000\\d{20}$`))
  })

  beforeEach(() => {
    vi.useFakeTimers()
  })

  afterEach(() => {
    vi.useRealTimers()
  })

  it.each(['lead', 'promoteDue', 'stopLeading'] as const)(
    'stops within a second when the store never answers %s',
    async (name) => {
      const answers = {
        onNotice: async () => async () => {},
        lead: async () => ({ queues: ['q'], freeInMs: 5000 }),
        hasScheduled: async () => false,
        promoteDue: async () => ({ moved: 0, nowMs: 0 }),
        stopLeading: async () => true,
      }
      const called = vi.fn(() => new Promise(() => {}))
      const schedules = { ...answers, [name]: called } as unknown as SchedulerStore
      const scheduler = new Scheduler('q', { storage: { schedules } as Storage })
      await scheduler.start()
      await vi.advanceTimersByTimeAsync(100)
      let hasStopped = false
      const stopping = scheduler.stop().then(() => {
        hasStopped = true
      })
      await vi.advanceTimersByTimeAsync(499)
      expect(called).toHaveBeenCalled()
      expect(hasStopped).toBe(false)
      await vi.advanceTimersByTimeAsync(501)
      await stopping
      expect(vi.getTimerCount()).toBe(0)
    },
  )

  it.each([
    ['renews its lead and moves all that is due', ['q'], 10],
    ['ends when another scheduler leads by then', [], 4],
  ])('in one run that takes longer than a lease, %s', async (_, grantedLater, moved) => {
    const clock = new FakeClock()
    let granted: readonly string[] = ['q']
    let left = 10
    const schedules = {
      lead: async () => {
        const queues = granted
        granted = grantedLater
        return { queues, freeInMs: 5000 }
      },
      promoteDue: async () => {
        clock.advance(1000)
        left--
        return { moved: 1, nowMs: clock.nowMs(), waitMs: left === 0 ? undefined : 0 }
      },
    } as unknown as SchedulerStore
    const recurring = { due: async () => ({ due: [], nowMs: clock.nowMs() }) } as unknown as Storage['recurring']
    const scheduler = new Scheduler('q', { storage: { schedules, recurring } as Storage, clock, leaseMs: 5000 })
    expect(await scheduler.runOnce()).toBe(moved)
  })
})
