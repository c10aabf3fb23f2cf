import { makeProject, redisFixture } from '@rq/testkit'
import { describe, expect, test } from 'vitest'
import { Queue, Webhook, Worker } from '../src/index.ts'

const JOBS = 'export const add = (a, b) => a + b'
const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
const around = (open: string, close: string, depth: number) => open.repeat(depth) + close.repeat(depth)

/** Texts of JSON in a job's hash that no queue has written. */
const DEEP = [
  ['webhooks', nested(10_000)],
  ['webhooks', nested(700_000)],
  [
    'webhooks',
    `[{"url":"http://localhost/","job_status":"finished","headers":${around('{"a":', '}', 9000).replace('}', '1}')}}]`,
  ],
  ['dependency_ids', nested(10_000)],
  ['retry_intervals', nested(9000)],
  ['meta', nested(10_000)],
] as const

describe('JSON of many levels in the hash of a job', () => {
  test.each(DEEP)('costs no other job, and a worker goes on: %s', async (field, text) => {
    await using redis = await redisFixture({ tolerate: /./ })
    await using project = await makeProject({ 'jobs.mjs': JOBS })
    await using queue = new Queue('default', { connection: redis.url, prefix: redis.prefix })
    const job = await queue.enqueue('./jobs#add', [1, 2], { webhooks: [new Webhook('http://localhost:1/', 'failed')] })
    await redis.client.hset(`${redis.prefix}job:${job.id}`, { [field]: text })
    const other = await queue.enqueue('./jobs#add', [3, 4])
    const warnings: string[] = []
    const logger = { debug() {}, info() {}, error() {}, warn: (message: string) => void warnings.push(message) }
    const worker = new Worker('default', {
      connection: redis.url,
      prefix: redis.prefix,
      importPaths: [project.dir],
      logger: { ...logger, child: () => logger } as never,
    })
    await worker.work({ burst: true })
    expect(await Promise.all([job.result(), other.result()])).toEqual([3, 7])
    if (field === 'webhooks') expect(warnings.join()).toMatch(/webhook/i)
  })
})
