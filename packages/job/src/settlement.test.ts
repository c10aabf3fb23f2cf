import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { JobRecord } from './record.ts'
import { type Outcome, settle } from './settlement.ts'
import { canMove, isTerminal } from './status.ts'

const TIMES = { startedAtMs: 1000, endedAtMs: 2000 }
const RETURNED: Outcome = { kind: 'returned', value: '42', ...TIMES }
const RAISED: Outcome = { kind: 'raised', error: 'Error: no', ...TIMES }

function job(fields: Partial<JobRecord> = {}): JobRecord {
  return { id: 'j', origin: 'q', status: 'started', data: '[]', createdAtMs: 0, results: 'hash', ...fields }
}

const waits = (fields: Partial<JobRecord>, outcome: Outcome, times: number): number[] => {
  let record = job(fields)
  return Array.from({ length: times }, () => {
    const settlement = settle(record, 'ex', outcome)
    record = { ...record, ...settlement.changes }
    return settlement.to === 'scheduled' ? settlement.delayMs / 1000 : settlement.to === 'queued' ? 0 : Number.NaN
  })
}

describe('settle', () => {
  it('finishes a job that returned, keeps it 500 s, and releases all dependents', () => {
    expect(settle(job(), 'ex', RETURNED)).toMatchObject({
      jobId: 'j',
      executionId: 'ex',
      queue: 'q',
      to: 'finished',
      keepS: 500,
      releases: 'all',
      counts: 'successful',
      result: { type: 'successful', returnValue: '42' },
    })
  })

  it('prefers the job’s own result ttl to the worker’s, and the worker’s to 500 s', () => {
    expect(settle(job({ resultTtlS: 0 }), 'ex', RETURNED, { resultTtlS: 9 }).keepS).toBe(0)
    expect(settle(job(), 'ex', RETURNED, { resultTtlS: 9 }).keepS).toBe(9)
  })

  it('fails a job that threw, keeps it for a year, and releases only dependents that allow failure', () => {
    expect(settle(job(), 'ex', RAISED)).toMatchObject({ to: 'failed', keepS: 31_536_000, releases: 'allow_failure' })
  })

  it('throws for an outcome of another kind', () => {
    const outcome = { ...RETURNED, kind: 'bogus' } as never
    expect(() => settle(job(), 'ex', outcome)).toThrow('Not an outcome: its kind is "bogus".')
  })

  it('retries without releasing dependents, and keeps the error of the attempt', () => {
    const settlement = settle(job({ retriesLeft: 2, enqueueAtFrontOnRetry: true }), 'ex', { ...RAISED, remote: '{}' })
    expect(settlement).toMatchObject({ to: 'queued', front: true, changes: { retriesLeft: 1 }, releases: 'none' })
    expect(settlement).toMatchObject({
      dialect: 'stream',
      result: { type: 'retried', excString: 'Error: no', remote: '{}' },
    })
  })

  it('notes how many retries a job had that does not say it', () => {
    expect(settle(job({ retriesLeft: 2 }), 'ex', RAISED).changes).toEqual({ retriesLeft: 1, retryMax: 2 })
    expect(settle(job({ retriesLeft: 2, retryMax: 3 }), 'ex', RAISED).changes).toEqual({ retriesLeft: 1 })
  })

  it('fails a job for a final error, and leaves its retries', () => {
    const settlement = settle(job({ retriesLeft: 2 }), 'ex', { ...RAISED, isFinal: true })
    expect(settlement).toMatchObject({ to: 'failed', changes: {}, result: { type: 'failed' } })
  })

  it('retries after the wait that the outcome names', () => {
    const waiting = job({ retriesLeft: 2, retryIntervalsS: [60] })
    expect(settle(waiting, 'ex', { ...RAISED, retryDelayMs: 1500 })).toMatchObject({ to: 'scheduled', delayMs: 1500 })
    expect(settle(waiting, 'ex', { ...RAISED, retryDelayMs: 0 }).to).toBe('queued')
    expect(settle(job(), 'ex', { ...RAISED, retryDelayMs: 1500 }).to).toBe('failed')
  })

  it('repeats the first interval when there are fewer intervals than retries, as RQ does', () => {
    expect(waits({ retriesLeft: 4, retryIntervalsS: [5, 10] }, RAISED, 5)).toEqual([5, 5, 5, 10, Number.NaN])
  })

  it('uses the intervals of a repeat in the order given and reuses the last', () => {
    expect(waits({ repeatsLeft: 4, repeatIntervalsS: [5, 10, 15] }, RETURNED, 5)).toEqual([5, 10, 15, 15, Number.NaN])
  })

  it('uses the intervals of a returned retry in order, reuses the last, and fails after the last', () => {
    const outcome: Outcome = { kind: 'returned_retry', retry: { max: 3, intervalsS: [1, 2] }, ...TIMES }
    expect(waits({}, outcome, 4)).toEqual([1, 2, 2, Number.NaN])
    const last = settle(job({ numberOfRetries: 3 }), 'ex', outcome)
    expect(last).toMatchObject({ to: 'failed', result: { type: 'max_retries_exceeded' } })
  })

  it('never retries a stopped job', () => {
    const outcome: Outcome = { kind: 'stopped', error: 'stopped', ...TIMES }
    const settlement = settle(job({ retriesLeft: 3 }), 'ex', outcome)
    expect(settlement).toMatchObject({ to: 'stopped', releases: 'none', result: { type: 'stopped' } })
  })

  it('retries an abandoned job while it has retries, then requeues it if asked, and otherwise fails it', () => {
    const outcome: Outcome = { kind: 'abandoned', error: 'gone', ...TIMES }
    expect(settle(job({ retriesLeft: 1 }), 'ex', outcome)).toMatchObject({ to: 'queued', changes: { retriesLeft: 0 } })
    expect(settle(job(), 'ex', outcome).to).toBe('failed')
    expect(settle(job(), 'ex', { ...outcome, requeue: true })).toMatchObject({ to: 'queued', front: true })
    expect(settle(job({ retriesLeft: 9 }), 'ex', { ...outcome, requeue: true, poisoned: true }).to).toBe('failed')
  })

  it('clears the count of lost leases when a repeated job succeeds', () => {
    const repeated = settle(job({ repeatsLeft: 2, abandonedCount: 2 }), 'ex', RETURNED)
    expect(repeated.changes).toEqual({ repeatsLeft: 1, repeatsDone: 1, abandonedCount: 0 })
    const failed = settle(job({ retriesLeft: 2, retryMax: 2, abandonedCount: 2 }), 'ex', RAISED)
    expect(failed.changes).toEqual({ retriesLeft: 1 })
  })

  it('makes only legal moves, takes at most one retry, and leaves a result at every end', () => {
    const record = fc.record(
      {
        retriesLeft: fc.nat(3),
        retryIntervalsS: fc.array(fc.nat(100), { minLength: 1, maxLength: 4 }),
        repeatsLeft: fc.nat(3),
        repeatIntervalsS: fc.array(fc.nat(100), { minLength: 1, maxLength: 4 }),
        numberOfRetries: fc.nat(3),
        resultTtlS: fc.integer({ min: -1, max: 100 }),
        failureTtlS: fc.integer({ min: -1, max: 100 }),
      },
      { requiredKeys: [] },
    )
    const outcome = fc.oneof(
      fc.constant(RETURNED),
      fc.constant(RAISED),
      fc.constant<Outcome>({ kind: 'stopped', error: 's', ...TIMES }),
      fc.record({ requeue: fc.boolean(), poisoned: fc.boolean() }).map<Outcome>((flags) => ({
        kind: 'abandoned',
        error: 'a',
        ...flags,
        ...TIMES,
      })),
      fc.nat(3).map<Outcome>((max) => ({ kind: 'returned_retry', retry: { max: max + 1, intervalsS: [0] }, ...TIMES })),
    )
    fc.assert(
      fc.property(record, outcome, (fields, end) => {
        const before = job(fields as Partial<JobRecord>)
        const settlement = settle(before, 'ex', end)
        expect(canMove('started', settlement.to)).toBe(true)
        expect((before.retriesLeft ?? 0) - (settlement.changes.retriesLeft ?? before.retriesLeft ?? 0)).toBeLessThan(2)
        if (isTerminal(settlement.to)) expect(settlement.result).toBeDefined()
        if (settlement.to === 'scheduled') expect(settlement.delayMs).toBeGreaterThan(0)
      }),
    )
  })
})
