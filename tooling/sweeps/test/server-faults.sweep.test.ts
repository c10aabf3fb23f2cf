import { setTimeout as delay } from 'node:timers/promises'
import { Queue } from '@rq/queue'
import { RedisStorage } from '@rq/redis'
import { eventually, RUNS_ALL, readRuns, runCounts, type TempDir } from '@rq/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { jobsProject } from '../src/jobs-module.ts'
import { openSite, type Site, WELL } from '../src/site.ts'

const KILLS = RUNS_ALL ? 5 : 2
const FLUSHES = RUNS_ALL ? 200 : 50

let project: TempDir
beforeAll(async () => {
  project = await jobsProject()
})
afterAll(() => project[Symbol.asyncDispose]())

async function enqueueLong({ file, prefix, redis }: Site, names: readonly string[], ms: number): Promise<void> {
  await using storage = new RedisStorage({ connection: redis.url, prefix })
  const queue = new Queue('high', { storage })
  for (const name of names) await queue.enqueue('./jobs#slow', [file, name, ms])
  await eventually(async () => {
    const counts = runCounts(await readRuns(file))
    expect(names.filter((name) => !counts.has(name))).toEqual([])
  })
}

describe('two workers and a producer', () => {
  test(`go on when Redis is killed and started again, ${KILLS} times under load`, async () => {
    const persistent = { appendonly: true, args: ['--appendfsync', 'everysec'] }
    await using site = await openSite({ project, redis: persistent })
    site.load.start()
    for (let n = 0; n < KILLS; n++) {
      await delay(500)
      await site.redis.restart()
    }
    await eventually(() => expect(site.load.acknowledged.length).toBeGreaterThan(100))
    expect(await site.outcome()).toEqual(WELL)
  })

  test('do not notice that scripts are flushed every 10 ms', async () => {
    await using site = await openSite({ project })
    site.load.start()
    for (let n = 0; n < FLUSHES; n++) {
      await site.client.script('FLUSH')
      await delay(10)
    }
    expect(await site.outcome()).toEqual(WELL)
    expect(site.load.refusals).toEqual([])
  })

  test('at maxmemory: enqueue refuses, the queues are drained; then all goes on', async () => {
    await using site = await openSite({ project })
    site.load.start()
    await eventually(() => expect(site.load.acknowledged.length).toBeGreaterThan(30))
    await site.client.config('SET', 'maxmemory', '1')
    await eventually(() => expect(site.load.refusals.length).toBeGreaterThan(0))
    await eventually(async () => expect(await site.undone()).toEqual([]))
    // Long enough for heartbeats and waits for work to be affected, too.
    await delay(2000)
    const before = site.load.acknowledged.length
    await site.client.config('SET', 'maxmemory', '0')
    await eventually(() => expect(site.load.acknowledged.length).toBeGreaterThan(before + 30))
    expect(await site.outcome()).toEqual(WELL)
    expect(new Set(site.load.refusals)).toEqual(new Set(['RQ_REDIS_OUT_OF_MEMORY']))
  })

  test.concurrent.each([
    ['less than a lease', 15_000],
    ['two leases', 4_000],
  ])('wait for a Redis that stands still for 8 s, %s', async (_, leaseMs) => {
    await using site = await openSite({ project, leaseMs })
    site.load.start()
    await enqueueLong(site, ['long1', 'long2'], 9000)
    await site.client.client('PAUSE', 8000, 'ALL')
    await delay(8500)
    expect(await site.outcome()).toEqual(WELL)
  })
})
