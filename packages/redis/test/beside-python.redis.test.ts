import { deflateSync } from 'node:zlib'
import { eventually, type RedisFixture } from '@rq/testkit'
import { claimRequest, newJob, rescue } from '@rq/testkit/storage-conformance'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { RedisStorage } from '../src/index.ts'
import { withStorage } from './with-storage.ts'

const OTHERS = '0123456789abcdef0123456789abcdef'
const OURS = 'd'.repeat(20)

/** From here to the end of the test no client polls: a wait that ends was woken. */
function withoutLooking(): void {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  onTestFinished(() => {
    vi.useRealTimers()
  })
}

/** A job as a Python worker has started it, with its lease. */
async function startedByPython({ client, prefix }: RedisFixture, member: string, endsInS: number, fields = {}) {
  const id = member.split(':')[0] ?? ''
  await client.hset(`${prefix}job:${id}`, {
    data: deflateSync('["m.f", null, [], {}]'),
    origin: 'default',
    status: 'started',
    created_at: '2026-01-01T00:00:00.000000Z',
    last_heartbeat: '',
    worker_name: 'python',
    ...fields,
  })
  await client.zadd(`${prefix}wip:default`, Date.now() / 1000 + endsInS, member)
}

const recover = async (storage: RedisStorage, most = 10) =>
  (await rescue(storage.workers, { workerName: 'w', most })).map(({ job }) => job.id).sort()

describe('recover', () => {
  test('takes our jobs over when their lease has ended, which Python sees a minute later', () =>
    withStorage(async (storage, { client, prefix }) => {
      await storage.queues.enqueue([newJob({ id: 'a' })])
      await storage.workers.claim(claimRequest({ leaseMs: 100 }))
      const [, score] = await client.zrange(`${prefix}wip:default`, '0', '-1', 'WITHSCORES')
      expect(Math.abs(Number(score) - Date.now() / 1000 - 60)).toBeLessThan(5)
      const [execution] = await storage.jobs.executions('a')
      expect(Math.abs((execution?.leaseEndsMs ?? 0) - Date.now())).toBeLessThan(5000)
      await eventually(async () => expect(await recover(storage)).toEqual(['a']))
      expect(await recover(storage)).toEqual([])
    }))

  test("takes Python's jobs over when their score is over, and no sooner, with or without an execution", () =>
    withStorage(async (storage, redis) => {
      await startedByPython(redis, `ended:${OTHERS}`, -1)
      await startedByPython(redis, 'bare', -1)
      await startedByPython(redis, `running:${OTHERS}`, 30)
      await startedByPython(redis, 'running-bare', 30)
      expect(await recover(storage)).toEqual(['bare', 'ended'])
      expect(await redis.client.zrange(`${redis.prefix}wip:default`, '0', '1')).toEqual(
        expect.arrayContaining([`running:${OTHERS}`, 'running-bare']),
      )
    }, /running(-bare)? \(started\) is nowhere|running-bare, which names no execution/))

  test('takes over what Python had started after an earlier run of ours, and nothing that is leased anew', () =>
    withStorage(async (storage, redis) => {
      await startedByPython(redis, `requeued:${OTHERS}`, -1, { execution_id: 'abc' })
      await startedByPython(redis, `replaced:${OTHERS}`, -1, { execution_id: OURS })
      await redis.client.zadd(`${redis.prefix}wip:default`, Date.now() / 1000 + 75, `replaced:${OURS}`)
      expect(await recover(storage)).toEqual(['requeued'])
      expect(await redis.client.zscore(`${redis.prefix}wip:default`, `replaced:${OTHERS}`)).toBe(null)
    }))

  test('queues what a Python worker found ready some seconds ago, and leaves to it what is newer', () =>
    withStorage(async (storage, { client, prefix }) => {
      await storage.queues.enqueue([newJob({ id: 'left' }), newJob({ id: 'new' })])
      await client.del(`${prefix}queue:default`)
      for (const id of ['left', 'new']) await client.hset(`${prefix}job:${id}`, { status: 'ready_to_enqueue' })
      const nowS = Math.floor(Date.now() / 1000)
      await client.zadd(`${prefix}ready:default`, nowS - 10, 'left', nowS + 60, 'new')
      expect(await recover(storage)).toEqual([])
      expect(await storage.queues.jobIds('default', 0, -1)).toEqual(['left'])
      expect((await storage.jobs.fetch(['left', 'new'])).map((job) => job?.status)).toEqual([
        'queued',
        'ready_to_enqueue',
      ])
      expect(await client.zrange(`${prefix}ready:default`, '0', '-1')).toEqual(['new'])
      await storage.workers.cleanUp(['default'])
      expect(await storage.queues.jobIds('default', 0, -1)).toEqual(['left', 'new'])
    }))

  test('takes no more than it is asked for', () =>
    withStorage(async (storage, redis) => {
      for (const id of ['a', 'b', 'c']) await startedByPython(redis, `${id}:${OTHERS}`, -1)
      expect(await recover(storage, 2)).toHaveLength(2)
      expect(await recover(storage, 2)).toHaveLength(1)
    }))

  test('puts jobs back that have been in the intermediate list for a minute, and drops what does not belong there', () =>
    withStorage(async (storage, { client, prefix }) => {
      const queue = `${prefix}queue:default`
      const jobs = ['a', 'b', 'over'].map((id) => newJob({ id }))
      await storage.queues.enqueue(jobs)
      for (const _ of jobs) await client.lmove(queue, `${queue}:intermediate`, 'LEFT', 'RIGHT')
      await client.rpush(`${queue}:intermediate`, 'gone')
      await client.hset(`${prefix}job:over`, 'status', 'canceled')
      await recover(storage)
      expect(await client.lrange(`${queue}:intermediate`, 0, -1)).toEqual(['a', 'b'])
      const seen = await client.hgetall(`${prefix}stuck:default`)
      expect(
        Object.keys(seen)
          .map((field) => field.split(' ')[0])
          .sort(),
      ).toEqual(['a', 'b'])
      const field = Object.keys(seen).find((name) => name.startsWith('a ')) ?? ''
      await client.hset(`${prefix}stuck:default`, field, Date.now() - 61_000)
      // Enqueued again meanwhile: its minute begins anew.
      await client.hset(`${prefix}job:b`, 'enqueued_at', '2026-01-01T00:00:00.000000Z')
      await recover(storage)
      expect(await client.lrange(queue, 0, -1)).toEqual(['a'])
      expect(await client.lrange(`${queue}:intermediate`, 0, -1)).toEqual(['b'])
      await client.del(`${queue}:intermediate`)
      await recover(storage)
      expect(await client.exists(`${prefix}stuck:default`)).toBe(0)
    }, /^job (b|over) .* is nowhere/))
})

