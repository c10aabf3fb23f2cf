import { readFile } from 'node:fs/promises'
import { Job, Queue } from '@rq/queue'
import { RedisStorage } from '@rq/redis'
import { CronScheduler } from '@rq/scheduler'
import { eventually, ownClient, readRuns, runCounts, startRedis } from '@rq/testkit'
import type { Worker } from '@rq/worker'
import { expect, test } from 'vitest'
import { jobsProject } from '../src/jobs-module.ts'
import { unendedJobs } from '../src/outcome.ts'
import { runWorker } from '../src/run-worker.ts'
import { enqueueScenario, SCENARIOS, type Scenario, THREE_QUEUES } from '../src/scenario.ts'

const DOCUMENT = new URL('../../../docs/reliability.md', import.meta.url)

/** The rights of the user that the documentation recommends. */
async function documentedRights(): Promise<string[]> {
  const [, rights] = /^ACL SETUSER \S+ on >\S+ (.+)$/m.exec(await readFile(DOCUMENT, 'utf8')) ?? []
  if (rights === undefined) throw new Error('The documentation names no rights.')
  return rights.split(' ')
}

test('the documented rights are enough for every kind of job, and reach nothing else', async () => {
  await using redis = await startRedis()
  await using project = await jobsProject()
  using admin = ownClient(redis.url)
  await admin.acl('SETUSER', 'rq', 'on', '>secret', ...(await documentedRights()))
  const url = `redis://rq:secret@127.0.0.1:${redis.port}`
  const scenario: Scenario = { name: 'everything', jobs: SCENARIOS.flatMap(({ jobs }) => jobs), isScheduled: true }
  const place = { prefix: 'rq:', file: project.path('runs') }
  await using storage = new RedisStorage({ connection: url })
  await enqueueScenario(scenario, storage, THREE_QUEUES, place.file)
  let worker: Worker | undefined
  const basics = { url, prefix: 'rq:', queues: THREE_QUEUES, burst: false, importPath: project.dir, isScheduled: true }
  const left = runWorker({ ...basics, horse: 'inline', leaseMs: 1000 }, (one) => {
    worker = one
  })
  await eventually(async () => expect(await unendedJobs(admin, place, scenario)).toEqual([]))

  const queue = new Queue('aside', { storage })
  const job = await queue.enqueue('./jobs#work', [place.file, 'aside'])
  await job.cancel()
  await (await Job.fetch('bad', { storage })).requeue()
  await (await Job.fetch('plain', { storage })).delete()
  await queue.empty()
  const crons = new CronScheduler({ storage })
  crons.register('./jobs#work', { queueName: 'default', interval: 1, args: [place.file, 'cron'] })
  await crons.start()
  await eventually(async () => expect(runCounts(await readRuns(place.file)).get('cron')).toBeGreaterThan(0))
  await crons.stop()
  await admin.publish(`rq:pubsub:${worker?.name}`, JSON.stringify({ command: 'shutdown' }))
  await left

  expect(await admin.acl('LOG')).toEqual([])
  using user = ownClient(url)
  for (const command of [
    ['FLUSHALL'],
    ['KEYS', '*'],
    ['CONFIG', 'GET', '*'],
    ['GET', 'other'],
    ['SHUTDOWN'],
  ] as const) {
    const [name, ...words] = command
    await expect(user.call(name, ...words), name).rejects.toThrow('NOPERM')
  }
})
