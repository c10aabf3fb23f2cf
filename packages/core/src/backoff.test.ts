import { afterEach, describe, expect, it, vi } from 'vitest'
import { Backoff } from './backoff.ts'

describe('Backoff', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  it('doubles its waits up to the longest, each drawn from its upper half', () => {
    const low = new Backoff({ firstMs: 100, mostMs: 1000, random: () => 0 })
    const high = new Backoff({ firstMs: 100, mostMs: 1000, random: () => 1 })
    expect([1, 2, 3, 4, 5, 6].map(() => low.nextMs())).toEqual([50, 100, 200, 400, 500, 500])
    expect([1, 2, 3, 4, 5, 6].map(() => high.nextMs())).toEqual([100, 200, 400, 800, 1000, 1000])
  })

  it('counts failures in a row, and begins anew after a success', () => {
    const backoff = new Backoff({ firstMs: 100, mostMs: 1000, random: () => 1 })
    expect(backoff.tries).toBe(0)
    backoff.nextMs()
    backoff.nextMs()
    expect(backoff.tries).toBe(2)
    backoff.reset()
    expect(backoff.tries).toBe(0)
    expect(backoff.nextMs()).toBe(100)
  })

  it('has a finite wait after any number of failures', () => {
    const backoff = new Backoff({ firstMs: 1, mostMs: Number.MAX_VALUE, random: () => 1 })
    const waitsMs = Array.from({ length: 2000 }, () => backoff.nextMs())
    expect(Math.max(...waitsMs)).toBe(2 ** 30)
  })

  it('waits for the time of the next try, or until the signal fires', async () => {
    vi.useFakeTimers()
    const backoff = new Backoff({ firstMs: 100, mostMs: 1000, random: () => 1 })
    const enough = new AbortController()
    const waited = backoff.wait(enough.signal)
    expect(vi.getTimerCount()).toBe(1)
    await vi.advanceTimersByTimeAsync(100)
    await waited
    const cut = backoff.wait(enough.signal)
    enough.abort()
    await cut
    expect(vi.getTimerCount()).toBe(0)
    expect(backoff.tries).toBe(2)
  })
})