describe('awaitResult', () => {
  /** What a Python worker does at the end, in one transaction. */
  const endAsPython = ({ client, prefix }: RedisFixture, id: string) =>
    client
      .multi()
      .hset(`${prefix}job:${id}`, 'status', 'finished')
      .xadd(`${prefix}results:${id}`, '*', 'type', '1', 'return_value', Buffer.from('42').toString('base64'))
      .exec()

  test('wakes at once when another program writes the result of a job of the stream dialect', () =>
    withStorage(async (storage, redis) => {
      withoutLooking()
      await storage.queues.enqueue(['a', 'b', 'c'].map((id) => newJob({ id, results: 'stream' })))
      await Promise.all(
        ['a', 'b', 'c'].map(async (id) => {
          const awaited = storage.jobs.awaitResult(id, 10_000, undefined, 'end')
          await eventually(async () =>
            expect(await redis.client.hget(`${redis.prefix}job:${id}`, 'waiters')).not.toBe(null),
          )
          await endAsPython(redis, id)
          expect(await awaited).toMatchObject({ status: 'finished', result: { type: 'successful' } })
        }),
      )
    }, /^job [abc] \(finished, of default\) is in queue/))

  test('goes on waiting when the result was of a run that is followed by another', () =>
    withStorage(async (storage, redis) => {
      const { client, prefix } = redis
      await storage.queues.enqueue([newJob({ id: 'a', results: 'stream' })])
      await client.xadd(`${prefix}results:a`, '*', 'type', '2')
      const awaited = storage.jobs.awaitResult('a', 10_000, undefined, 'end')
      await eventually(async () => expect(await client.hget(`${prefix}job:a`, 'waiters')).not.toBe(null))
      await client.xadd(`${prefix}results:a`, '*', 'type', '4')
      await endAsPython(redis, 'a')
      expect(await awaited).toMatchObject({ status: 'finished', result: { type: 'successful' } })
    }, /^job a \(finished, of default\) is in queue/))
})

