import { readFile } from 'node:fs/promises'
import { eventually, type OwnRedis, startRedis } from '@rq/testkit'
import { Redis } from 'ioredis'
import { Queue, SimpleWorker } from 'rq'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ROLE_RIGHTS } from '../src/doctor/role-rights.ts'
import { type MemoryHostOptions, run } from './memory-host.ts'

interface Checked {
  readonly check: string
  readonly level: string
  readonly text: string
  readonly advice: string | null
}

async function examine(url: string, options: MemoryHostOptions = {}) {
  const { code, out } = await run(['doctor', '--json', '--url', url], options)
  const { checks, ok } = JSON.parse(out) as { checks: readonly Checked[]; ok: boolean }
  const of = (name: string) => checks.find(({ check }) => check === name)
  return { code, ok, of, checks }
}

describe('rq-cli doctor: the server', () => {
  let redis: OwnRedis
  let admin: Redis

  beforeAll(async () => {
    redis = await startRedis({ appendonly: true })
    admin = new Redis(redis.url)
  })

  afterAll(async () => {
    admin.disconnect()
    await redis.stop()
  })

  /** Configure the server for the time of a check. */
  async function withSettings(settings: Readonly<Record<string, string>>) {
    const before: Record<string, string> = {}
    for (const [name, value] of Object.entries(settings)) {
      before[name] = ((await admin.config('GET', name)) as string[])[1] ?? ''
      await admin.config('SET', name, value)
    }
    try {
      return await examine(redis.url)
    } finally {
      for (const [name, value] of Object.entries(before)) await admin.config('SET', name, value)
    }
  }

  test('a server as it should be has no problem', async () => {
    const { checks, code, of, ok } = await examine(redis.url)
    expect(checks.filter(({ level }) => level === 'problem')).toEqual([])
    expect([code, ok]).toEqual([0, true])
    expect(of('Server')?.text).toMatch(/^(Redis|Valkey) \d+\.\d+\.\d+, standalone$/)
    for (const name of ['Server', 'Rights', 'Eviction', 'Memory', 'Persistence', 'Clock'])
      expect(of(name)).toMatchObject({ level: 'ok', advice: null })
    expect(of('Latency')?.text).toMatch(/ ms for a PING/)
  })

  test.each([
    [{ 'maxmemory-policy': 'allkeys-lru', maxmemory: '1gb' }, 'Eviction', 'problem', /allkeys-lru: Redis deletes jobs/],
    [{ 'maxmemory-policy': 'volatile-ttl' }, 'Eviction', 'warning', /volatile-ttl: with a limit/],
    [{ maxmemory: '1' }, 'Memory', 'problem', /nothing can be enqueued/],
    [{ appendonly: 'no', save: '' }, 'Persistence', 'problem', /a restart of Redis loses all jobs/],
    [{ appendonly: 'no', save: '60 1000' }, 'Persistence', 'warning', /Snapshots only \(save 60 1000\)/],
    [{ appendfsync: 'no' }, 'Persistence', 'warning', /only the system flushes/],
    [{ appendfsync: 'always' }, 'Persistence', 'ok', /at each write/],
    [{ 'min-replicas-to-write': '1' }, 'Replicas', 'problem', /Redis refuses all writes/],
  ])('with %o says so', async (settings, name, level, text) => {
    const { code, of } = await withSettings(settings as Readonly<Record<string, string>>)
    expect(of(name)).toMatchObject({ level, text: expect.stringMatching(text) })
    if (level !== 'ok') expect(of(name)?.advice).toMatch(/\.$/)
    expect(code).toBe(level === 'problem' ? 1 : 0)
  })

  test('a master with a replica is told from a replica', async () => {
    await using other = await startRedis({ args: ['--replicaof', '127.0.0.1', String(redis.port)] })
    await eventually(async () => expect(await admin.info('replication')).toMatch(/connected_slaves:1/))
    expect((await examine(redis.url)).of('Replicas')).toMatchObject({ level: 'warning', text: /failover/ })
    const { code, of } = await examine(other.url)
    expect([code, of('Role')?.level]).toEqual([1, 'problem'])
    const emptied = await withSettings({ appendonly: 'no', save: '' })
    expect(emptied.of('Persistence')?.text).toMatch(/they copy that, and all jobs are lost/)
  })

  test('a user with few rights is told for which roles they are enough', async () => {
    const page = await readFile(new URL('../../../docs/acl.md', import.meta.url), 'utf8')
    const url = `redis://few:secret@127.0.0.1:${redis.port}`
    for (const role of Object.keys(ROLE_RIGHTS)) {
      const [, rights = ''] = new RegExp(`^ACL SETUSER rq-${role} on >\\S+ (.+)$`, 'm').exec(page) ?? []
      await admin.acl('SETUSER', 'few', 'reset', 'on', '>secret', ...rights.split(' '))
      const { of } = await examine(url)
      expect(of('Rights')?.text, role).toMatch(new RegExp(`enough for: .*${role}`))
      expect(await admin.acl('LOG'), role).toEqual(expect.not.arrayContaining([expect.arrayContaining(['hset'])]))
    }
    await admin.acl(
      'SETUSER',
      'few',
      'reset',
      'on',
      '>secret',
      'allkeys',
      '+@all',
      'resetchannels',
      '-rpush',
      '-hgetall',
    )
    const { code, of } = await examine(url)
    expect(code).toBe(1)
    expect(of('Rights')).toMatchObject({
      level: 'problem',
      text: expect.stringMatching(/Not enough for any role.*hgetall/),
    })
    await admin.acl('SETUSER', 'few', 'reset', 'on', '>secret', '~other:*', '+@all')
    const elsewhere = await examine(url)
    expect([elsewhere.code, elsewhere.of('Rights')?.level]).toEqual([1, 'problem'])
  })

  test('a server that is away, and a wrong password, are findings with the exit code of their error', async () => {
    const away = await examine('redis://127.0.0.1:1')
    expect(away).toMatchObject({ code: 3, ok: false, checks: [{ check: 'Connection', level: 'problem' }] })
    const wrong = await examine(`redis://nobody:x@127.0.0.1:${redis.port}`)
    expect(wrong).toMatchObject({ code: 1, checks: [{ advice: expect.stringContaining('RQ_REDIS_AUTH') }] })
  })
})

