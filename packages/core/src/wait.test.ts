import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { deferred } from './deferred.ts'
import { LONGEST_TIMER_MS, pause, startTimer, within, withinOrThrow } from './wait.ts'

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

/** Whether `promise` has settled by now. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false
  const note = () => {
    settled = true
  }
  promise.then(note, note)
  await vi.advanceTimersByTimeAsync(0)
  return settled
}

describe('startTimer', () => {
  it('calls once after its time, also when that is longer than a timer of Node.js can be', async () => {
    const run = vi.fn()
    startTimer(100, run)
    await vi.advanceTimersByTimeAsync(99)
    expect(run).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(LONGEST_TIMER_MS)
    expect(run).toHaveBeenCalledTimes(1)
    const longMs = 2.5 * LONGEST_TIMER_MS
    startTimer(longMs, run)
    await vi.advanceTimersByTimeAsync(longMs - 1)
    expect(run).toHaveBeenCalledTimes(1)
    await vi.advanceTimersByTimeAsync(10)
    expect(run).toHaveBeenCalledTimes(2)
    const endless = startTimer(Number.POSITIVE_INFINITY, run)
    await vi.advanceTimersByTimeAsync(5 * LONGEST_TIMER_MS)
    clearTimeout(endless)
    expect(run).toHaveBeenCalledTimes(2)
  })

  it('ends with clearTimeout', () => {
    clearTimeout(startTimer(100, () => {}))
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('pause', () => {
  it('resolves after its time', async () => {
    const paused = pause(100)
    await vi.advanceTimersByTimeAsync(99)
    expect(await isSettled(paused)).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    expect(await isSettled(paused)).toBe(true)
  })

  it('resolves as soon as its signal fires, and at once when it has fired before', async () => {
    const enough = new AbortController()
    const paused = pause(100, enough.signal)
    expect(await isSettled(paused)).toBe(false)
    enough.abort()
    expect(await isSettled(paused)).toBe(true)
    expect(await isSettled(pause(100, enough.signal))).toBe(true)
  })

  it('takes its listener off a signal that never fires', async () => {
    const { signal } = new AbortController()
    const removed = vi.spyOn(signal, 'removeEventListener')
    const paused = pause(1, signal)
    await vi.advanceTimersByTimeAsync(1)
    await paused
    expect(removed).toHaveBeenCalledOnce()
  })

  it('does not end at once when it is longer than a timer can be', async () => {
    const enough = new AbortController()
    const paused = pause(Number.POSITIVE_INFINITY, enough.signal)
    await vi.advanceTimersByTimeAsync(LONGEST_TIMER_MS - 1)
    expect(await isSettled(paused)).toBe(false)
    enough.abort()
    await paused
  })
})

describe('within', () => {
  it('returns the value of work that ends in time, or throws its error', async () => {
    await expect(within(100, Promise.resolve(7))).resolves.toBe(7)
    await expect(within(100, Promise.reject(new Error('no')))).rejects.toThrow('no')
  })

  it('returns undefined when the time is over, and ignores a later error', async () => {
    const { promise, reject } = deferred<number>()
    const limited = within(100, promise)
    await vi.advanceTimersByTimeAsync(99)
    expect(await isSettled(limited)).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    await expect(limited).resolves.toBeUndefined()
    // Unhandled, it would fail the run.
    reject(new Error('late'))
    await vi.advanceTimersByTimeAsync(0)
  })
})

describe('withinOrThrow', () => {
  it('returns the value of work that ends in time, or throws its error', async () => {
    const late = () => new Error('late')
    await expect(withinOrThrow(100, Promise.resolve(undefined), late)).resolves.toBeUndefined()
    await expect(withinOrThrow(100, Promise.reject(new Error('no')), late)).rejects.toThrow('no')
  })

  it('throws the error that the caller makes when the time is over', async () => {
    const limited = expect(withinOrThrow(100, new Promise(() => {}), () => new Error('late'))).rejects.toThrow('late')
    await vi.advanceTimersByTimeAsync(100)
    await limited
  })
})
