import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Deferred, deferred } from './deferred.ts'
import { PeriodicDuty, type PeriodicDutyOptions } from './duty.ts'
import { type Logger, silentLogger } from './logger.ts'
import { LONGEST_TIMER_MS } from './wait.ts'

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

const EVERY_MS = 1000
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)

/** A duty whose runs end at once, and when each began. */
function quick(options: Partial<PeriodicDutyOptions<void>> = {}) {
  const beganMs: number[] = []
  const originMs = performance.now()
  const run = async () => {
    beganMs.push(performance.now() - originMs)
  }
  const duty = new PeriodicDuty({ name: 'The work', everyMs: EVERY_MS, run, logger: silentLogger, ...options })
  return { duty, beganMs }
}

/** A duty whose runs end when the test says so. */
function slow(options: Partial<PeriodicDutyOptions<string>> = {}) {
  const runs: (Deferred<string> & { readonly stopped: AbortSignal })[] = []
  const run = (stopped: AbortSignal) => {
    const end = deferred<string>()
    runs.push({ ...end, stopped })
    return end.promise
  }
  const duty = new PeriodicDuty({ name: 'The work', everyMs: EVERY_MS, run, logger: silentLogger, ...options })
  return { duty, runs }
}

describe('PeriodicDuty', () => {
  it('runs at its interval once it is started, and no more once it is stopped', async () => {
    const { duty, beganMs } = quick()
    await pass(5000)
    expect([duty.isStarted, beganMs]).toEqual([false, []])
    duty.start()
    duty.start()
    await pass(3000)
    expect([duty.isStarted, beganMs]).toEqual([true, [6000, 7000, 8000]])
    await duty.stop()
    await pass(5000)
    expect(beganMs).toHaveLength(3)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('runs at once when started, if wanted', async () => {
    const { duty, beganMs } = quick({ atStart: true })
    duty.start()
    expect(beganMs).toEqual([0])
    await pass(EVERY_MS)
    expect(beganMs).toEqual([0, 1000])
    await duty.stop()
  })

  it('counts the interval from the end of a run, also of one that a caller asked for', async () => {
    const { duty, runs } = slow()
    duty.start()
    await pass(500)
    const asked = duty.runOnce()
    await pass(3000)
    expect(runs).toHaveLength(1)
    runs[0]?.resolve('done')
    expect(await asked).toBe('done')
    await pass(999)
    expect(runs).toHaveLength(1)
    await pass(1)
    expect(runs).toHaveLength(2)
  })

  it('asks for the interval after each run, when it is a function', async () => {
    const waitsMs = [10, 200, 3000, 1]
    const { duty, beganMs } = quick({ everyMs: () => waitsMs.shift() ?? 1e6 })
    duty.start()
    await pass(5000)
    expect(beganMs).toEqual([10, 210, 3210, 3211])
  })

  it('draws a part of each wait', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.5)
    const { duty, beganMs } = quick({ jitter: 0.2 })
    duty.start()
    await pass(2000)
    expect(beganMs).toEqual([900, 1800])
  })

  it('does not run at once when its interval is longer than a timer can be', async () => {
    const { duty, beganMs } = quick({ everyMs: Number.POSITIVE_INFINITY })
    duty.start()
    await pass(LONGEST_TIMER_MS - 1)
    expect(beganMs).toEqual([])
  })

  it('lets callers during a run share it', async () => {
    const { duty, runs } = slow({ atStart: true })
    duty.start()
    const shared = [duty.runOnce(), duty.runOnce()]
    expect(runs).toHaveLength(1)
    runs[0]?.resolve('one')
    expect(await Promise.all(shared)).toEqual(['one', 'one'])
    const next = duty.runOnce()
    runs[1]?.resolve('two')
    expect(await next).toBe('two')
  })

  it('runs for a caller while it is stopped, and goes on in no way', async () => {
    const { duty, beganMs } = quick()
    await duty.runOnce()
    await pass(5000)
    expect(beganMs).toEqual([0])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('stops when the run under way has ended, whose signal fires at once', async () => {
    const { duty, runs } = slow({ atStart: true })
    duty.start()
    let hasStopped = false
    const stopping = duty.stop().then(() => {
      hasStopped = true
    })
    expect(runs[0]?.stopped.aborted).toBe(true)
    await pass(5000)
    expect(hasStopped).toBe(false)
    runs[0]?.reject(new Error('cut off'))
    await stopping
    expect([duty.isRunning, vi.getTimerCount()]).toEqual([false, 0])
  })

  it('goes on when it is started again before the stop is over', async () => {
    const { duty, runs } = slow({ atStart: true })
    duty.start()
    const stopping = duty.stop()
    duty.start()
    expect(runs).toHaveLength(1)
    runs[0]?.resolve('done')
    await stopping
    await pass(1)
    expect(runs).toHaveLength(2)
    expect(runs[1]?.stopped.aborted).toBe(false)
  })

  it('brings a run forward, and never puts it off', async () => {
    const { duty, beganMs } = quick()
    duty.runWithin(1)
    duty.start()
    duty.runWithin(500)
    await pass(100)
    duty.runWithin(500)
    duty.runWithin(5000)
    await pass(300)
    expect(beganMs).toEqual([])
    await pass(100)
    expect(beganMs).toEqual([500])
    duty.runWithin(500)
    duty.runWithin(0)
    expect(beganMs).toEqual([500, 500])
    await pass(1000)
    expect(beganMs).toEqual([500, 500, 1500])
  })

  it('begins another run right after the one under way when it is brought forward during it', async () => {
    const { duty, runs } = slow({ atStart: true })
    duty.start()
    duty.runWithin(300)
    duty.runWithin(20)
    duty.runWithin(400)
    runs[0]?.resolve('done')
    await pass(19)
    expect(runs).toHaveLength(1)
    await pass(1)
    expect(runs).toHaveLength(2)
  })

  it('reports each end, when no run is under way any more', async () => {
    const seen: boolean[] = []
    const { duty, runs } = slow({ onDone: () => seen.push(duty.isRunning) })
    const failing = duty.runOnce()
    runs[0]?.reject(new Error('no'))
    await expect(failing).rejects.toThrow('no')
    const working = duty.runOnce()
    runs[1]?.resolve('done')
    await working
    expect(seen).toEqual([false, false])
  })

  it('logs the first failure in a row, retries after its interval, and logs that the work succeeds again', async () => {
    const lines: string[] = []
    const note = (message: string) => lines.push(message)
    const logger: Logger = { ...silentLogger, warn: note, info: note }
    const outcomes = ['no', 'no', 'yes', 'yes']
    let calls = 0
    const run = async () => {
      if (outcomes[calls++] === 'no') throw new Error('no')
    }
    const { duty } = quick({ run, logger, atStart: true })
    duty.start()
    await pass(3 * EVERY_MS)
    expect(calls).toBe(4)
    expect(lines).toEqual(['The work failed; it will be retried', 'The work works again'])
  })

  it('logs no failure of a run that ends after the stop', async () => {
    const warn = vi.fn()
    const { duty, runs } = slow({ logger: { ...silentLogger, warn }, atStart: true })
    duty.start()
    const stopping = duty.stop()
    runs[0]?.reject(new Error('cut off'))
    await stopping
    await pass(0)
    expect(warn).not.toHaveBeenCalled()
  })

  it('takes work that throws for work that rejects', async () => {
    let calls = 0
    const run = () => {
      calls++
      throw new Error('no')
    }
    const { duty } = quick({ run })
    await expect(duty.runOnce()).rejects.toThrow('no')
    await expect(duty.runOnce()).rejects.toThrow('no')
    expect([calls, duty.isRunning]).toEqual([2, false])
  })
})
