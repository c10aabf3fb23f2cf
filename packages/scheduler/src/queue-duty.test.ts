import { silentLogger, systemClock } from '@rq/core'
import { describeDuty } from '@rq/testkit/duty-conformance'
import { describe, expect, it, vi } from 'vitest'
import { type Look, QueueDuty, type QueueDutyOptions, RETRY_MS } from './queue-duty.ts'

const MORE: Look = { count: 1, againAtMs: undefined }

function dutyOf(look: QueueDutyOptions<Look>['look'], more: Partial<QueueDutyOptions<Look>> = {}) {
  const common = { name: 'The test', leads: () => true, pollMs: 1000, clock: systemClock, logger: silentLogger }
  return new QueueDuty({ ...common, queues: ['q'], look, ...more })
}

describeDuty('QueueDuty', (work) =>
  dutyOf(async () => {
    await work()
    return { count: 1, againAtMs: performance.now() + 300 }
  }),
)

describe('QueueDuty', () => {
  it('passes on the last look, unless it has failed or somebody has asked for another one', async () => {
    let nowMs = 0
    const clock = { ...systemClock, monotonicMs: () => nowMs }
    const lasts: (Look | undefined)[] = []
    let act = async (): Promise<Look> => MORE
    const look = async (_queue: string, _stopped: AbortSignal, last: Look | undefined) => {
      lasts.push(last)
      await Promise.resolve()
      return act()
    }
    const duty = dutyOf(look, { clock })
    /** The last look that the next one sees. */
    const lastSeenBy = async (next: typeof act) => {
      act = next
      nowMs += RETRY_MS
      duty.start()
      await duty.stop()
      return lasts.pop()
    }
    const found: Look = { count: 0, againAtMs: 1 }
    const find = async () => found
    expect(await lastSeenBy(find)).toBeUndefined()
    expect(await lastSeenBy(find)).toBe(found)
    const fail = () => Promise.reject(new Error('no'))
    expect(await lastSeenBy(fail)).toBe(found)
    expect(await lastSeenBy(find)).toBeUndefined()
    const findWoken = async () => {
      duty.wake('q')
      return found
    }
    expect(await lastSeenBy(findWoken)).toBe(found)
    expect(await lastSeenBy(find)).toBeUndefined()
    duty.wake('q')
    expect(await lastSeenBy(find)).toBeUndefined()
    await duty.runOnce()
    expect(lasts).toEqual([undefined])
  })

  it('looks at no queue that it does not lead', async () => {
    const looks: string[] = []
    const led = new Set(['a', 'b'])
    const duty = dutyOf(
      async (queue) => {
        looks.push(queue)
        if (looks.length === 4) led.delete('a')
        return looks.length < 8 ? MORE : { count: 1, againAtMs: Number.POSITIVE_INFINITY }
      },
      { queues: ['a', 'b', 'c'], leads: (queue) => led.has(queue) },
    )
    expect(await duty.runOnce()).toBe(8)
    expect(looks).toEqual(['a', 'b', 'a', 'b', 'b', 'b', 'b', 'b'])
  })

  it('rests while it leads no queue', async () => {
    vi.useFakeTimers()
    try {
      let asked = 0
      const leads = () => {
        asked += 1
        return false
      }
      const duty = dutyOf(async () => MORE, { leads, pollMs: 1000 })
      duty.start()
      await vi.advanceTimersByTimeAsync(0)
      const askedAtStart = asked
      await vi.advanceTimersByTimeAsync(999)
      expect(asked).toBe(askedAtStart)
      await vi.advanceTimersByTimeAsync(1)
      expect(asked).toBeGreaterThan(askedAtStart)
      await duty.stop()
    } finally {
      vi.useRealTimers()
    }
  })

  it('ends a run at times that have passed already, when no queue has to be looked at again at once', async () => {
    let looks = 0
    const duty = dutyOf(async () => {
      looks += 1
      return { count: 1, againAtMs: 0 }
    })
    expect(await duty.runOnce()).toBe(1)
    expect(looks).toBe(1)
  })
})
