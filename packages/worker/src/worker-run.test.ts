import { DAY_MS, deferred, LONGEST_TIMER_MS, SECOND_MS } from '@rq/core'
import { TestStorage } from '@rq/testkit/memory-storage'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Worker } from './worker.ts'

const MONTH_MS = 30 * DAY_MS

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] })
})

afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

/** A worker whose lengths of time are longer than a timer can be, and whose only job ends when the test says so. */
function slowWorker() {
  const store = new TestStorage()
  const end = deferred<void>()
  const worker = new Worker('default', {
    storage: store,
    serializer: 'json',
    horse: 'inline',
    processTitle: false,
    functions: { hold: () => end.promise },
    gracePeriod: '30d',
    maintenanceInterval: '30d',
    jobMonitoringInterval: MONTH_MS / SECOND_MS,
    leaseMs: 100 * DAY_MS,
  })
  const started = new Promise((resolve) => worker.once('job:started', resolve))
  const finished = new Promise((resolve) => worker.once('job:finished', resolve))
  return { store, worker, started, finished, end }
}

describe('WorkerRun', () => {
  test('a grace period of a month does not end at once', async () => {
    const { end, finished, started, store, worker } = slowWorker()
    const id = store.enqueue('hold')
    const working = worker.work()
    await started
    const stopped = worker.stop()
    await vi.advanceTimersByTimeAsync(10 * SECOND_MS)
    expect(store.status(id)).toBe('started')
    end.resolve()
    await finished
    await Promise.all([stopped, working])
  })

  test('no interval or limit asks for a timer that is longer than Node.js has', async () => {
    const timers = [vi.spyOn(globalThis, 'setTimeout'), vi.spyOn(globalThis, 'setInterval')]
    const { end, finished, started, store, worker } = slowWorker()
    store.enqueue('hold', { timeoutS: MONTH_MS / SECOND_MS })
    const working = worker.work({ maxIdleTime: '30d' })
    await started
    end.resolve()
    await finished
    await vi.advanceTimersByTimeAsync(SECOND_MS)
    const delays = timers.flatMap(({ mock }) => mock.calls.map(([, ms = 0]) => ms))
    // A month is waited for in two parts.
    expect(delays).toContain(MONTH_MS / 2)
    expect(Math.max(...delays)).toBeLessThanOrEqual(LONGEST_TIMER_MS)
    await Promise.all([worker.stop(), working])
  })
})
