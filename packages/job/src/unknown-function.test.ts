import { MINUTE_MS, SECOND_MS } from '@rq/core'
import { describe, expect, it } from 'vitest'
import type { JobRecord } from './record.ts'
import { type Outcome, type SettleDefaults, settle } from './settlement.ts'
import { isReturn } from './unknown-function.ts'

const TIMES = { startedAtMs: 1000, endedAtMs: 2000 }
const UNKNOWN: Outcome = { ...TIMES, kind: 'unknown_function', error: 'Error: no', remote: '{}' }
const OF_TEN: SettleDefaults = { returnUnknownForMs: 10 * MINUTE_MS, random: () => 0.5 }

function job(facts: Partial<JobRecord> = {}): JobRecord {
  return { id: 'j', origin: 'q', status: 'started', data: '[]', createdAtMs: 1, results: 'hash', ...facts }
}

describe('settle, when the function is unknown', () => {
  it('fails without retries, unless jobs go back', () => {
    const settlement = settle(job({ retriesLeft: 3 }), 'x', UNKNOWN)
    expect(settlement).toMatchObject({ to: 'failed', changes: {}, result: { type: 'failed', excString: 'Error: no' } })
    expect(isReturn(settlement)).toBe(false)
  })

  it('goes back for a pause, counts no attempt, and leaves no result', () => {
    const settlement = settle(job({ retriesLeft: 3, enqueueAtFront: true }), 'x', UNKNOWN, OF_TEN)
    expect(settlement).toMatchObject({ to: 'scheduled', delayMs: SECOND_MS, front: true, counts: 'none' })
    expect(settlement).toMatchObject({ result: undefined, releases: 'none', freesKey: undefined })
    expect(settlement.changes).toEqual({ returnedMs: SECOND_MS, returnForMs: 10 * MINUTE_MS })
    expect(isReturn(settlement)).toBe(true)
  })

  it('goes back for as long as before, 30 s at most, until its time is over', () => {
    const pauses: number[] = []
    let record = job()
    for (;;) {
      const { changes, delayMs, to } = settle(record, 'x', UNKNOWN, OF_TEN)
      if (to === 'failed') break
      pauses.push(delayMs / SECOND_MS)
      record = { ...record, ...changes }
    }
    expect(pauses.slice(0, 8)).toEqual([1, 1, 2, 4, 8, 16, 30, 30])
    expect(pauses.at(-1)).toBe(28)
    expect(record.returnedMs).toBe(10 * MINUTE_MS)
  })

  it('spreads the pauses of many jobs by a quarter', () => {
    const pauseAt = (random: number) => settle(job(), 'x', UNKNOWN, { ...OF_TEN, random: () => random }).delayMs
    expect([pauseAt(0), pauseAt(1)]).toEqual([0.75 * SECOND_MS, 1.25 * SECOND_MS])
  })

  it('has waited for nothing once a worker knew its function', () => {
    const waited = job({ returnedMs: 5000, returnForMs: 9000, retriesLeft: 1, retryMax: 1 })
    const raised: Outcome = { ...TIMES, kind: 'raised', error: 'no' }
    expect(settle(waited, 'x', raised).changes).toEqual({ retriesLeft: 0, returnedMs: 0 })
    expect(settle(job({ retriesLeft: 1, retryMax: 1 }), 'x', raised).changes).toEqual({ retriesLeft: 0 })
    expect(settle(waited, 'x', { ...TIMES, kind: 'returned' }).changes).toEqual({ returnedMs: 0 })
  })
})
