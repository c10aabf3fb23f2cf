import { readFileSync } from 'node:fs'
import {
  eventually,
  makeProject,
  narrowProxy,
  type RedisFixture,
  redisFixture,
  spawnNode,
  startRedis,
} from '@rq/testkit'
import { describe, expect, test } from 'vitest'
import { Queue } from '../src/index.ts'

const MB = 1e6

const JOBS = `
import { getCurrentJob } from 'rq'
export const add = (a, b) => a + b
export const lengthOf = (text) => text.length
export const reread = (count) => Promise.all(Array.from({ length: count }, () => getCurrentJob().refresh())).then(() => {})
export const give = (character, count) => character.repeat(count)
`

const SCRIPT = `
import { Worker } from 'rq'
const [, , connection, prefix, folder, concurrency = '1'] = process.argv
const options = { connection, prefix, importPaths: [folder], processTitle: false, concurrency: Number(concurrency) }
await new Worker('default', options).work()
`

/** The most memory that a process has had, in MB, as Linux counts it. */
function peakOf(pid: number): number {
  const [, kilobytes] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kilobytes) / 1024
}

type Fill = (queue: Queue, redis: RedisFixture) => Promise<unknown>

const times = async (count: number, make: (n: number) => Promise<unknown>) => {
  for (let n = 0; n < count; n++) await make(n)
}

/** What is in Redis. All of these jobs end well. */
const LARGE: readonly (readonly [string, Fill])[] = [
  ['arguments of 15 MB', (queue) => times(4, () => queue.enqueue('./jobs#lengthOf', ['x'.repeat(15 * MB)]))],
  [
    'arguments of 15 MB in other letters',
    (queue) => times(2, () => queue.enqueue('./jobs#lengthOf', ['é'.repeat(7 * MB)])),
  ],
  [
    'arguments and meta of 15 MB each',
    (queue) =>
      times(4, () => queue.enqueue('./jobs#lengthOf', ['x'.repeat(15 * MB)], { meta: { text: 'y'.repeat(15 * MB) } })),
  ],
  ['results of 15 MB', (queue) => times(4, () => queue.enqueue('./jobs#give', ['x', 15 * MB]))],
  ['results of 15 MB in other letters', (queue) => times(2, () => queue.enqueue('./jobs#give', ['é', 7 * MB]))],
  ['many large jobs', (queue) => times(40, () => queue.enqueue('./jobs#lengthOf', ['x'.repeat(MB)]))],
  ['many large results', (queue) => times(40, () => queue.enqueue('./jobs#give', ['x', MB]))],
  [
    'a job of 1 MB that reads itself 100 times at once',
    (queue) => queue.enqueue('./jobs#reread', [100, 'x'.repeat(MB)]),
  ],
  [
    'a foreign field of 100 MB',
    (queue, { client, prefix }) =>
      times(1, async (n) => {
        const { id } = await queue.enqueue('./jobs#add', [n, 1], { meta: { n } })
        const write = "return redis.call('HSET', KEYS[1], 'foreign', string.rep('x', 100 * 1024 * 1024))"
        await client.eval(write, 1, `${prefix}job:${id}`)
      }),
  ],
]

/** A small machine's worker: with this heap it takes some 80 MB when its jobs are small. */
describe.runIf(process.platform === 'linux')('a worker with a heap of 256 MB stays below 200 MB', () => {
  test.each(LARGE)('with %s', async (_, fill) => {
    await using server = await startRedis()
    await using redis = await redisFixture({ url: server.url, tolerate: /./ })
    const { client } = redis
    await using project = await makeProject({ 'jobs.mjs': JOBS, 'worker.mjs': SCRIPT }, { packages: ['rq'] })
    await using queue = new Queue('default', { connection: redis.url, prefix: redis.prefix })
    await fill(queue, redis)
    const jobs = await queue.count()
    const script = project.path('worker.mjs')
    const nodeArgs = ['--max-old-space-size=256']
    await using worker = spawnNode(script, [redis.url, redis.prefix, project.dir], { nodeArgs })
    await eventually(async () => expect(await queue.finishedJobRegistry.count()).toBe(jobs))
    expect(peakOf(worker.pid)).toBeLessThan(200)
    // The fixture would read them.
    for (const key of await client.keys(`${redis.prefix}job:*`)) await client.hdel(key, 'foreign')
  })

  test.each([
    ['15 MB', 8, 15 * MB],
    ['200 KB', 400, 0.2 * MB],
  ])('with eight horses that all have results of %s, which Redis takes slowly', async (_, count, length) => {
    await using server = await startRedis()
    await using redis = await redisFixture({ url: server.url, tolerate: /./ })
    await using line = await narrowProxy(redis.url)
    await using project = await makeProject({ 'jobs.mjs': JOBS, 'worker.mjs': SCRIPT }, { packages: ['rq'] })
    await using queue = new Queue('default', { connection: redis.url, prefix: redis.prefix })
    await queue.enqueueMany(Array.from({ length: count }, () => Queue.prepareData('./jobs#give', ['x', length])))
    const script = project.path('worker.mjs')
    const nodeArgs = ['--max-old-space-size=256']
    line.bytesPerSecond = 20 * MB
    await using worker = spawnNode(script, [line.url, redis.prefix, project.dir, '8'], { nodeArgs })
    await eventually(async () => expect(await queue.finishedJobRegistry.count()).toBe(count))
    expect(peakOf(worker.pid)).toBeLessThan(200)
  })
})
