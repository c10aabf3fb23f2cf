import { type OwnRedis, RUNS_ALL, startRedis, type TempDir } from '@rq/testkit'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CrashReport, type CrashSweepOptions, crashSweep } from '../src/crash-sweep.ts'
import { jobsProject } from '../src/jobs-module.ts'
import type { Place } from '../src/outcome.ts'
import { Sample } from '../src/points.ts'
import { ONE_QUEUE, scenariosNamed, THREE_QUEUES } from '../src/scenario.ts'

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

type Choice = Omit<CrashSweepOptions, 'lives' | 'url' | 'client' | 'importPath' | 'sample'>

async function sweep(name: string, queues: readonly string[], options: Choice): Promise<CrashReport> {
  const lives = scenariosNamed(name).map((scenario) => ({ scenario, queues }))
  const sample = RUNS_ALL ? {} : { sample: new Sample() }
  const [report] = await crashSweep({ ...options, ...sample, lives, url: redis.url, client, importPath: project.dir })
  if (report === undefined) throw new Error('No scenario.')
  return report
}

/** `recoveryMs`: short, when the sabotage keeps the job from ending. */
function sweepPlain(sabotage: (place: Place) => Promise<unknown>, recoveryMs = 1500): Promise<CrashReport> {
  return sweep('plain', ONE_QUEUE, { arrival: 'waiting', sabotage, recoveryMs })
}

describe('the crash sweep notices', () => {
  test('a job that a dead worker had claimed, and that no key names any more', async () => {
    const { lost, faults } = await sweepPlain(({ prefix }) => client.del(`${prefix}wip:default`))
    expect(lost).toContainEqual(expect.stringMatching(/^after claim 1: plain is started after \d runs$/))
    expect(faults).toContainEqual(expect.stringContaining('job plain (started) is nowhere and does not expire'))
  })

  test('a job that is in two places', async () => {
    const { faults } = await sweepPlain(({ prefix }) => client.rpush(`${prefix}queue:default`, 'plain'))
    expect(faults).toContainEqual(expect.stringMatching(/job plain \(\w+.*\) is in 2 places/))
  })

  test('a job that runs again although it had been settled', async () => {
    const { faults } = await sweepPlain(async ({ prefix }) => {
      if ((await client.hget(`${prefix}job:plain`, 'status')) !== 'finished') return
      await client
        .multi()
        .hset(`${prefix}job:plain`, 'status', 'queued')
        .lpush(`${prefix}queue:default`, 'plain')
        .exec()
    }, 60_000)
    expect(faults).toContainEqual(expect.stringMatching(/^after settle 1: plain ran 1 times too often$/))
  })

  test('a job that is gone', async () => {
    const { lost } = await sweepPlain(({ prefix }) => client.del(`${prefix}job:plain`))
    expect(lost).toContainEqual(expect.stringMatching(/: plain is gone after \d runs$/))
  })
})

test('a worker is killed in its maintenance too', async () => {
  const report = await sweep('all of it', THREE_QUEUES, { arrival: 'pushed', inMaintenance: true })
  expect(report).toMatchObject({ lost: [], faults: [], missed: [] })
  expect(report.commands).toContain('find_orphans')
})

test('a worker is killed at each step of its pauses', async () => {
  const report = await sweep('many at once, with pauses', ONE_QUEUE, { arrival: 'waiting' })
  expect(report).toMatchObject({ lost: [], faults: [], missed: [] })
  // Whether a job goes back as well depends on how fast the worker claims: the sweep of producers has that step.
  expect(report.commands).toContain('show_holds')
})

test.each(['waiting', 'pushed'] as const)('a worker with a lane for each queue loses no job (%s)', async (arrival) => {
  const report = await sweep('all of it', THREE_QUEUES, { arrival, hasLanes: true })
  expect(report).toMatchObject({ lost: [], faults: [], missed: [] })
  expect(report.recovered).toBeGreaterThan(0)
})
