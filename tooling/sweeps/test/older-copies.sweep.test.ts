import { type OwnRedis, RUNS_ALL, startRedis, type TempDir } from '@rq/testkit'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cutSweep } from '../src/cut-sweep.ts'
import { jobsProject } from '../src/jobs-module.ts'
import { Sample } from '../src/points.ts'
import { ONE_QUEUE, SCENARIOS, TELLING_SCENARIOS, THREE_QUEUES, WIDER_SCENARIOS } from '../src/scenario.ts'

let redis: OwnRedis
let project: TempDir
let client: Redis
const sample = new Sample()

beforeAll(async () => {
  redis = await startRedis()
  project = await jobsProject()
  client = new Redis(redis.url)
})
afterAll(async () => {
  client.disconnect()
  await project[Symbol.asyncDispose]()
  await redis.stop()
})

/** A copy has the number of repeats that were left, too: a job would be repeated more often, as with RQ's worker. */
const UNREPEATED = [...SCENARIOS, ...(RUNS_ALL ? WIDER_SCENARIOS : [])].filter(({ name }) => name !== 'repeat')

describe.each(['enqueued', 'latest'] as const)('a Python program saves the jobs as they were (%s)', (copies) => {
  test.each(RUNS_ALL || copies === 'enqueued' ? UNREPEATED : TELLING_SCENARIOS)(
    'before any command of a worker: $name',
    async (scenario) => {
      for (const queues of RUNS_ALL ? [ONE_QUEUE, THREE_QUEUES] : [ONE_QUEUE]) {
        const choose = RUNS_ALL ? {} : { choose: (points: Parameters<Sample['of']>[0]) => sample.of(points, copies) }
        const where = { url: redis.url, client, importPath: project.dir }
        const report = await cutSweep({ scenario, queues, fault: { kind: 'save', copies }, ...choose, ...where })
        expect(report).toMatchObject({ faults: [], missed: [] })
        expect(report.points).toBeGreaterThan(0)
      }
    },
  )
})
