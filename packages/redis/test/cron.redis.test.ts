import type { CronRun, CronSchedulerRecord } from '@rq/job'
import { startRedis } from '@rq/testkit'
import { newJob, RETURNED, workOff } from '@rq/testkit/storage-conformance'
import { describe, expect, it } from 'vitest'
import { RedisStorage } from '../src/index.ts'
import { NEW_HASH, named, withTtlsOf } from './whole-state.ts'
import { withStorage } from './with-storage.ts'

const KEY = { name: 'nightly', slot: 1 }
const TICK_MS = 1_700_000_000_000

function tickRun(ms: number, id: string, more: Partial<NonNullable<CronRun['tick']>> = {}): CronRun {
  return { ...KEY, job: newJob({ id }, { unique: true }), tick: { ms, latestMs: ms - 1, ...more } }
}

describe('cron_open', () => {
  it('brings a new rule into force now, keeps one that is known, and starts anew when it changes', () =>
    withStorage(async (storage) => {
      const first = await storage.crons.open(KEY, 'every 60 s')
      expect(first).toEqual({ sinceMs: Math.floor(first.nowMs / 1000) * 1000, nowMs: expect.any(Number) })
      await storage.crons.run(tickRun(TICK_MS, 'a'))
      const again = await storage.crons.open(KEY, 'every 60 s')
      expect(again).toMatchObject({ sinceMs: first.sinceMs, tickMs: TICK_MS })
      const changed = await storage.crons.open(KEY, 'every 90 s')
      expect(changed.sinceMs).toBeGreaterThanOrEqual(first.sinceMs)
      expect(await storage.crons.open({ ...KEY, slot: 2 }, 'every 60 s')).not.toHaveProperty('tickMs')
    }))
})

