import type { Run } from '@rq/testkit'
import { describe, expect, test } from 'vitest'
import type { KindName } from './kinds.ts'
import type { Order } from './orders.ts'
import type { Trouble } from './troubles.ts'
import { type Evidence, judge } from './verdict.ts'

const WORKER = 10
const HORSE = 11

function order(kind: KindName, ackedMs: number | undefined = 1, id = 'job'): Order {
  return { id, kind, intendedMs: 0, ackedMs }
}

function run(beganMs: number, rest: Partial<Run> = {}): Run {
  const times = { beganMs, lastMs: beganMs + 100, hasEnded: true, threw: false }
  return { jobId: 'job', pid: HORSE, parentPid: WORKER, ...times, ...rest }
}

function trouble(kind: Trouble['kind'], pid: number, fromMs: number, toMs = fromMs): Trouble {
  return { kind, pid, fromMs, toMs }
}

function verdictOn(evidence: Partial<Evidence>) {
  return judge({ orders: [order('plain')], runs: [], troubles: [], words: [], leaseMs: 5000, ...evidence })
}

const AGAIN = { unexplained: [expect.stringContaining('job (plain) ran again: 1000-1100')] }

describe('judge', () => {
  test('finds nothing wrong with a job that ran once', () => {
    expect(verdictOn({ runs: [run(1000)] })).toMatchObject({ acknowledged: 1, done: 1, lost: [], unexplained: [] })
  })

  test.each<[string, Partial<Evidence>]>([
    ['never ran', {}],
    ['never came to its end', { runs: [run(1000, { hasEnded: false })] }],
    ['only failed', { orders: [order('flaky')], runs: [run(1000, { threw: true })] }],
    ['was repeated too seldom', { orders: [order('repeat')], runs: [run(1000), run(2000)] }],
    ['had no callback', { orders: [order('callbacks')], runs: [run(1000)] }],
  ])('counts an acknowledged job as lost that %s', (_, evidence) => {
    expect(verdictOn(evidence)).toMatchObject({ acknowledged: 1, done: 0, lost: [expect.stringMatching(/^job /)] })
  })

  test('expects nothing of a job whose producer was never told', () => {
    const orders = [{ ...order('plain'), ackedMs: undefined }]
    expect(verdictOn({ orders })).toMatchObject({ acknowledged: 0, lost: [] })
  })

  test('tells a job that was parked, and one that waits for it, from a lost one', () => {
    const orders = [order('dependent', 1, 'job-parent'), order('dependent')]
    const words = [{ what: 'job:poisoned', jobId: 'job-parent', ms: 5 }] as const
    expect(verdictOn({ orders, words })).toMatchObject({ lost: [], parked: ['job-parent', 'job'] })
  })

  test('wants a reason for a second run', () => {
    expect(verdictOn({ runs: [run(1000), run(9000)] })).toMatchObject(AGAIN)
  })

  test.each<[string, Partial<Evidence>]>([
    ['its worker died', { troubles: [trouble('death', WORKER, 1050)] }],
    ['its worker died', { troubles: [trouble('stall', 0, 1090, 3000), trouble('death', WORKER, 4000)] }],
    ['its work horse died', { troubles: [trouble('horse', HORSE, 1050)] }],
    ['its lease was lost', { troubles: [trouble('stall', WORKER, 1050, 7000)] }],
    ['its lease was lost', { words: [{ what: 'lease_lost', jobId: 'job', ms: 8500 }] }],
  ])('takes as a reason that %s', (why, evidence) => {
    const verdict = verdictOn({ runs: [run(1000), run(9000)], ...evidence })
    expect(verdict).toMatchObject({ unexplained: [], again: { [why]: 1 } })
  })

  test.each<[string, Partial<Evidence>]>([
    ['another worker died', { troubles: [trouble('death', 99, 1050)] }],
    ['its worker died long after', { troubles: [trouble('death', WORKER, 8000)] }],
    ['another horse died', { troubles: [trouble('horse', 99, 1050)] }],
    ['Redis was away for a moment', { troubles: [trouble('stall', 0, 1050, 1500)] }],
    ['it was taken for abandoned', { words: [{ what: 'job:abandoned', jobId: 'job', ms: 8500 }] }],
  ])('takes it for no reason that %s', (_, evidence) => {
    expect(verdictOn({ runs: [run(1000), run(9000)], ...evidence })).toMatchObject(AGAIN)
  })

  test('takes one reason for one run only', () => {
    const troubles = [trouble('death', WORKER, 1050)]
    const verdict = verdictOn({ runs: [run(1000), run(9000, { parentPid: 12 }), run(20_000)], troubles })
    expect(verdict).toMatchObject({ ...AGAIN, again: { 'its worker died': 1 } })
  })

  test('measures how long the jobs of a dead worker waited', () => {
    const runs = [run(1000, { hasEnded: false }), run(9000)]
    const words = [{ what: 'job:abandoned', jobId: 'job', ms: 8050 }] as const
    expect(verdictOn({ runs, words, troubles: [trouble('death', WORKER, 1050)] }).recoveriesMs).toEqual([7000])
  })
})
