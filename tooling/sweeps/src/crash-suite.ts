import { type OwnRedis, startRedis, type TempDir } from '@rq/testkit'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type CrashReport, type CrashSweepOptions, crashSweep } from './crash-sweep.ts'
import { jobsProject } from './jobs-module.ts'
import { ONE_QUEUE, type Scenario, THREE_QUEUES } from './scenario.ts'
import { table } from './table.ts'

const TIMEOUT_MS = 120_000

export interface CrashSuiteOptions extends Pick<CrashSweepOptions, 'arrival' | 'horse'> {
  readonly onOneQueue: readonly Scenario[]
  readonly onThreeQueues: readonly Scenario[]
}

/** One test for each scenario, and the table of them all at the end. */
export function crashSuite(title: string, { onOneQueue, onThreeQueues, ...options }: CrashSuiteOptions): void {
  let redis: OwnRedis
  let project: TempDir
  let client: Redis
  const rows: (readonly [string, number, CrashReport])[] = []

  beforeAll(async () => {
    redis = await startRedis()
    project = await jobsProject()
    client = new Redis(redis.url)
  })

  afterAll(async () => {
    process.stdout.write(`\n${title}\n${tableOf(rows)}\n`)
    client.disconnect()
    await project[Symbol.asyncDispose]()
    await redis.stop()
  })

  for (const [scenarios, queues] of [
    [onOneQueue, ONE_QUEUE],
    [onThreeQueues, THREE_QUEUES],
  ] as const) {
    test.each(scenarios)(`$name, ${queues.length} queue(s)`, { timeout: TIMEOUT_MS }, async (scenario) => {
      const where = { url: redis.url, client, importPath: project.dir }
      const report = await crashSweep({ ...options, ...where, scenario, queues })
      rows.push([scenario.name, queues.length, report])
      expect(report).toMatchObject({ lost: [], faults: [] })
    })
  }

  test('the dead had jobs in their hands', () => {
    for (const [scenario, , { points, recovered }] of rows) {
      expect({ scenario, points, recovered }).toMatchObject({ recovered: expect.toSatisfy((count) => count > 0) })
    }
  })
}

function tableOf(rows: readonly (readonly [string, number, CrashReport])[]): string {
  const sum = (of: (report: CrashReport) => number) => rows.reduce((total, [, , report]) => total + of(report), 0)
  const cells = ({ points, lost, recovered, duplicated }: Summary) => [points, lost, recovered, duplicated]
  return table(
    ['job', 'queues', 'points', 'lost', 'recovered', 'ran again'],
    [
      ...rows.map(([name, queues, report]) => [name, queues, ...cells({ ...report, lost: report.lost.length })]),
      [
        'all',
        '',
        ...cells({
          points: sum(({ points }) => points),
          lost: sum(({ lost }) => lost.length),
          recovered: sum(({ recovered }) => recovered),
          duplicated: sum(({ duplicated }) => duplicated),
        }),
      ],
    ],
  )
}

interface Summary {
  readonly points: number
  readonly lost: number
  readonly recovered: number
  readonly duplicated: number
}
