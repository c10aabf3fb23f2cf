import { type OwnRedis, RUNS_ALL, startRedis, type TempDir } from '@rq/testkit'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CutSweepOptions, cutSweep } from '../src/cut-sweep.ts'
import { jobsProject } from '../src/jobs-module.ts'
import { Sample } from '../src/points.ts'
import { ONE_QUEUE, SCENARIOS, scenariosNamed, THREE_QUEUES } from '../src/scenario.ts'
import { table } from '../src/table.ts'

const CUT = { kind: 'cut' } as const
/** The scenarios with different commands; the others are mixtures of these. */
const DIFFERENT = scenariosNamed('plain', 'retry', 'callbacks', 'all of it')

let redis: OwnRedis
let project: TempDir
let client: Redis
const rows: (readonly [string, string, number, number])[] = []
const sample = new Sample()

beforeAll(async () => {
  redis = await startRedis()
  project = await jobsProject()
  client = new Redis(redis.url)
})
afterAll(async () => {
  process.stdout.write(`\n${table(['job', 'fault', 'points', 'faults'], rows)}\n`)
  client.disconnect()
  await project[Symbol.asyncDispose]()
  await redis.stop()
})

type Choice = Pick<CutSweepOptions, 'scenario' | 'queues' | 'fault' | 'isAbandoned'>

/** `kind`: each kind of fault has a sample of its own. */
async function sweep(what: string, kind: string, choice: Choice): Promise<void> {
  const choose = RUNS_ALL ? {} : { choose: (points: Parameters<Sample['of']>[0]) => sample.of(points, kind) }
  const report = await cutSweep({ ...choice, ...choose, url: redis.url, client, importPath: project.dir })
  rows.push([choice.scenario.name, what, report.points, report.faults.length])
  expect(report).toMatchObject({ faults: [], missed: [] })
  expect(report.points).toBeGreaterThan(RUNS_ALL ? 5 : 0)
}

describe('a worker that loses the reply to any of its commands', () => {
  test.each(SCENARIOS)('$name', async (scenario) => {
    await sweep('reply lost', 'cut', { scenario, queues: ONE_QUEUE, fault: CUT })
  })
  test.each(DIFFERENT)('$name, on three queues', async (scenario) => {
    await sweep('reply lost, 3 queues', 'cut', { scenario, queues: THREE_QUEUES, fault: CUT })
  })
  test.each(DIFFERENT)('$name, of a dead worker', async (scenario) => {
    await sweep('reply lost, recovered', 'cut', { scenario, queues: ONE_QUEUE, fault: CUT, isAbandoned: true })
  })
})

describe('a worker any of whose commands', () => {
  test.each([
    ['never reaches Redis', { kind: 'reset' }],
    ['is refused: LOADING', { kind: 'error', message: 'LOADING Redis is loading the dataset in memory' }],
    ['is refused: READONLY', { kind: 'error', message: "READONLY You can't write against a read only replica." }],
    ['is refused: MISCONF', { kind: 'error', message: 'MISCONF Redis is configured to save RDB snapshots' }],
    ['is refused: NOREPLICAS', { kind: 'error', message: 'NOREPLICAS Not enough good replicas to write.' }],
    ['is refused: CLUSTERDOWN', { kind: 'error', message: 'CLUSTERDOWN The cluster is down' }],
    ['is refused: BUSY', { kind: 'error', message: 'BUSY Redis is busy running a script.' }],
  ] as const)('%s', async (what, fault) => {
    const scenario = DIFFERENT.at(-1)
    if (scenario !== undefined) await sweep(what, fault.kind, { scenario, queues: ONE_QUEUE, fault })
  })
})
