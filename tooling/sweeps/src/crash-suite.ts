import { type OwnRedis, RUNS_ALL, startRedis, type TempDir } from '@rq/testkit'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type CrashReport, type CrashSweepOptions, crashSweep, type Life } from './crash-sweep.ts'
import { jobsProject } from './jobs-module.ts'
import { Sample } from './points.ts'
import { ONE_QUEUE, type Scenario, THREE_QUEUES } from './scenario.ts'
import { table } from './table.ts'

/** How many lives one test has: about as many as one process of workers can take. A sample allows many more. */
const LIVES = RUNS_ALL ? 4 : 13

export interface CrashSuiteOptions
  extends Pick<CrashSweepOptions, 'arrival' | 'horse' | 'deed' | 'survives' | 'inMaintenance'> {
  readonly onOneQueue: readonly Scenario[]
  readonly onThreeQueues: readonly Scenario[]
}

/**
 * One test for each group of scenarios, and a table of all at the end. Without `RQ_TEST=all`, a sample of the points.
 */
export function crashSuite(title: string, { onOneQueue, onThreeQueues, ...options }: CrashSuiteOptions): void {
  let redis: OwnRedis
  let project: TempDir
  let client: Redis
  const reports: CrashReport[] = []
  const sample = RUNS_ALL ? {} : { sample: new Sample() }

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
    const swept = await crashSweep({ ...options, ...where, ...sample, lives })
    reports.push(...swept)
    expect(swept).toMatchObject(lives.map(() => ({ lost: [], faults: [], missed: [] })))
    // A job that is gone, or another one now, is held by no one.
    if (options.deed !== undefined && options.deed.kind !== 'save') return
    const recovered = swept.reduce((sum, report) => sum + report.recovered, 0)
    expect(recovered, 'No dead worker held a job.').toBeGreaterThan(0)
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
