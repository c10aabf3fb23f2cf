import type { SchedulerStore, Storage } from '@rq/job'
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
})
