import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { startRedis } from '@rq/testkit'
import { Redis } from 'ioredis'
import { expect, it } from 'vitest'
import { type CrashSweepOptions, crashSweep } from '../src/crash-sweep.ts'
import { jobsProject } from '../src/jobs-module.ts'
import type { Sample } from '../src/points.ts'
import { OPERATIONS } from '../src/producer-operations.ts'
import { does } from '../src/run-operation.ts'
import { ONE_QUEUE, SCENARIOS, THREE_QUEUES } from '../src/scenario.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const SCRIPTS = `${ROOT}packages/redis/lua/`

const SCHEDULERS = 'packages/scheduler/test/crash.sweep.test.ts'
const PROGRAMS = 'packages/scheduler/test/schedule.sweep.test.ts'
/** Scripts that write, and meet faults in other tests than the sweeps of workers and producers: where. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  cron_heartbeat: PROGRAMS,
  cron_open: SCHEDULERS,
  cron_pause: PROGRAMS,
  cron_register: SCHEDULERS,
  cron_schedulers: PROGRAMS,
  cron_tick: SCHEDULERS,
  cron_unregister: PROGRAMS,
  schedule_read: PROGRAMS,
  schedule_remove: PROGRAMS,
  schedule_run: PROGRAMS,
  schedule_tick: SCHEDULERS,
  schedule_write: PROGRAMS,
  stop_leading: PROGRAMS,
}

/** No worker is killed: only what an undisturbed one sends is asked for. */
const NO_POINTS = { of: () => [] } as unknown as Sample

function scriptsThatWrite(): string[] {
  const files = readdirSync(SCRIPTS).filter((file) => file.endsWith('.lua'))
  return files
    .filter((file) => !/^#!lua flags=.*no-writes/.test(readFileSync(SCRIPTS + file, 'utf8')))
    .map((file) => file.replace(/\.lua$/, ''))
}

async function sentByWorkers(): Promise<string[]> {
  await using redis = await startRedis()
  await using project = await jobsProject()
  const client = new Redis(redis.url)
  const where = { url: redis.url, client, importPath: project.dir, sample: NO_POINTS }
  const lives = [ONE_QUEUE, THREE_QUEUES].flatMap((queues) => SCENARIOS.map((scenario) => ({ scenario, queues })))
  const ways: Pick<CrashSweepOptions, 'arrival' | 'inMaintenance'>[] = [
    { arrival: 'waiting' },
    { arrival: 'abandoned' },
    { arrival: 'pushed', inMaintenance: true },
  ]
  const sent: string[] = []
  for (const way of ways) {
    for (const report of await crashSweep({ ...way, ...where, lives })) sent.push(...report.commands)
  }
  client.disconnect()
  return sent
}

async function sentByProducers(): Promise<string[]> {
  const done = await Promise.all(OPERATIONS.map((operation) => does(operation)))
  return done.flatMap(({ commands }) => commands)
}

it('every script that writes meets a fault in a sweep', async () => {
  const sent = new Set([...(await sentByWorkers()), ...(await sentByProducers())])
  expect(scriptsThatWrite().filter((name) => !sent.has(name))).toEqual(Object.keys(ELSEWHERE).sort())
})

it.each(Object.entries(ELSEWHERE))('%s meets one in %s', (script, file) => {
  expect(readFileSync(ROOT + file, 'utf8')).toContain(`'${script}'`)
})