describe('rq-cli doctor: what stands still', () => {
  async function setUp() {
    const redis = await startRedis({ appendonly: true })
    const client = new Redis(redis.url)
    const where = { connection: client }
    return {
      redis,
      client,
      where,
      queue: (name: string) => new Queue(name, where),
      async [Symbol.asyncDispose]() {
        client.disconnect()
        await redis.stop()
      },
    }
  }

  test('jobs that no worker serves, due jobs that no scheduler moves, what is paused, suspended or broken', async () => {
    await using place = await setUp()
    const { client, redis } = place
    await place.queue('idle').enqueue('jobs.echo')
    await place.queue('held').enqueue('jobs.echo')
    await place.queue('held').pause()
    await place.queue('later').enqueueIn(600, 'jobs.echo')
    const [id = ''] = await place.queue('later').scheduledJobRegistry.getJobIds()
    await client.zadd('rq:scheduled:later', Math.floor(Date.now() / 1000) - 100, id)
    await client.set('rq:job:bad', 'x')
    await client.zadd('rq:broken:idle', 1, 'bad')
    await client.set('rq:suspended', '1')
    const { code, of } = await examine(redis.url)
    expect(code).toBe(1)
    const texts = ['Queues', 'Due jobs', 'Paused', 'Suspended', 'Broken'].map((name) => [
      of(name)?.level,
      of(name)?.text,
    ])
    expect(texts).toEqual([
      ['problem', '2 jobs in held, idle, where no worker serves.'],
      ['problem', expect.stringMatching(/no scheduler moves them: later since 1 min\.$/)],
      ['problem', '1 job in held in paused queues.'],
      ['problem', 'All workers are suspended: no job is started.'],
      ['problem', '1 job in idle, which nothing runs.'],
    ])
    expect(of('Queues')?.advice).toBe('Start one: rq-cli worker held idle')
  })

  test('nothing, while a worker serves', async () => {
    await using place = await setUp()
    const worker = new SimpleWorker(['idle', 'later'], {
      ...place.where,
      functions: { echo: (value: unknown) => value },
    })
    const working = worker.work()
    await eventually(async () => expect(await place.client.scard('rq:workers')).toBe(1))
    await place.queue('later').enqueueIn(600, 'echo')
    const { code, of } = await examine(place.redis.url)
    expect(of('Queues')).toMatchObject({ level: 'ok' })
    expect(of('Workers')).toMatchObject({ text: '1 worker on 2 queues' })
    expect([code, of('Due jobs'), of('Broken')]).toEqual([0, undefined, undefined])
    await worker.stop()
    await working
  })

  test('schedules of a queue without workers, and those whose time is past', async () => {
    await using place = await setUp()
    const { Schedule } = await import('rq')
    await Schedule.upsert('tidy', { every: '1h' }, './jobs#work', [], { queue: 'nightly', ...place.where })
    expect((await examine(place.redis.url)).of('Schedules')).toMatchObject({
      level: 'problem',
      text: 'They belong to queues where no worker serves: tidy.',
      advice: 'Start a worker: rq-cli worker nightly',
    })
    const hourAgo = Math.floor(Date.now() / 1000) - 3600
    await place.client.hset('rq:schedule:tidy', 'next', hourAgo * 1000)
    await place.client.zadd('rq:schedules:nightly', hourAgo, 'tidy')
    expect((await examine(place.redis.url)).of('Schedules')).toMatchObject({
      level: 'problem',
      text: expect.stringMatching(/^Their jobs are due, and no scheduler enqueues them: tidy since (59 min|1 h)\.$/),
    })
  })

  test('names of jobs that no worker of the queue knows', async () => {
    await using place = await setUp()
    const { Schedule } = await import('rq')
    const worker = new SimpleWorker('idle', { ...place.where, functions: { echo: (value: unknown) => value } })
    // Or it would fail the job.
    worker.pause()
    const working = worker.work()
    const names = () => place.client.hget(`rq:worker:${worker.name}`, 'job_names')
    await eventually(async () => expect(await names()).toContain('echo'))
    await place.queue('idle').enqueue('echo')
    await Schedule.upsert('known', { every: '1h' }, 'echo', [], { queue: 'idle', ...place.where })
    const fine = await examine(place.redis.url)
    expect([fine.of('Names'), fine.of('Schedules')?.level]).toEqual([undefined, 'ok'])
    await place.queue('idle').enqueue('report', [], { atFront: true })
    await Schedule.upsert('nightly', { every: '1h' }, 'report', [], { queue: 'idle', ...place.where })
    const { code, of } = await examine(place.redis.url)
    expect([code, of('Names')?.level, of('Names')?.text]).toEqual([
      1,
      'problem',
      'Queue idle: It is next in the queue idle. No worker of the queue knows the job report: start one that has it among its jobs, before another fails it.',
    ])
    expect(of('Schedules')).toMatchObject({
      level: 'problem',
      text: 'No worker of their queue knows the job that they enqueue: nightly (report).',
    })
    const nightly = await Schedule.fetch('nightly', place.where)
    expect(await nightly.explain()).toMatchObject({ code: 'unknown_function' })
    // One of Python, or of another build, shows no names and may know it.
    await place.client.hdel(`rq:worker:${worker.name}`, 'job_names')
    const unsure = await examine(place.redis.url)
    expect([unsure.of('Names'), unsure.of('Schedules')?.level]).toEqual([undefined, 'ok'])
    expect(await nightly.explain()).toMatchObject({ code: 'waiting' })
    await worker.stop()
    await working
  })

  test('cron jobs of a queue without workers', async () => {
    await using place = await setUp()
    const { CronScheduler } = await import('rq')
    const crons = new CronScheduler(place.where)
    crons.register('./jobs#work', { queueName: 'nightly', interval: 3600 })
    await crons.start()
    await eventually(async () => {
      const { of } = await examine(place.redis.url)
      expect(of('Cron')).toMatchObject({
        level: 'problem',
        text: 'Cron jobs go to queues where no worker serves: nightly.',
      })
    })
    await crons.stop()
  })
})

