import { deflateSync } from 'node:zlib'
import { findPythonFaults, redisFixture } from '@rq/testkit'
import { describe, expect, test } from 'vitest'

const TIME = '2026-11-24T01:02:03.000004Z'
const JOB = {
  data: '["tasks.add",null,[1],{}]',
  origin: 'default',
  status: 'queued',
  created_at: TIME,
  last_heartbeat: '',
}
const CRON_SCHEDULER = { hostname: 'h', pid: '7', name: 'c', created_at: TIME, config_file: '' }
const CRON_JOB = {
  func_name: 'tasks.add',
  queue_name: 'default',
  args: '[1, 2]',
  kwargs: '<not JSON serializable>',
  interval: null,
  cron: '* * * * *',
  latest_enqueue_time: null,
  next_enqueue_time: TIME,
}
const base64 = (bytes: string | Buffer) => Buffer.from(bytes).toString('base64')

describe('findPythonFaults', () => {
  test('finds nothing in what Python RQ and rq write', async () => {
    await using redis = await redisFixture({ tolerate: false })
    const { client, prefix } = redis
    await client.sadd(`${prefix}queues`, `${prefix}queue:default`)
    await client.rpush(`${prefix}queue:default`, 'a')
    await client.hset(`${prefix}job:a`, JOB)
    await client.hset(`${prefix}job:b`, {
      ...JOB,
      data: deflateSync('["tasks.add", null, [NaN, -Infinity, 123456789012345678901], {"k": 1}]'),
      meta: '{"a": "\\u00fc"}',
      timeout: '180',
      retries_left: '',
      retry_intervals: '[1, 2]',
      dependency_ids: '["a"]',
      success_callback_name: '',
      started_at: '2026-11-24T01:02:03Z',
      ours: 'anything',
    })
    await client.hset(`${prefix}job:pickled`, { ...JOB, data: Buffer.from([0x80, 5, 0xff]) })
    await client.xadd(`${prefix}results:a`, '*', 'type', '1', 'return_value', base64('{"a": NaN}'))
    await client.xadd(`${prefix}results:a`, '*', 'type', '2', 'exc_string', base64(deflateSync('Error: nö')))
    await client.zadd(`${prefix}wip:default`, 1, 'a:0123', 2, 'bare')
    await client.sadd(`${prefix}workers`, `${prefix}worker:w`)
    await client.hset(`${prefix}worker:w`, { queues: 'default,low', birth: TIME, total_working_time: '7.9e-05' })
    await client.zadd(`${prefix}scheduled:default`, 1795467692.118, 'a')
    await client.zadd(`${prefix}finished:default`, '+inf', 'b')
    await client.zadd(`${prefix}failed:default`, -1, 'a')
    await client.hset(`${prefix}scheduler:1`, {
      name: '1',
      hostname: 'h',
      pid: '7',
      queues: 'default',
      created_at: TIME,
    })
    await client.zadd(`${prefix}cron_schedulers`, 1795467692.1183, 'c')
    await client.hset(`${prefix}cron_scheduler:c`, { ...CRON_SCHEDULER, cron_jobs: JSON.stringify([CRON_JOB]) })
    await client.sadd(`${prefix}rl-keys`, 'api')
    await client.hset(`${prefix}rl:api`, 'concurrency', 2)
    await client.zadd(`${prefix}rl:api:allowed`, 1795467692, 'a')
    await client.set(`${prefix}something-else`, 'not of RQ')
    expect(await findPythonFaults(client, prefix)).toEqual([])
  })

  test.each<[string, Record<string, string | Buffer>, RegExp]>([
    ['no data', { data: '' }, /data: holds no JSON/],
    ['data that is no call', { data: '["f", null, []]' }, /data: is not a call/],
    ['an unknown status', { status: 'waiting' }, /status: "waiting" is not a status/],
    ['a time with an offset', { created_at: '2026-11-24T01:02:03+00:00' }, /created_at: .* ends in Z/],
    ['a timeout with a unit', { timeout: '2m' }, /timeout: "2m" is not an integer/],
    ['a fraction', { result_ttl: '1.5' }, /result_ttl: "1.5" is not an integer/],
    ['an empty flag', { enqueue_at_front: '' }, /enqueue_at_front: "" is not an integer/],
    ['an empty limit', { failure_callback_timeout: '' }, /failure_callback_timeout: "" is not an integer/],
    ['intervals that are no list', { retry_intervals: '5' }, /retry_intervals: is not a list of integers/],
    ['a dependency with another id', { dependency_ids: '["a b"]' }, /dependency_ids: is not a list of job ids/],
    ['meta that is no object', { meta: '[1]' }, /meta: is not an object/],
    ['an old error that is not UTF-8', { exc_info: deflateSync(Buffer.from([0xff])) }, /exc_info: is not UTF-8/],
    ['text that is not UTF-8', { description: Buffer.from([0xff]) }, /description: is not UTF-8/],
  ])('finds a job with %s', async (_, fields, complaint) => {
    await using redis = await redisFixture({ tolerate: false })
    await redis.client.hset(`${redis.prefix}job:a`, { ...JOB, ...fields })
    expect(await findPythonFaults(redis.client, redis.prefix)).toEqual([expect.stringMatching(complaint)])
  })

  test('finds what is missing, in the wrong place, or of the wrong type', async () => {
    await using redis = await redisFixture({ tolerate: false })
    const { client, prefix } = redis
    await client.hset(`${prefix}job:a`, 'data', JOB.data)
    await client.rpush(`${prefix}queue:default`, 'not an id')
    await client.sadd(`${prefix}queues`, 'default')
    await client.zadd(`${prefix}wip:default`, 1, 'a:b:c')
    await client.xadd(`${prefix}results:a`, '*', 'type', '9', 'return_value', '{}', 'exc_string', base64('plain'))
    await client.hset(`${prefix}execution:a:b`, 'id', 'b')
    await client.sadd(`${prefix}failed:default`, 'a')
    expect(await findPythonFaults(client, prefix)).toEqual([
      expect.stringMatching(/execution:a:b: has no created_at$/),
      expect.stringMatching(/execution:a:b: has no last_heartbeat$/),
      expect.stringMatching(/failed:default: is a set, not a zset$/),
      expect.stringMatching(/job:a: has no last_heartbeat$/),
      expect.stringMatching(/job:a: has no origin$/),
      expect.stringMatching(/queue:default: "not an id" is not a job id$/),
      expect.stringMatching(/queues: "default" is not a key that begins with rq:queue:$/),
      expect.stringMatching(/results:a: entry .*: type: "9" is not a type of result$/),
      expect.stringMatching(/results:a: entry .*: return_value: is not base64$/),
      expect.stringMatching(/results:a: entry .*: exc_string: is not compressed$/),
      expect.stringMatching(/wip:default: "a:b:c" is not job:execution$/),
    ])
  })

  test.each<[string, Record<string, unknown>]>([
    ['no queue', { queue_name: undefined }],
    ['both an interval and a rule', { interval: 5 }],
    ['arguments that are not text of JSON', { args: [1, 2] }],
    ['a time without Z', { next_enqueue_time: '2026-11-24T01:02:03+00:00' }],
  ])('finds a cron job with %s', async (_, wrong) => {
    await using redis = await redisFixture({ tolerate: false })
    const cron_jobs = JSON.stringify([CRON_JOB, { ...CRON_JOB, ...wrong }])
    await redis.client.hset(`${redis.prefix}cron_scheduler:c`, { ...CRON_SCHEDULER, cron_jobs })
    expect(await findPythonFaults(redis.client, redis.prefix)).toEqual([
      expect.stringMatching(/cron_jobs: is not a list of cron jobs$/),
    ])
  })

  test('finds names that are not ids, and scores that are not times', async () => {
    await using redis = await redisFixture({ tolerate: false })
    const { client, prefix } = redis
    await client.hset(`${prefix}job:not an id`, JOB)
    await client.sadd(`${prefix}job:not an id:dependents`, 'a')
    await client.zadd(`${prefix}scheduled:default`, '+inf', 'a', -1, 'b')
    await client.zadd(`${prefix}deferred:default`, 1e15, 'a')
    await client.hset(`${prefix}scheduler:1`, 'name', '1', 'hostname', 'h', 'pid', '', 'created_at', TIME)
    await client.hset(`${prefix}cron_scheduler:c`, 'name', 'c')
    await client.hset(`${prefix}rl:api`, 'concurrency', 0)
    expect(await findPythonFaults(client, prefix)).toEqual([
      expect.stringMatching(/cron_scheduler:c: has no hostname$/),
      expect.stringMatching(/cron_scheduler:c: has no created_at$/),
      expect.stringMatching(/cron_scheduler:c: has no config_file$/),
      expect.stringMatching(/deferred:default: "1000000000000000" is not a time that Python can show$/),
      expect.stringMatching(/job:not an id: "not an id" is not a job id$/),
      expect.stringMatching(/job:not an id:dependents: "not an id" is not a job id$/),
      expect.stringMatching(/rl:api: concurrency: "0" is not a positive integer$/),
      expect.stringMatching(/scheduled:default: "-1" is not a time that Python can show$/),
      expect.stringMatching(/scheduled:default: "inf" is not a time that Python can show$/),
      expect.stringMatching(/scheduler:1: pid: "" is not an integer$/),
    ])
  })
})
