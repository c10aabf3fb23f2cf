import { Queue } from '@rq/queue'
import { RedisStorage } from '@rq/redis'
import { makeProject, redisFixture } from '@rq/testkit'
import { expect, test } from 'vitest'
import { Worker } from '../src/index.ts'
import { JOBS } from './jobs.ts'

/** What another program, or a fault, may have left in the field of a job's hash. */
const GARBAGE: readonly (string | Buffer)[] = [
  '',
  ' ',
  'garbage',
  '0',
  '-1',
  '1.5',
  '99999999999999999999',
  '999999999999999',
  '1e400',
  'nan',
  'null',
  '[]',
  '{}',
  '[null]',
  '[{}]',
  Buffer.from([0xff, 0xfe, 0x00]),
  Buffer.from([0x78, 0x9c, 0x00]),
]

const FIELDS = [
  'data',
  'status',
  'origin',
  'timeout',
  'ttl',
  'result_ttl',
  'failure_ttl',
  'created_at',
  'enqueued_at',
  'started_at',
  'ended_at',
  'last_heartbeat',
  'description',
  'meta',
  'worker_name',
  'execution_id',
  'group_id',
  'success_callback_name',
  'success_callback_timeout',
  'failure_callback_name',
  'failure_callback_timeout',
  'retries_left',
  'retry_max',
  'retry_on',
  'failure_callback_when',
  'retry_intervals',
  'number_of_retries',
  'repeats_left',
  'repeat_intervals',
  'dependency_ids',
  'rate_limit_key',
  'rate_limit_concurrency',
  'webhooks',
  'results',
  'waiters',
]

test('a job with garbage in any field ends, once and at once', async () => {
  await using redis = await redisFixture()
  await using project = await makeProject({ 'jobs.js': JOBS })
  await using storage = new RedisStorage({ connection: redis.url, prefix: redis.prefix, role: 'worker' })
  const queue = new Queue('default', { storage, serializer: 'json' })
  const ids: string[] = []
  for (const field of FIELDS) {
    for (const [n, value] of GARBAGE.entries()) {
      // It is legal: the job would run that often.
      if (field === 'repeats_left' && Number(value) > 1) continue
      // A finished job that is not kept.
      if (field === 'result_ttl' && value === '0') continue
      const id = `${field}-${n}`
      ids.push(id)
      await queue.enqueue('./jobs#add', [1, 2], { jobId: id, failureTtl: -1, resultTtl: -1 })
      await redis.client.hset(`${redis.prefix}job:${id}`, field, value)
    }
  }
  const worker = new Worker('default', {
    storage,
    serializer: 'json',
    importPaths: [project.dir],
    processTitle: false,
  })
  await worker.work({ burst: true })

  const statuses = new Map<string, string>()
  for (const id of ids) {
    const [status, abandoned] = await redis.client.hmget(`${redis.prefix}job:${id}`, 'status', 'abandoned_count')
    statuses.set(id, `${status}${abandoned === null ? '' : `, abandoned ${abandoned} times`}`)
  }
  const others = [...statuses].filter(([, status]) => status !== 'finished' && status !== 'failed')
  expect(others).toEqual([])
  const failed = [...statuses].filter(([, status]) => status === 'failed').map(([id]) => id.replace(/-\d+$/, ''))
  expect(new Set(failed)).toEqual(new Set(['data', 'success_callback_name']))
  expect(await redis.client.exists(`${redis.prefix}wip:default`, `${redis.prefix}queue:default`)).toBe(0)
  const unread = await (await queue.fetchJob('data-0'))?.latestResult()
  expect(unread?.excString).toMatch(/it is empty/)

  // What the jobs have in their hashes is not what the fixture's own checks accept.
  await redis.client.unlink(await redis.client.keys(`${redis.prefix}*`))
})