describe('the report', () => {
  test('fits a terminal of 80 columns, with colours and without', async () => {
    await using redis = await startRedis()
    const plain = await run(['doctor', '--url', redis.url, '--no-color'], { terminal: true })
    expect(plain.code).toBe(1)
    for (const line of plain.out.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
    expect(plain.out).toContain(
      'problem  Persistence  None: a restart of Redis loses all jobs.\n                      > Set appendonly to yes, with appendfsync everysec.\n',
    )
    expect(plain.err).toMatch(/^1 problem(, \d warnings?)?\n$/)
    const coloured = await run(['doctor', '--url', redis.url], { terminal: true })
    expect(coloured.out).toContain('\x1b[31mproblem  \x1b[39m')
  })
})

test('the rights of each role are those of docs/acl.md', async () => {
  const page = await readFile(new URL('../../../docs/acl.md', import.meta.url), 'utf8')
  for (const [role, { channels, commands }] of Object.entries(ROLE_RIGHTS)) {
    const [, rights = ''] = new RegExp(`^ACL SETUSER rq-${role} on >\\S+ (.+)$`, 'm').exec(page) ?? []
    const words = rights.split(' ')
    expect(words.filter((word) => word.startsWith('+')).map((word) => word.slice(1).replace('|', ' '))).toEqual(
      commands,
    )
    expect(words.filter((word) => word.startsWith('&rq:'))).toEqual(channels.map((kind) => `&rq:${kind}:*`))
  }
})
