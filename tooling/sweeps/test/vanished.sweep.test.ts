import { Queue } from '@rq/queue'
import { RedisStorage } from '@rq/redis'
import { eventually, findViolations, ownClient, patience, readRuns, startRedis } from '@rq/testkit'
import { Worker } from '@rq/worker'
import { expect, test } from 'vitest'
import { jobsProject } from '../src/jobs-module.ts'

const LEASE_MS = 600

test('a worker whose data is gone creates no half of a job, and works on', async () => {
  await using project = await jobsProject()
  await using redis = await startRedis()
  using client = ownClient(redis.url)
  await using own = new RedisStorage({ connection: redis.url, role: 'worker' })
  await using storage = new RedisStorage({ connection: redis.url })
  const queue = new Queue('default', { storage })
  const file = project.path('runs')
  const options = { storage: own, horse: 'inline', importPaths: [project.dir], leaseMs: LEASE_MS } as const
  const worker = new Worker('default', options)
  const left = worker.work()
  const lost: string[] = []
  worker.on('lease_lost', ({ jobId }) => lost.push(jobId))

  await queue.enqueue('./jobs#slow', [file, 'slow', 2000], { jobId: 'slow' })
  await eventually(async () => expect(await readRuns(file)).toHaveLength(1))
  await client.flushall()
  // Some heartbeats, and the end of the job, reach a Redis that does not know the job.
  await eventually(async () => expect((await readRuns(file))[0]?.hasEnded).toBe(true))
  await eventually(() => expect(lost).toEqual(['slow']))
  const keys = await client.keys('*')
  expect(keys.filter((key) => !/^rq:worker/.test(key))).toEqual([])

  const job = await queue.enqueue('./jobs#work', [file, 'next'])
  expect(await job.result({ timeout: patience(60) })).toBe('next')
  expect(await findViolations(client, 'rq:')).toEqual([])
  await worker.stop()
  await left
})