describe('cron_tick', () => {
  it('writes the job, its history and the state of the cron job, and nothing else', () =>
    withStorage(async (storage, redis) => {
      expect(await storage.crons.run(tickRun(TICK_MS, 'a'))).toMatchObject({ answer: 'enqueued', tickMs: TICK_MS })
      expect(named(await redis.dump())).toEqual({
        'rq:cron_job:nightly:jobs (31536000 s)': { a: 'now+0' },
        'rq:cron_state:nightly (31536000 s)': { tick: String(TICK_MS) },
        'rq:job:a': expect.objectContaining(NEW_HASH),
        'rq:queue:default': ['a'],
        'rq:queues': ['rq:queue:default'],
      })
    }))

  it('takes each tick once, whoever sends it, and no tick before one that was taken', () =>
    withStorage(async (storage, redis) => {
      await using other = new RedisStorage({ connection: redis.url, prefix: redis.prefix, role: 'worker' })
      const stores = Array.from({ length: 20 }, (_, n) => (n % 2 ? storage : other))
      const replies = await Promise.all(stores.map(({ crons }) => crons.run(tickRun(TICK_MS, 'a'))))
      expect(replies.filter(({ answer }) => answer === 'enqueued')).toHaveLength(1)
      expect(await storage.crons.run(tickRun(TICK_MS - 1000, 'b'))).toMatchObject({ answer: 'taken', tickMs: TICK_MS })
      expect(await storage.queues.jobIds('default', 0, -1)).toEqual(['a'])
    }))

  it('takes a tick once also when its job is over and gone', () =>
    withStorage(async (storage) => {
      const run = tickRun(TICK_MS, 'a')
      const dropped = { ...run, job: newJob({ id: 'a', resultTtlS: 0 }, { unique: true }) }
      await storage.crons.run(dropped)
      await workOff(storage, RETURNED)
      expect(await storage.jobs.exists('a')).toBe(false)
      expect(await storage.crons.run(dropped)).toMatchObject({ answer: 'taken' })
    }))

  it('keeps the distance of an interval', () =>
    withStorage(async (storage) => {
      await storage.crons.run(tickRun(TICK_MS, 'a'))
      expect(await storage.crons.run(tickRun(TICK_MS + 9000, 'b', { latestMs: TICK_MS - 1000 }))).toMatchObject({
        answer: 'taken',
      })
      expect(await storage.crons.run(tickRun(TICK_MS + 10_000, 'b', { latestMs: TICK_MS }))).toMatchObject({
        answer: 'enqueued',
      })
    }))

  it('refuses a tick whose time has not come by its own clock, and changes nothing', () =>
    withStorage(async (storage, redis) => {
      expect(await storage.crons.run(tickRun(Date.now() + 60_000, 'a'))).toMatchObject({ answer: 'early' })
      expect(await redis.keys()).toEqual([])
    }))

  it('leaves ticks out while paused, and those of the pause after it', () =>
    withStorage(async (storage) => {
      expect(await storage.crons.setPaused('nightly', true)).toBe(true)
      expect(await storage.crons.setPaused('nightly', true)).toBe(false)
      expect(await storage.crons.run(tickRun(TICK_MS, 'a'))).toMatchObject({ answer: 'paused' })
      expect(await storage.crons.setPaused('nightly', false)).toBe(true)
      expect(await storage.crons.setPaused('nightly', false)).toBe(false)
      expect(await storage.crons.run(tickRun(TICK_MS + 1000, 'b'))).toMatchObject({ answer: 'taken' })
      const { resumedMs = 0 } = await storage.crons.open(KEY, 'every 60 s')
      expect(resumedMs).toBeGreaterThan(TICK_MS)
      expect(await storage.queues.count('default')).toBe(0)
    }))

  it('leaves a tick out while a job of the cron job has not ended, where that is asked for', () =>
    withStorage(async (storage) => {
      const skip = { unlessRunning: 'x-' }
      expect(await storage.crons.run(tickRun(TICK_MS, 'x-1', skip))).toMatchObject({ answer: 'enqueued' })
      expect(await storage.crons.run(tickRun(TICK_MS + 1000, 'x-2', skip))).toMatchObject({
        answer: 'overlap',
        tickMs: TICK_MS + 1000,
      })
      expect(await storage.crons.run(tickRun(TICK_MS + 1000, 'x-2'))).toMatchObject({ answer: 'taken' })
      await workOff(storage, RETURNED)
      expect(await storage.crons.run(tickRun(TICK_MS + 2000, 'x-3', skip))).toMatchObject({ answer: 'enqueued' })
      expect(await storage.crons.run(tickRun(TICK_MS + 3000, 'y-1', { unlessRunning: 'y-' }))).toMatchObject({
        answer: 'enqueued',
      })
    }))

  it('enqueues a run that somebody asked for whatever the state, and keeps the ticks', () =>
    withStorage(async (storage) => {
      await storage.crons.run(tickRun(TICK_MS, 'a'))
      await storage.crons.setPaused('nightly', true)
      expect(await storage.crons.run({ ...KEY, job: newJob({ id: 'now' }) })).toMatchObject({
        answer: 'enqueued',
        tickMs: TICK_MS,
      })
      expect(await storage.crons.history('nightly', 0, -1)).toEqual(['now', 'a'])
      expect(await storage.crons.history('nightly', 1, 1)).toEqual(['a'])
    }))

  it('keeps the newest 1000 of the history', () =>
    withStorage(async (storage) => {
      for (let n = 0; n < 1005; n++) await storage.crons.run(tickRun(TICK_MS + n * 1000, `j${n}`))
      const ids = await storage.crons.history('nightly', 0, -1)
      expect(ids).toHaveLength(1000)
      expect(ids[0]).toBe('j1004')
    }))

  it('takes no tick that it cannot enqueue', async () => {
    await using redis = await startRedis()
    await using storage = new RedisStorage({ connection: redis.url })
    await storage.queues.enqueue([newJob({ id: 'filler' })])
    await storage.client().call('CONFIG', 'SET', 'maxmemory', '1')
    await expect(storage.crons.run(tickRun(TICK_MS, 'a'))).rejects.toMatchObject({ code: 'RQ_REDIS_OUT_OF_MEMORY' })
    await storage.client().call('CONFIG', 'SET', 'maxmemory', '0')
    expect(await storage.crons.run(tickRun(TICK_MS, 'a'))).toMatchObject({ answer: 'enqueued' })
  })
})

