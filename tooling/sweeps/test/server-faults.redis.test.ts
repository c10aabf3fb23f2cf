import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { RedisStorage } from '@rq/redis'
import {
  eventually,
  findViolations,
  type OwnRedis,
  type OwnRedisOptions,
  overlaps,
  readRuns,
  runCounts,
  type SpawnedNode,
  spawnNode,
  startRedis,
  type TempDir,
} from '@rq/testkit'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { jobsProject } from '../src/jobs-module.ts'
import { Load } from '../src/load.ts'
import type { WorkerOrder } from '../src/run-worker.ts'

const QUEUES = ['high', 'default', 'low']
const VICTIM = new URL('../src/victim.ts', import.meta.url)
const PREFIX = 'rq:'

let project: TempDir
beforeAll(async () => {
  project = await jobsProject()
})
afterAll(() => project[Symbol.asyncDispose]())

interface Site extends AsyncDisposable {
  readonly redis: OwnRedis
  readonly client: Redis
  readonly load: Load
  readonly file: string
  readonly workers: readonly SpawnedNode[]
  /** Wait until every acknowledged job is done; then: which ran how often, and what is wrong. */
  outcome(): Promise<{ lost: string[]; twice: string[]; overlapping: number; violations: string[]; said: string }>
}

/** A Redis of its own, two workers in processes of their own, and a producer. */
async function open(options: OwnRedisOptions, order: { leaseMs?: number } = {}): Promise<Site> {
  const redis = await startRedis(options)
  const file = project.path(`runs-${randomUUID()}`)
  const client = new Redis(redis.url)
  client.on('error', () => {})
  const load = new Load({ url: redis.url, prefix: PREFIX, queues: QUEUES, file })
  const orders: WorkerOrder[] = [
    {
      url: redis.url,
      prefix: PREFIX,
      queues: QUEUES,
      burst: false,
      horse: 'inline',
      importPath: project.dir,
      isScheduled: false,
      ...order,
    },
  ]
  const workers = [0, 1].map(() => spawnNode(VICTIM, [JSON.stringify(orders)]))
  await Promise.all(workers.map((worker) => worker.output(/works 0/, 20_000)))
  return {
    redis,
    client,
    load,
    file,
    workers,
    async outcome() {
      await load.stop()
      const lost = async () => {
        const counts = runCounts(await readRuns(file))
        return load.acknowledged.filter((id) => !counts.has(id))
      }
      await eventually(async () => expect(await lost()).toEqual([]), { timeoutMs: 15_000, intervalMs: 50 }).catch(
        () => {},
      )
      const waiting = () =>
        Promise.all(QUEUES.flatMap((q) => [client.llen(`${PREFIX}queue:${q}`), client.zcard(`${PREFIX}wip:${q}`)]))
      await eventually(async () => (await waiting()).every((count) => count === 0)).catch(() => {})
      const runs = await readRuns(file)
      return {
        lost: await lost(),
        twice: [...runCounts(runs)].filter(([, count]) => count > 1).map(([id]) => id),
        overlapping: overlaps(runs).length,
        violations: await findViolations(client, PREFIX),
        said: workers.map(({ stdout, stderr }) => stdout.replace(/^(works|horse) .*\n/gm, '') + stderr).join(''),
      }
    },
    async [Symbol.asyncDispose]() {
      for (const worker of workers) await worker[Symbol.asyncDispose]()
      await load[Symbol.asyncDispose]()
      client.disconnect()
      await redis.stop()
    },
  }
}

const WELL = { lost: [], twice: [], overlapping: 0, violations: [], said: '' }

describe('workers and producers', () => {
  test('survive a Redis that is killed and started again, five times under load', { timeout: 60_000 }, async () => {
    await using site = await open({ appendonly: true, args: ['--appendfsync', 'everysec'] })
    site.load.start()
    for (let n = 0; n < 5; n++) {
      await delay(600)
      await site.redis.restart()
    }
    await delay(600)
    expect(await site.outcome()).toEqual(WELL)
    expect(site.load.acknowledged.length).toBeGreaterThan(200)
    console.log(site.load.acknowledged.length, site.load.refusals.length, new Set(site.load.refusals))
  })

  test('go on while the scripts are flushed all the time', { timeout: 60_000 }, async () => {
    await using site = await open({})
    site.load.start()
    const endMs = performance.now() + 3000
    let flushes = 0
    while (performance.now() < endMs) {
      await site.client.script('FLUSH')
      flushes += 1
      await delay(10)
    }
    expect(await site.outcome()).toEqual(WELL)
    expect(site.load.refusals).toEqual([])
    console.log(site.load.acknowledged.length, flushes)
  })

  test('at maxmemory enqueue says so, workers drain the queues, and afterwards all goes on', {
    timeout: 60_000,
  }, async () => {
    await using site = await open({})
    site.load.start()
    await delay(300)
    await site.client.config('SET', 'maxmemory', '1')
    await eventually(() => expect(site.load.refusals).toContain('RQ_REDIS_OUT_OF_MEMORY'))
    await eventually(async () => {
      const counts = runCounts(await readRuns(site.file))
      expect(site.load.acknowledged.filter((id) => !counts.has(id))).toEqual([])
    })
    await delay(1500)
    const before = site.load.acknowledged.length
    await site.client.config('SET', 'maxmemory', '0')
    await eventually(() => expect(site.load.acknowledged.length).toBeGreaterThan(before + 50))
    expect(await site.outcome()).toEqual(WELL)
    expect(new Set(site.load.refusals)).toEqual(new Set(['RQ_REDIS_OUT_OF_MEMORY']))
  })

  for (const leaseMs of [15_000, 4_000])
    test(`wait for a Redis that stands still for 8 s, and take no job for abandoned ${leaseMs}`, {
      timeout: 60_000,
    }, async () => {
      await using site = await open({}, { leaseMs })
      site.load.start()
      await delay(500)
      await using storage = new RedisStorage({ connection: site.redis.url, prefix: PREFIX })
      const { Queue } = await import('@rq/queue')
      for (let n = 0; n < 2; n++)
        await new Queue('high', { storage }).enqueue('./jobs#slow', [site.file, `long${n}`, 9000])
      await eventually(async () => expect(runCounts(await readRuns(site.file)).has('long1')).toBe(true))
      await site.client.client('PAUSE', 8000, 'ALL')
      await delay(9500)
      expect(await site.outcome()).toEqual(WELL)
      console.log(site.load.acknowledged.length, site.load.refusals.length)
    })
})
