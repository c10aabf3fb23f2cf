import { type OwnRedis, startRedis, type TempDir } from '@rq/testkit'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type CrashReport, type CrashSweepOptions, crashSweep, type Life } from './crash-sweep.ts'
import { jobsProject } from './jobs-module.ts'
import { ONE_QUEUE, type Scenario, THREE_QUEUES } from './scenario.ts'
import { table } from './table.ts'

/** Lives of one test, and about of one process of workers. */
const LIVES = 4

export interface CrashSuiteOptions extends Pick<CrashSweepOptions, 'arrival' | 'horse'> {
  readonly onOneQueue: readonly Scenario[]
  readonly onThreeQueues: readonly Scenario[]
}

/** One test for a few scenarios, and the table of them all at the end. */
export function crashSuite(title: string, { onOneQueue, onThreeQueues, ...options }: CrashSuiteOptions): void {
  let redis: OwnRedis
  let project: TempDir
  let client: Redis
  const reports: CrashReport[] = []

  beforeAll(async () => {
    redis = await startRedis()
    project = await jobsProject()
    client = new Redis(redis.url)
  })

  afterAll(async () => {
    process.stdout.write(`\n${title}\n${tableOf(reports)}\n`)
    client.disconnect()
    await project[Symbol.asyncDispose]()
    await redis.stop()
  })

  const groups = [...groupsOf(onOneQueue, ONE_QUEUE), ...groupsOf(onThreeQueues, THREE_QUEUES)]
  test.each(groups)('$name', async ({ lives }) => {
    const where = { url: redis.url, client, importPath: project.dir }
    const swept = await crashSweep({ ...options, ...where, lives })
    reports.push(...swept)
    expect(swept).toMatchObject(lives.map(() => ({ lost: [], faults: [] })))
    for (const { commands, points } of swept) expect(points).toBeGreaterThanOrEqual(commands.length)
    const recovered = swept.reduce((sum, report) => sum + report.recovered, 0)
    expect(recovered, 'The dead had no jobs in their hands.').toBeGreaterThan(0)
  })
}

function groupsOf(scenarios: readonly Scenario[], queues: readonly string[]): { name: string; lives: Life[] }[] {
  return Array.from({ length: Math.ceil(scenarios.length / LIVES) }, (_, n) => {
    const group = scenarios.slice(n * LIVES, (n + 1) * LIVES)
    const names = group.map(({ name }) => name).join('; ')
    return { name: `${names}: ${queues.length} queue(s)`, lives: group.map((scenario) => ({ scenario, queues })) }
  })
}

function tableOf(reports: readonly CrashReport[]): string {
  const sum = (of: (report: CrashReport) => number) => reports.reduce((total, report) => total + of(report), 0)
  return table(
    ['job', 'queues', 'points', 'lost', 'recovered', 'ran again'],
    [
      ...reports.map(({ duplicated, lost, points, queues, recovered, scenario }) => {
        return [scenario.name, queues.length, points, lost.length, recovered, duplicated]
      }),
      [
        'all',
        '',
        sum(({ points }) => points),
        sum(({ lost }) => lost.length),
        sum(({ recovered }) => recovered),
        sum(({ duplicated }) => duplicated),
      ],
    ],
  )
}