describe('records of cron schedulers', () => {
  const record: CronSchedulerRecord = {
    name: 'box:1:abcdef',
    hostname: 'box',
    pid: 1,
    createdAtMs: TICK_MS,
    configFile: 'cron.config.js',
    jobs: [
      {
        funcName: './jobs#clean',
        name: 'clean',
        queueName: 'low',
        args: '[1]',
        kwargs: null,
        intervalS: null,
        cron: '0 9 * * *',
        timezone: 'Europe/Berlin',
        latestMs: TICK_MS,
        nextMs: null,
        options: { result_ttl: 500 },
      },
    ],
  }

  it('are written in the form of RQ', () =>
    withStorage(async (storage, redis) => {
      await storage.crons.register(record, 'one')
      const { 'rq:cron_scheduler:box:1:abcdef': hash, 'rq:cron_schedulers': list } = await redis.dump()
      expect(Object.keys(list?.value ?? {})).toEqual([record.name])
      expect(hash).toMatchObject({ value: { hostname: 'box', pid: '1', name: record.name } })
      expect(hash?.ttl).toBeGreaterThan(100)
      expect(hash?.ttl).toBeLessThanOrEqual(120)
      const { config_file, created_at, cron_jobs } = (hash?.value ?? {}) as Record<string, string>
      expect([config_file, created_at]).toEqual(['cron.config.js', '2023-11-14T22:13:20.000000Z'])
      expect(Object.entries(JSON.parse(cron_jobs ?? '')[0])).toEqual([
        ['func_name', './jobs#clean'],
        ['name', 'clean'],
        ['queue_name', 'low'],
        ['args', '[1]'],
        ['kwargs', null],
        ['interval', null],
        ['cron', '0 9 * * *'],
        ['latest_enqueue_time', '2023-11-14T22:13:20.000000Z'],
        ['next_enqueue_time', null],
        ['result_ttl', 500],
        ['timezone', 'Europe/Berlin'],
      ])
    }))

  it('tell Python a cron text as it can read it, and us as it was given', () =>
    withStorage(async (storage, redis) => {
      const [job] = record.jobs
      if (job === undefined) throw new Error('no job')
      const text = ' 30 0 9 * * FRI#L'
      await storage.crons.register({ ...record, jobs: [{ ...job, cron: text }] }, 'one')
      const json = await redis.client.hget(`${redis.prefix}cron_scheduler:${record.name}`, 'cron_jobs')
      expect(JSON.parse(json ?? '')).toMatchObject([{ cron: '0 9 * * L5 30', cron_text: text }])
      expect((await storage.crons.scheduler(record.name))?.jobs).toEqual([{ ...job, cron: text }])
    }))

  it('are read back, living ones only', () =>
    withStorage(async (storage, redis) => {
      await storage.crons.register(record, 'one')
      await redis.client.zadd(`${redis.prefix}cron_schedulers`, Date.now() / 1000 - 110, 'quiet')
      await redis.client.zadd(`${redis.prefix}cron_schedulers`, Date.now() / 1000 - 130, 'dead')
      expect(await redis.client.zcard(`${redis.prefix}cron_schedulers`)).toBe(3)
      await storage.crons.schedulers()
      expect(await redis.client.zrange(`${redis.prefix}cron_schedulers`, '0', '-1')).toEqual(['quiet', record.name])
      await storage.crons.schedulers(60)
      expect(await redis.client.zrange(`${redis.prefix}cron_schedulers`, '0', '-1')).toEqual([record.name])
      const [alive, ...others] = await storage.crons.schedulers()
      expect(others).toEqual([])
      expect(alive).toMatchObject(record)
      expect(alive?.lastHeartbeatMs).toBeGreaterThan(Date.now() - 10_000)
      await storage.crons.unregister(record.name, 'one')
      expect(await storage.crons.schedulers()).toEqual([])
      expect(await storage.crons.scheduler(record.name)).toEqual(record)
      expect(await storage.crons.scheduler('none')).toBeUndefined()
    }))

  it('of Python, of older versions and with broken jobs are read as far as they can be', () =>
    withStorage(async (storage, redis) => {
      const key = (name: string) => `${redis.prefix}cron_scheduler:${name}`
      const jobs = '[{"func_name": "app.clean", "queue_name": "q", "args": null, "interval": 30, "result_ttl": 500}, 5]'
      await redis.client.hset(key('old'), { hostname: 'h', pid: '7', name: 'old', cron_jobs: jobs })
      await redis.client.hset(key('broken'), { hostname: 'h', pid: '7', name: 'broken', cron_jobs: '{' })
      expect((await storage.crons.scheduler('old'))?.jobs).toMatchObject([
        { name: 'app.clean', intervalS: 30, cron: null, nextMs: null },
      ])
      expect((await storage.crons.scheduler('broken'))?.jobs).toEqual([])
    }))

  it('belong to one instance, whatever process and host it has, and come back when they were lost', () =>
    withStorage(async (storage, redis) => {
      const { crons } = storage
      await crons.register(record, 'one')
      expect(await crons.register(record, 'one')).toBeUndefined()
      const before = await redis.dump()
      expect(before[`rq:cron_scheduler:${record.name}`]).toMatchObject({ value: { instance: 'one' } })
      expect(await crons.register(record, 'two')).toMatchObject({ lastBeat: expect.any(String) })
      expect(await crons.heartbeat(record, 'two')).toMatchObject({ isNameTaken: true })
      await crons.unregister(record.name, 'two')
      expect(withTtlsOf(before, await redis.dump())).toEqual(before)
      await redis.client.del(...(await redis.keys()))
      expect(await crons.heartbeat(record, 'one')).toEqual({ isNameTaken: false, nowMs: expect.any(Number) })
      expect(await crons.schedulers()).toMatchObject([record])
    }))

  it('belong to another instance 45 seconds after the last heartbeat, with nothing of the first one left', () =>
    withStorage(async (storage, redis) => {
      const { crons } = storage
      const key = `${redis.prefix}cron_scheduler:${record.name}`
      const beatAgo = (seconds: number) =>
        redis.client.zadd(`${redis.prefix}cron_schedulers`, Date.now() / 1000 - seconds, record.name)
      await crons.register(record, 'one')
      await redis.client.hset(key, 'of_another_version', '1')
      await beatAgo(30)
      const holder = await crons.register(record, 'two')
      expect(holder?.freeInMs).toBeGreaterThan(0)
      expect(holder?.freeInMs).toBeLessThanOrEqual(16_000)
      await beatAgo(46)
      expect(await crons.register(record, 'two')).toBeUndefined()
      expect(await redis.client.hmget(key, 'instance', 'of_another_version')).toEqual(['two', null])
      expect(await crons.heartbeat(record, 'one')).toMatchObject({ isNameTaken: true })
    }))

  it('of Python have no instance: the name is free 120 seconds after the last heartbeat', () =>
    withStorage(async (storage, redis) => {
      const { crons } = storage
      const key = `${redis.prefix}cron_scheduler:${record.name}`
      const beatAgo = (seconds: number) =>
        redis.client.zadd(`${redis.prefix}cron_schedulers`, Date.now() / 1000 - seconds, record.name)
      await redis.client.hset(key, { hostname: record.hostname, pid: String(record.pid), name: record.name })
      await beatAgo(110)
      const holder = await crons.register(record, 'one')
      expect(holder).toEqual({ lastBeat: undefined, freeInMs: expect.any(Number) })
      expect(holder?.freeInMs).toBeGreaterThan(0)
      expect(await crons.heartbeat(record, 'one')).toMatchObject({ isNameTaken: true })
      await beatAgo(121)
      expect(await crons.register(record, 'one')).toBeUndefined()
      // One of Python that takes the name of one that has left writes into its record, which must not seem ours then.
      await crons.unregister(record.name, 'one')
      expect(await redis.client.hexists(key, 'instance')).toBe(0)
    }))
})
