import { type OwnRedis, startRedis, type TempDir } from '@rq/testkit'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type CrashReport, crashSweep } from '../src/crash-sweep.ts'
import { jobsProject } from '../src/jobs-module.ts'
import { ONE_QUEUE, SCENARIOS, THREE_QUEUES } from '../src/scenario.ts'

let redis: OwnRedis
let project: TempDir
let client: Redis
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

for (const arrival of ['waiting', 'pushed', 'abandoned'] as const)
  test.each(SCENARIOS)('$name', { timeout: 120_000 }, async (scenario) => {
    for (const queues of [ONE_QUEUE, THREE_QUEUES]) {
      const t0 = performance.now()
      const report: CrashReport = await crashSweep({
        scenario,
        queues,
        arrival,
        url: redis.url,
        client,
        importPath: project.dir,
      })
      console.log(arrival, scenario.name, queues.length, performance.now() - t0, JSON.stringify(report))
      expect.soft(report.faults).toEqual([])
      expect.soft(report.lost).toEqual([])
    }
  })
