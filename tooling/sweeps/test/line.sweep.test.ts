import { readdir, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { Queue } from '@rq/queue'
import { RedisStorage } from '@rq/redis'
import { eventually, faultProxy, ownClient, patience, RUNS_ALL, spawnNode, startRedis, type TempDir } from '@rq/testkit'
import { Worker } from '@rq/worker'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { jobsProject } from '../src/jobs-module.ts'
import type { WorkerOrder } from '../src/run-worker.ts'
import { openSite, WELL } from '../src/site.ts'

const CUTS = RUNS_ALL ? 60 : 12
const SLOW_JOBS = RUNS_ALL ? 40 : 12

let project: TempDir
beforeAll(async () => {
  project = await jobsProject()
})
afterAll(() => project[Symbol.asyncDispose]())

/** How many descriptors of a process are those of connections. It also has one for a folder that it is reading. */
async function openSockets(pid: number): Promise<number> {
  const folder = `/proc/${pid}/fd`
  const names = await readdir(folder)
  // A descriptor may be closed meanwhile.
  const targets = await Promise.all(names.map((name) => readlink(join(folder, name)).catch(() => '')))
  return targets.filter((target) => target.startsWith('socket:')).length
}

describe('two workers and a producer', () => {
  test('work on over a line of 200 ms', async () => {
    await using redis = await startRedis()
    await using proxy = await faultProxy(redis.url, { onCommand: () => ({ kind: 'delay', ms: 200 }) })
    await using site = await openSite({ project, server: redis, url: proxy.url, leaseMs: 3000 })
    site.load.start()
    await eventually(() => expect(site.load.acknowledged.length).toBeGreaterThan(SLOW_JOBS))
    expect(await site.outcome()).toEqual(WELL)
    expect(site.load.refusals).toEqual([])
  })

  test('find out that their connections are half open, before a lease ends', async () => {
    await using redis = await startRedis()
    await using proxy = await faultProxy(redis.url)
    await using site = await openSite({ project, server: redis, url: proxy.url })
    site.load.start()
    await eventually(() => expect(site.load.acknowledged.length).toBeGreaterThan(50))
    proxy.silence()
    const before = site.load.acknowledged.length
    await eventually(() => expect(site.load.acknowledged.length).toBeGreaterThan(before + 50))
    expect(await site.outcome()).toEqual(WELL)
  })

  test('work on after replies that are not of Redis', async () => {
    await using redis = await startRedis()
    await using proxy = await faultProxy(redis.url)
    await using site = await openSite({ project, server: redis, url: proxy.url })
    site.load.start()
    await eventually(() => expect(site.load.acknowledged.length).toBeGreaterThan(50))
    let left = 20
    proxy.onCommand = () => {
      left -= 1
      return left < 0 ? undefined : { kind: 'answer', bytes: 'HTTP/1.1 400 Bad Request\r\n\r\n' }
    }
    const before = site.load.acknowledged.length
    await eventually(() => expect(site.load.acknowledged.length).toBeGreaterThan(before + 50))
    expect(await site.outcome()).toEqual(WELL)
  })
})

describe('a worker whose connections are cut again and again', () => {
  test('still receives commands, and sends results', async () => {
    await using redis = await startRedis()
    using admin = ownClient(redis.url)
    await using own = new RedisStorage({ connection: redis.url, role: 'worker' })
    await using storage = new RedisStorage({ connection: redis.url })
    const worker = new Worker('default', { storage: own, horse: 'inline', importPaths: [project.dir] })
    const left = worker.work()
    const job = await new Queue('default', { storage }).enqueue('./jobs#slow', [project.path('heard'), 'heard', 1500])
    const result = job.result({ timeout: patience(60) })
    const listeners = async () => (await admin.pubsub('CHANNELS', 'rq:*')) as string[]
    // The channels for commands, for queue listeners and for results.
    const areThere = async () => expect(await listeners()).toHaveLength(3)
    await eventually(areThere)
    for (let n = 0; n < 3; n++) {
      await admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
      await eventually(areThere)
    }
    await result
    await admin.publish(`rq:pubsub:${worker.name}`, JSON.stringify({ command: 'shutdown' }))
    await left
  })

  test('keeps no connection or descriptor of them', async () => {
    await using redis = await startRedis()
    using admin = ownClient(redis.url)
    const queues = ['high', 'default', 'low']
    const basics = { url: redis.url, prefix: 'rq:', queues, burst: false, isScheduled: true, horse: 'inline' } as const
    const order: WorkerOrder = { ...basics, importPath: project.dir }
    await using worker = spawnNode(new URL('../dist/victim.js', import.meta.url), [JSON.stringify([order])])
    await worker.output(/works 0/)
    const held = async () => ({
      sockets: await openSockets(worker.pid),
      connections: String(await admin.client('LIST'))
        .trim()
        .split('\n').length,
    })
    // One to read and write, one for each queue, one for subscriptions, and ours.
    await eventually(async () => expect((await held()).connections).toBe(queues.length + 3))
    const before = await held()
    for (let n = 0; n < CUTS; n++) {
      await admin.call('CLIENT', 'KILL', 'TYPE', n % 2 === 0 ? 'normal' : 'pubsub', 'SKIPME', 'yes')
      await eventually(async () => expect(await held()).toEqual(before))
    }
  })
})
