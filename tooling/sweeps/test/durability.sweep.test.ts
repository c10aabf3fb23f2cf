import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { RedisStorage } from '@rq/redis'
import { eventually, findViolations, ownClient, RespFrames, requestWords, startRedis } from '@rq/testkit'
import type { Worker } from '@rq/worker'
import { expect, test } from 'vitest'
import { jobsProject } from '../src/jobs-module.ts'
import { unendedJobs } from '../src/outcome.ts'
import { runWorker } from '../src/run-worker.ts'
import { enqueueScenario, SCENARIOS, type Scenario, THREE_QUEUES } from '../src/scenario.ts'

type Command = readonly [name: string, ...words: Buffer[]]

/** The content of an append-only file, in steps: a server loads all of a step or nothing of it. */
async function readSteps(folder: string): Promise<Command[][]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.incr.aof')).sort()
  const bytes = Buffer.concat(await Promise.all(names.map((name) => readFile(join(folder, name)))))
  const steps: Command[][] = []
  let open: Command[] | undefined
  for (const frame of new RespFrames().push(bytes)) {
    const [word, ...words] = requestWords(frame)
    const name = String(word).toLowerCase()
    if (name === 'multi') open = []
    else if (name === 'exec') {
      steps.push(open ?? [])
      open = undefined
    } else if (name !== 'select') (open ?? steps[steps.push([]) - 1])?.push([name, ...words])
  }
  return steps
}

test('an append-only file cut off after any step is a valid state', async () => {
  await using redis = await startRedis({ appendonly: true })
  await using project = await jobsProject()
  using client = ownClient(redis.url)
  const prefix = 'rq:'
  const scenario: Scenario = { name: 'everything', jobs: SCENARIOS.flatMap(({ jobs }) => jobs), isScheduled: true }
  const place = { prefix, file: project.path('runs') }
  {
    await using storage = new RedisStorage({ connection: redis.url, prefix })
    await enqueueScenario(scenario, storage, THREE_QUEUES, place.file)
  }
  let worker: Worker | undefined
  const order = {
    url: redis.url,
    prefix,
    queues: THREE_QUEUES,
    burst: false,
    importPath: project.dir,
    isScheduled: true,
  }
  const left = runWorker({ ...order, horse: 'inline', leaseMs: 1000 }, (one) => {
    worker = one
  })
  await eventually(async () => expect(await unendedJobs(client, place, scenario)).toEqual([]))
  await worker?.stop()
  await left
  const [, dir = ''] = (await client.config('GET', 'dir')) as string[]
  const steps = await readSteps(join(dir, 'appendonlydir'))

  await using other = await startRedis()
  using replay = ownClient(other.url)
  const broken: string[] = []
  for (const [index, step] of steps.entries()) {
    const multi = replay.multi()
    for (const [name, ...words] of step) multi.call(name, ...words)
    await multi.exec()
    for (const violation of await findViolations(replay, prefix)) {
      broken.push(`after step ${index} (${step.map(([name]) => name)}): ${violation}`)
    }
  }
  expect(broken).toEqual([])
  expect(steps.length).toBeGreaterThan(50)
})
