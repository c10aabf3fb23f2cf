import { type Logger, silentLogger, systemClock } from '@rq/core'
import type { Promoted, SchedulerStore } from '@rq/job'
import { eventually } from '@rq/testkit'
import { describe, expect, it, vi } from 'vitest'
import { Promoter } from './promoter.ts'

const MORE: Promoted = { moved: 500, waitMs: 0, nowMs: 0 }
const NO_MORE: Promoted = { moved: 0, waitMs: undefined, nowMs: 0 }

function promoterOf(
  queues: readonly string[],
  promoteDue: (queue: string) => Promise<Promoted | 'lost'>,
  logger: Logger = silentLogger,
  { clock = systemClock, hasScheduled = async () => true, pollMs = 60_000 } = {},
) {
  const store = { promoteDue, hasScheduled } as unknown as SchedulerStore
  const lost: string[] = []
  const promoter = new Promoter({
    store,
    queues,
    leader: 'me',
    leads: (queue) => !lost.includes(queue),
    onLost: (queue) => lost.push(queue),
    pollMs,
    clock,
    logger,
  })
  return { promoter, lost }
}

describe('Promoter', () => {
  it('logs the jobs that can never be moved', async () => {
    const errors: string[] = []
    const logger = { ...silentLogger, error: (text: string) => errors.push(text) }
    const setAside = [{ jobId: 'j', reason: 'WRONGTYPE' }]
    const { promoter } = promoterOf(['q'], async () => ({ ...NO_MORE, setAside }), logger)
    await promoter.runOnce()
    expect(errors).toEqual(['q: job j cannot be moved into the queue and has failed: WRONGTYPE'])
  })

  it('lets queues take turns, so that many due jobs of one do not make those of another late', async () => {
    const calls: string[] = []
    let left = 20
    const { promoter } = promoterOf(['big', 'small'], async (queue) => {
      calls.push(queue)
      if (queue === 'small') return NO_MORE
      left -= 1
      if (left === 15) promoter.wake('small')
      return left > 0 ? MORE : NO_MORE
    })
    promoter.start()
    await eventually(() => left === 0)
    await promoter.stop()
    expect(calls.slice(0, 2)).toEqual(['big', 'small'])
    // Five of big, the first small and the second.
    expect(calls.lastIndexOf('small')).toBe(6)
    expect(calls.filter((queue) => queue === 'big')).toHaveLength(20)
  })

  it('is not late with a job that becomes due while another queue is far behind', async () => {
    const calls: string[] = []
    let nowMs = 0
    const { promoter } = promoterOf(
      ['small', 'big'],
      async (queue) => {
        calls.push(queue)
        if (queue === 'small') return { ...NO_MORE, waitMs: 5 }
        nowMs += 1
        return nowMs < 20 ? MORE : NO_MORE
      },
      silentLogger,
      { clock: { ...systemClock, monotonicMs: () => nowMs } },
    )
    await promoter.runOnce()
    // At 0, 5, 10 and 15 ms.
    expect(calls.filter((queue) => queue === 'small')).toHaveLength(4)
  })

  it('moves everything that is due in one go when it is asked to', async () => {
    let left = 3
    const { promoter } = promoterOf(['q'], async () => {
      left -= 1
      return left > 0 ? MORE : NO_MORE
    })
    expect(await promoter.runOnce()).toBe(1000)
  })

  it('counts what it moved when a caller asks during a run, and looks at every queue once more', async () => {
    const moves = new Map<string, number>()
    const { promoter } = promoterOf(['a', 'b'], async (queue) => {
      moves.set(queue, (moves.get(queue) ?? 0) + 1)
      return { ...NO_MORE, moved: 10 }
    })
    promoter.start()
    expect(await promoter.runOnce()).toBe(40)
    expect([...moves.values()]).toEqual([2, 2])
    await promoter.stop()
  })

  it('moves the jobs of other queues when one fails, and reports the failure', async () => {
    let left = 3
    const { promoter } = promoterOf(['broken', 'q'], async (queue) => {
      if (queue === 'broken') throw new Error('no')
      left -= 1
      return left > 0 ? MORE : NO_MORE
    })
    await expect(promoter.runOnce()).rejects.toThrow('no')
    expect(left).toBe(0)
  })

  it('asks only whether there is a scheduled job, while there is none', async () => {
    vi.useFakeTimers()
    try {
      const calls: string[] = []
      let isScheduled = false
      const hasScheduled = async () => {
        calls.push('hasScheduled')
        return isScheduled
      }
      const promoteDue = async () => {
        calls.push('promoteDue')
        return NO_MORE
      }
      const { promoter } = promoterOf(['q'], promoteDue, silentLogger, { hasScheduled, pollMs: 1000 })
      promoter.start()
      await vi.advanceTimersByTimeAsync(2500)
      expect(calls).toEqual(['promoteDue', 'hasScheduled', 'hasScheduled'])
      // A notice came.
      promoter.wake('q')
      await vi.advanceTimersByTimeAsync(0)
      expect(calls.slice(3)).toEqual(['promoteDue'])
      // No notice, as with a job of Python.
      isScheduled = true
      await vi.advanceTimersByTimeAsync(1000)
      expect(calls.slice(4)).toEqual(['hasScheduled', 'promoteDue'])
      await promoter.stop()
    } finally {
      vi.useRealTimers()
    }
  })

  it('begins no further step when it is stopped', async () => {
    let calls = 0
    const { promoter } = promoterOf(['q'], async () => {
      calls += 1
      if (calls === 3) void promoter.stop()
      return MORE
    })
    promoter.start()
    await eventually(() => calls === 3)
    await promoter.stop()
    expect(calls).toBe(3)
  })

  it('looks again when a look has failed, also when a caller had asked for it', async () => {
    let calls = 0
    const { promoter } = promoterOf(['q'], async () => {
      calls += 1
      if (calls === 1) throw new Error('no')
      return NO_MORE
    })
    await expect(promoter.runOnce()).rejects.toThrow('no')
    promoter.start()
    await eventually(() => calls === 2)
    await promoter.stop()
  })

  it('moves nothing in a queue whose lead is lost, until it is woken', async () => {
    const answers: (Promoted | 'lost')[] = ['lost', NO_MORE]
    const { promoter, lost } = promoterOf(['q'], async () => answers.shift() ?? NO_MORE)
    promoter.start()
    await eventually(() => lost.length === 1)
    expect(answers).toHaveLength(1)
    lost.length = 0
    promoter.wake('q')
    await eventually(() => answers.length === 0)
    await promoter.stop()
  })
})
