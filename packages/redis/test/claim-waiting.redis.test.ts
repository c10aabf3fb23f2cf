import { getEventListeners } from 'node:events'
import { deferred } from '@rq/core'
import type { ClaimReply } from '@rq/job'
import { eventually, type FaultProxy, faultProxy, type RedisFixture, redisFixture } from '@rq/testkit'
import { claimRequest, newJob, newWorker } from '@rq/testkit/storage-conformance'
import { describe, expect, test } from 'vitest'
import { RedisStorage } from '../src/index.ts'

const WORKER = newWorker({ ttlS: 60 })

interface Setting {
  readonly storage: RedisStorage
  readonly redis: RedisFixture
  readonly proxy: FaultProxy
  readonly stop: AbortController
  /** Wait with a claim. */
  wait(): Promise<ClaimReply | undefined>
  /** As `wait`, for a job that is not there yet. */
  waitInRedis(): Promise<{ readonly waiting: Promise<ClaimReply | undefined> }>
}

/** The proxy sends a command only when the one before it is answered. */
async function setting(run: (setting: Setting) => Promise<void>, isProxied = true): Promise<void> {
  await using redis = await redisFixture({ tolerate: /./ })
  await using proxy = await faultProxy(redis.url)
  const connection = isProxied ? proxy.url : redis.url
  await using storage = new RedisStorage({ connection, prefix: redis.prefix, role: 'worker' })
  await storage.workers.register(WORKER, 15_000)
  const stop = new AbortController()
  const wait = () => storage.workers.waitForWork(['default'], 60_000, stop.signal, claimRequest({ want: 1 }), 'idle')
  const waitInRedis = async () => {
    const waiting = wait()
    // Clients of other tests wait, too.
    const isWaiting = (line: string) =>
      line.includes(` user=${redis.prefix.slice(0, -1)} `) && line.includes(' cmd=blmove ')
    await eventually(async () =>
      String(await redis.client.client('LIST'))
        .split('\n')
        .some(isWaiting),
    )
    return { waiting }
  }
  await run({ storage, redis, proxy, stop, wait, waitInRedis })
}

const statusOf = (redis: RedisFixture, id: string) => redis.client.hget(`${redis.prefix}job:${id}`, 'status')
const idsOf = (reply: ClaimReply | undefined) => reply?.jobs.map(({ job }) => job.id)

