import type { Run } from '@rq/testkit'
import { describe, expect, test } from 'vitest'
import type { Evidence, Takeover } from './evidence.ts'
import type { KindName } from './kinds.ts'
import type { Order } from './orders.ts'
import type { Trouble } from './troubles.ts'
import { judge } from './verdict.ts'

const WORKER = 10
const HORSE = 11
const OTHER = 12

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

/** The `count`-th loss of a job, noticed by `by`. */
function takeover(count: number, ms: number, holder: number, by: number, jobId = 'job'): Takeover {
  return { what: count < 3 ? 'job:abandoned' : 'job:poisoned', jobId, ms, by, holder, count }
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

  test('expects nothing of a job that was never acknowledged', () => {
    const orders = [{ ...order('plain'), ackedMs: undefined }]
    expect(verdictOn({ orders })).toMatchObject({ acknowledged: 0, lost: [] })
  })

  const lostThrice = [takeover(1, 1000, 21, 22), takeover(2, 2000, 22, 23), takeover(3, 3000, 23, 24)]
  const threeDeaths = [trouble('death', 21, 900), trouble('death', 22, 1900), trouble('death', 23, 2900)]

  test.each<[string, Partial<Evidence>]>([
    ['three workers had died', { words: lostThrice, troubles: threeDeaths }],
    [
      'one of them had only been frozen, and one was told of its loss when it had long thawed',
      {
        words: [...lostThrice, { what: 'lease_lost', jobId: 'job', ms: 4000, by: 22 }],
        troubles: [trouble('stall', 21, 100, 4000), trouble('death', 23, 2900)],
      },
    ],
    [
      'who took it over had died before it was settled',
      {
        words: [takeover(1, 1000, 21, 22), takeover(2, 2000, 21, 23), takeover(3, 3000, 21, 24)],
        troubles: threeDeaths,
      },
    ],
    [
      'two had died of whom nobody told',
      { words: [takeover(3, 3000, 23, 24)], troubles: [trouble('death', 21, 900), ...threeDeaths.slice(1)] },
    ],
  ])('takes it for right that a job was parked when %s', (_, evidence) => {
    expect(verdictOn(evidence)).toMatchObject({ lost: [], parked: ['job'], parkedWrongly: [] })
  })

  test.each<[string, Partial<Evidence>]>([
    ['nothing had happened to the last of them', { words: lostThrice, troubles: threeDeaths.slice(0, 2) }],
    ['nothing had happened to the first of them', { words: lostThrice, troubles: threeDeaths.slice(1) }],
    [
      'one had died after it was taken over',
      { words: lostThrice, troubles: [...threeDeaths.slice(1), trouble('death', 21, 1001)] },
    ],
    [
      'one had died before it had the job',
      { words: lostThrice, troubles: [...threeDeaths.slice(0, 2), trouble('death', 23, 1999)] },
    ],
    [
      'one had been kept from Redis for a moment',
      { words: lostThrice, troubles: [...threeDeaths.slice(0, 2), trouble('stall', 23, 2500, 2900)] },
    ],
    ['fewer had died than were counted', { words: [takeover(3, 3000, 23, 24)], troubles: threeDeaths.slice(1) }],
    [
      'another job was lost',
      {
        words: [...lostThrice.slice(1), { what: 'lease_lost', jobId: 'other', ms: 900, by: 21 }],
        troubles: threeDeaths.slice(1),
      },
    ],
    [
      'only two losses were counted',
      {
        words: [...lostThrice.slice(0, 1), { ...takeover(2, 2000, 22, 23), what: 'job:poisoned' }],
        troubles: threeDeaths,
      },
    ],
  ])('takes it for wrong that a job was parked when %s', (_, evidence) => {
    const verdict = verdictOn(evidence)
    expect(verdict).toMatchObject({ parked: [], parkedWrongly: [expect.stringMatching(/^job was parked, but /)] })
    expect(verdict.lost).toEqual(['job (plain)'])
  })

  test('names a parked job that had run to its end, since it is kept as a failed one', () => {
    const evidence = { runs: [run(500)], words: lostThrice, troubles: threeDeaths }
    expect(verdictOn(evidence)).toMatchObject({ done: 1, lost: [], parked: ['job'] })
  })

  test('tells a job that waits for one that was parked from a lost one', () => {
    const orders = [order('dependent', 1, 'job-parent'), order('dependent')]
    const words = lostThrice.map((word) => ({ ...word, jobId: 'job-parent' }))
    expect(verdictOn({ orders, words, troubles: threeDeaths })).toMatchObject({
      lost: [],
      parked: ['job-parent', 'job'],
    })
    expect(verdictOn({ orders, words })).toMatchObject({
      lost: ['job-parent (dependent)', 'job (dependent)'],
      parked: [],
    })
  })

  test('wants a reason for a second run', () => {
    expect(verdictOn({ runs: [run(1000), run(9000)] })).toMatchObject(AGAIN)
  })

  test.each<[string, Partial<Evidence>]>([
    ['its worker died', { troubles: [trouble('death', WORKER, 1050)] }],
    ['its worker died', { troubles: [trouble('stall', 0, 1090, 3000), trouble('death', WORKER, 4000)] }],
    ['its work horse died', { troubles: [trouble('horse', HORSE, 1050)] }],
    ['its lease was lost', { troubles: [trouble('stall', WORKER, 1050, 7000)] }],
    ['its lease was lost', { words: [{ what: 'lease_lost', jobId: 'job', ms: 8500, by: WORKER }] }],
  ])('takes as a reason that %s', (why, evidence) => {
    const verdict = verdictOn({ runs: [run(1000), run(9000)], ...evidence })
    expect(verdict).toMatchObject({ unexplained: [], again: { [why]: 1 } })
  })

  test.each<[string, Partial<Evidence>]>([
    ['another worker died', { troubles: [trouble('death', 99, 1050)] }],
    ['its worker died long after', { troubles: [trouble('death', WORKER, 8000)] }],
    ['another horse died', { troubles: [trouble('horse', 99, 1050)] }],
    ['Redis was away for a moment', { troubles: [trouble('stall', 0, 1050, 1500)] }],
    ['it was taken for abandoned', { words: [takeover(1, 8500, WORKER, OTHER)] }],
    [
      'Redis was away for two moments',
      {
        runs: [run(1000, { lastMs: 9000 }), run(20_000)],
        troubles: [trouble('stall', 0, 1050, 1500), trouble('stall', 0, 8000, 8100)],
      },
    ],
  ])('takes it for no reason that %s', (_, evidence) => {
    expect(verdictOn({ runs: [run(1000), run(9000)], ...evidence }).unexplained).toHaveLength(1)
  })

  test('takes one reason for one run only', () => {
    const troubles = [trouble('death', WORKER, 1050)]
    const verdict = verdictOn({ runs: [run(1000), run(9000, { parentPid: 12 }), run(20_000)], troubles })
    expect(verdict).toMatchObject({ ...AGAIN, again: { 'its worker died': 1 } })
  })

  test('measures how long the jobs of a dead worker waited', () => {
    const runs = [run(1000, { hasEnded: false }), run(9000)]
    // Before that another job of another worker, and this one from another worker, which say nothing of it.
    const words = [
      takeover(1, 3000, WORKER, OTHER, 'other'),
      takeover(1, 4000, 99, OTHER),
      takeover(2, 8050, WORKER, OTHER),
    ]
    expect(verdictOn({ runs, words, troubles: [trouble('death', WORKER, 1050)] }).recoveriesMs).toEqual([7000])
  })
})
