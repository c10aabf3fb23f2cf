import { type Logger, silentLogger, systemClock } from '@rq/core'
import type { DueSchedule, DueSchedules, ScheduleStore, ScheduleTick } from '@rq/job'
import { eventually } from '@rq/testkit'
import { describe, expect, it } from 'vitest'
import { ScheduleTicker } from './schedule-ticker.ts'

const NOW_MS = Date.UTC(2030, 0, 1)
const HOUR_MS = 3_600_000
const NONE: DueSchedules = { due: [], waitMs: undefined, nowMs: NOW_MS }

const schedule = (name: string, more: Partial<DueSchedule> = {}): DueSchedule => ({
  ...{ name, revision: 'r', anchorMs: NOW_MS, nextMs: NOW_MS, count: 0 },
  rule: { everyS: 3600, catchUp: 'skip', overlap: 'allow' },
  ...more,
})
const dueNow = (...due: DueSchedule[]): DueSchedules => ({ due, waitMs: 0, nowMs: NOW_MS })

function tickerOf(queues: readonly string[], store: Partial<ScheduleStore>, logger: Logger = silentLogger) {
  const full = { tick: async () => 'enqueued', park: async () => {}, ...store } as unknown as ScheduleStore
  return new ScheduleTicker({ store: full, queues, leads: () => true, clock: systemClock, logger })
}

/** A promise that the test settles. */
function gate() {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { open: () => open(), opened }
}

describe('ScheduleTicker', () => {
  it('enqueues what is due in every queue, step by step', async () => {
    const left = new Map([
      ['a', 3],
      ['b', 1],
    ])
    const ticks: ScheduleTick[] = []
    const ticker = tickerOf(['a', 'b'], {
      async due(queue) {
        const more = left.get(queue) ?? 0
        left.set(queue, more - 1)
        return more > 0 ? dueNow(schedule(queue)) : NONE
      },
      async tick(tick) {
        ticks.push(tick)
        return 'enqueued'
      },
    })
    expect(await ticker.runOnce()).toBe(4)
    expect(ticks.map((tick) => tick.name).sort()).toEqual(['a', 'a', 'a', 'b'])
    expect(ticks[0]).toMatchObject({ job: { tickMs: NOW_MS }, thenMs: NOW_MS + HOUR_MS })
  })

  it('stops when the looks at all queues have ended, also when one of them has failed', async () => {
    const { open, opened } = gate()
    const ended: string[] = []
    const ticker = tickerOf(['broken', 'slow'], {
      async due(queue) {
        if (queue === 'broken') throw new Error('no')
        await opened
        ended.push(queue)
        return NONE
      },
    })
    const run = ticker.runOnce().catch((error) => ended.push(String(error)))
    const stopped = ticker.stop().then(() => ended.push('stopped'))
    setImmediate(open)
    await Promise.all([run, stopped])
    expect(ended).toEqual(['slow', 'Error: no', 'stopped'])
  })

  it('looks at a queue that is woken while another one is far behind', async () => {
    let left = 20
    const looks: string[] = []
    const ticker = tickerOf(['behind', 'q'], {
      async due(queue) {
        looks.push(queue)
        if (queue === 'q') return NONE
        left -= 1
        if (left === 15) ticker.wake('q')
        return left > 0 ? dueNow(schedule('s')) : NONE
      },
    })
    ticker.start()
    await eventually(() => left === 0)
    await ticker.stop()
    expect(looks.lastIndexOf('q')).toBeLessThan(looks.lastIndexOf('behind'))
  })

  it('ends no run before its ticks, also when a schedule cannot be parked', async () => {
    const { open, opened } = gate()
    const ended: string[] = []
    const errors: string[] = []
    const logger = { ...silentLogger, error: (text: string) => errors.push(text) }
    const store: Partial<ScheduleStore> = {
      due: async () => dueNow(schedule('damaged', { rule: undefined }), schedule('whole')),
      async tick() {
        await opened
        ended.push('tick')
        return 'enqueued'
      },
      async park() {
        throw new Error('no')
      },
    }
    const run = tickerOf(['q'], store, logger).runOnce()
    setImmediate(open)
    await run.then(
      (count) => ended.push(`enqueued ${count}`),
      () => ended.push('failed'),
    )
    expect(ended).toEqual(['tick', 'enqueued 1'])
    expect(errors).toEqual(['The schedule damaged cannot be read; it enqueues nothing until it is written again'])
  })
})