describe.each([
  ['sent at once', false],
  ['sent after the wait', true],
])('a claim along with a wait, %s', (_how, isProxied) => {
  test('takes the job that comes, in its own time, and says whether there are more', () =>
    setting(async ({ redis, storage, wait, waitInRedis }) => {
      const { waiting } = await waitInRedis()
      const [seconds, micros] = (await redis.client.time()).map(Number) as [number, number]
      await storage.queues.enqueue([newJob({ id: 'a' }), newJob({ id: 'b' })])
      const first = await waiting
      expect(first).toMatchObject({ jobs: [{ job: { id: 'a', status: 'started' } }], again: true })
      const startedAt = (await redis.client.hget(`${redis.prefix}job:a`, 'started_at')) ?? ''
      expect(startedAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}000Z$/)
      expect(Date.parse(startedAt)).toBeGreaterThanOrEqual(seconds * 1000 + Math.floor(micros / 1000))
      expect(await redis.client.hget(`${redis.prefix}worker:worker`, 'state')).toBe('busy')
      const last = await wait()
      expect(idsOf(last)).toEqual(['b'])
      expect(last?.again).toBeUndefined()
    }, isProxied))

  test('takes nothing any more when the wait has been ended and the worker has left', () =>
    setting(async ({ redis, stop, storage, waitInRedis }) => {
      const { waiting } = await waitInRedis()
      stop.abort()
      expect(await waiting).toBeUndefined()
      await storage.workers.unregister(WORKER)
      await storage.queues.enqueue([newJob({ id: 'a' })])
      expect(await statusOf(redis, 'a')).toBe('queued')
      expect(await storage.queues.jobIds('default', 0, -1)).toEqual(['a'])
    }, isProxied))

  test('takes nothing for a worker that has left while Redis keeps its connection', () =>
    setting(async ({ redis, storage, waitInRedis }) => {
      const { waiting } = await waitInRedis()
      await storage.workers.unregister(WORKER)
      await storage.queues.enqueue([newJob({ id: 'a' })])
      expect(idsOf(await waiting)).toEqual([])
      expect(await statusOf(redis, 'a')).toBe('queued')
    }, isProxied))

  test('takes nothing of a queue that its worker has paused since it was sent, until it is resumed', () =>
    setting(async ({ redis, storage, wait, waitInRedis }) => {
      const { waiting } = await waitInRedis()
      await storage.workers.showHolds(WORKER, { paused: ['defaul', 'default'], held: [] })
      await storage.queues.enqueue([newJob({ id: 'a' })])
      expect(idsOf(await waiting)).toEqual([])
      expect(await statusOf(redis, 'a')).toBe('queued')
      await storage.workers.showHolds(WORKER, { paused: ['defaul', 'default2'], held: [] })
      expect(idsOf(await wait())).toEqual(['a'])
    }, isProxied))

  test('takes nothing while the queue is paused or all workers are suspended', () =>
    setting(async ({ storage, wait }) => {
      await storage.queues.enqueue([newJob({ id: 'a' })])
      await storage.queues.pause('default')
      expect(await wait()).toEqual({ jobs: [], suspended: false })
      await storage.queues.resume('default')
      await storage.admin.suspend()
      expect(await wait()).toEqual({ jobs: [], suspended: true })
      await storage.admin.resume()
      expect(idsOf(await wait())).toEqual(['a'])
    }, isProxied))
})

test('many waits listen to their signal once, and all are ended when the storage disconnects', () =>
  setting(async ({ stop, storage, wait, waitInRedis }) => {
    await storage.queues.enqueue([newJob({ id: 'a' }), newJob({ id: 'b' })])
    await wait()
    await wait()
    const { waiting } = await waitInRedis()
    expect(getEventListeners(stop.signal, 'abort')).toHaveLength(1)
    storage.workers.disconnect()
    expect(await waiting).toBeUndefined()
  }))

describe('when the reply to a claim along with a wait is lost', () => {
  test('its job is found by the same claim, which is sent again', () =>
    setting(async ({ proxy, storage, wait }) => {
      let isCut = false
      proxy.onCommand = ({ name }) => {
        if (name !== 'claim_waiting' || isCut) return undefined
        isCut = true
        return { kind: 'cut' }
      }
      await storage.queues.enqueue([newJob({ id: 'a' })])
      expect(idsOf(await wait())).toEqual(['a'])
      expect(isCut).toBe(true)
    }))

  test.each(['the next claim', 'the end of the worker'])('since the wait was ended, its job is found by %s', (who) =>
    setting(async ({ proxy, redis, stop, storage, wait }) => {
      const { promise: never } = deferred()
      proxy.onCommand = ({ name }) => (name === 'claim_waiting' ? { kind: 'after', hook: () => never } : undefined)
      const waiting = wait()
      await storage.queues.enqueue([newJob({ id: 'a' })])
      await eventually(async () => expect(await statusOf(redis, 'a')).toBe('started'))
      stop.abort()
      expect(await waiting).toBeUndefined()
      if (who === 'the next claim') {
        await eventually(async () => expect(idsOf(await storage.workers.claim(claimRequest()))).toEqual(['a']))
      } else {
        await storage.workers.unregister(WORKER)
        expect(await statusOf(redis, 'a')).toBe('queued')
        expect(await redis.client.zcard(`${redis.prefix}wip:default`)).toBe(0)
      }
    }),
  )
})
