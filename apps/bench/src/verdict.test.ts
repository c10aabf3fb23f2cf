import { describe, expect, it } from 'vitest'
import { Collection } from './results.ts'
import { judge } from './verdict.ts'

type Round = readonly [ours: number, bullmq: number]

interface Also {
  readonly cpuUs?: Round
  /** The share of the machine that other processes used. */
  readonly others?: number
}

function judged(measurement: string, figure: string, rounds: readonly Round[], { cpuUs, others }: Also = {}) {
  const cpu = (n: 0 | 1) => cpuUs && { cpuUs: cpuUs[n] }
  const collection = new Collection('rq')
  for (const [round, [ours, bullmq]] of rounds.entries()) {
    collection.add(measurement, 'rq', round, { figures: { [figure]: ours, ...cpu(0) }, others })
    collection.add(measurement, 'bullmq', round, { figures: { [figure]: bullmq, ...cpu(1) }, others })
  }
  return judge(collection.results(), collection.others, 'rq').find(
    (target) => target.figure === `${measurement}.${figure}`,
  )
}

describe('judge', () => {
  it('compares within each round, so that a machine that slows down changes no verdict', () => {
    const target = judged('process-50', 'rate', [
      [50_000, 10_000],
      [5000, 1000],
      [900, 200],
    ])
    expect(target).toMatchObject({ verdict: 'met', rounds: 3, reached: { median: 5, least: 4.5, most: 5 } })
  })

  it('says that a target is missed when no round reaches it, and doubtful when rounds disagree', () => {
    const missed = [
      [300, 100],
      [350, 100],
    ] as const
    expect(judged('process-50', 'rate', missed)?.verdict).toBe('missed')
    expect(judged('process-50', 'rate', [...missed, [410, 100]])?.verdict).toBe('doubtful')
  })

  it('gives the ratio of CPU beside that of rates', () => {
    expect(judged('process-50', 'rate', [[400, 100]], { cpuUs: [7, 21] })?.cpu?.median).toBe(3)
  })

  it('believes a rate of a busy machine only when the CPU says the same', () => {
    const busy = (cpuUs?: Round) => judged('process-50', 'rate', [[500, 100]], { others: 0.5, ...(cpuUs && { cpuUs }) })
    expect(busy([10, 50])?.verdict).toBe('met')
    expect(busy([10, 30])?.verdict).toBe('doubtful')
    expect(busy()?.verdict).toBe('doubtful')
    expect(judged('latency', 'pickUpP50', [[1, 2]], { others: 0.5 })?.verdict).toBe('doubtful')
    expect(judged('memory', 'waitingBytes', [[1, 2]], { others: 0.5 })?.verdict).toBe('met')
  })

  it('scales our CPU to the machine that the limit is for', () => {
    const target = judged('process-50', 'redisUs', [[10, 58.5]])
    expect(target?.reached.median).toBeCloseTo(20)
    expect(judged('process-50', 'redisUs', [[10, 39]])?.verdict).toBe('missed')
  })

  it('says that a worker which shrank has met the limit of its growth', () => {
    const collection = new Collection('rq')
    collection.add('rss', 'rq', 0, { figures: { rssGrowthMb: -12.5 } })
    expect(judge(collection.results(), {}, 'rq')[0]).toMatchObject({ figure: 'rss.rssGrowthMb', verdict: 'met' })
  })

  it('leaves out what was not measured', () => {
    expect(judged('process-50', 'mainUs', [])).toBeUndefined()
  })
})