describe('a job whose data is compressed', () => {
  const bomb = deflateSync(Buffer.alloc(20_000_000, ' '))

  test.each(['plain', 'other'])('is claimed and fetched without inflating it: %s', (id) =>
    withStorage(async (storage, { client, prefix }) => {
      await storage.queues.enqueue([newJob({ id, ...(id === 'other' && { ttlS: 60 }) })])
      await client.hset(`${prefix}job:${id}`, 'data', bomb)
      const [claimed] = (await storage.workers.claim(claimRequest())).jobs
      expect(claimed?.job).toMatchObject({ data: bomb, results: 'stream' })
      expect(await storage.jobs.fetch([id])).toMatchObject([{ data: bomb, results: 'stream' }])
    }, /\(started\)|is in wip/),
  )

  test('shows the beginning of a text that is a bomb', () =>
    withStorage(async (storage, { client, prefix }) => {
      await storage.queues.enqueue([newJob({ id: 'a' })])
      const text = deflateSync(`Traceback ${'x'.repeat(20_000_000)}`)
      await client.hset(`${prefix}job:a`, 'exc_info', text)
      await client.xadd(`${prefix}results:a`, '*', 'type', '2', 'exc_string', text.toString('base64'))
      const [job] = await storage.jobs.fetch(['a'])
      const [result] = await storage.jobs.results('a')
      for (const shown of [job?.excInfo, result?.excString]) {
        expect(shown).toMatch(/^Traceback x+\n\.\.\. \(cut: it inflates to more than \d+ bytes\)$/)
        expect(shown?.length).toBeLessThan(2_000_000)
      }
    }, /results:a|exc_info/))
})

describe('results', () => {
  test('of a job in our dialect survive that a Python program saves the job', () =>
    withStorage(async (storage, { client, prefix }) => {
      const key = `${prefix}job:a`
      await storage.queues.enqueue([newJob({ id: 'a' })])
      const { jobs } = await storage.workers.claim(claimRequest())
      await client.hset(key, { status: 'finished', result: '42' })
      await client.hset(key, 'data', deflateSync((await client.hget(key, 'data')) ?? ''))
      expect(jobs).toHaveLength(1)
      expect(await storage.jobs.results('a')).toMatchObject([{ type: 'successful', returnValue: '42' }])
    }, /^job a \(finished, of default\) is in wip/))
})

describe('workers', () => {
  test('shows the job of a Python worker that only lists its executions', () =>
    withStorage(async (storage, { client, prefix }) => {
      const key = `${prefix}worker:python`
      const birth = '2026-01-01T00:00:00.000000Z'
      await client.sadd(`${prefix}workers`, key)
      await client.hset(key, { birth, last_heartbeat: birth, queues: 'default', state: 'busy' })
      await client.expire(key, 60)
      expect(await storage.workers.workers()).toMatchObject([{ name: 'python', state: 'busy' }])
      await client.sadd(`${key}:executions`, `expired:${OTHERS}`, `runs:${OTHERS}`)
      await client.expire(`${key}:executions`, 60)
      const execution = { id: OTHERS, job_id: 'runs', worker_name: 'python', created_at: '1', last_heartbeat: '1' }
      await client.hset(`${prefix}execution:runs:${OTHERS}`, execution)
      await client.expire(`${prefix}execution:runs:${OTHERS}`, 60)
      expect(await storage.workers.workers()).toMatchObject([{ currentJobId: 'runs' }])
      await client.hset(key, { state: 'idle' })
      const [idle] = await storage.workers.workers()
      expect(idle).not.toHaveProperty('currentJobId')
    }))
})

describe('sendCommand', () => {
  test('asks for a stop in the words that every version of RQ knows', () =>
    withStorage(async (storage, { client, prefix, connect }) => {
      const listener = connect()
      const heard: string[] = []
      listener.on('message', (_channel: string, text: string) => heard.push(text))
      await listener.subscribe(`${prefix}pubsub:w`)
      await storage.admin.sendCommand('w', { command: 'stop-job', jobId: 'a', executionId: 'x' })
      await storage.admin.sendCommand('w', { command: 'stop-job', jobId: 'b' })
      await eventually(() => heard.length === 2)
      listener.disconnect()
      expect(heard.map((text) => JSON.parse(text))).toEqual([
        { command: 'stop-job', job_id: 'a', execution_id: 'x' },
        { command: 'stop-job', job_id: 'b' },
      ])
      expect(await client.exists(`${prefix}job:a`)).toBe(0)
    }))
})
