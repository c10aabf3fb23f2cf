import { readFile } from 'node:fs/promises'
import { deferred, type Logger } from '@rq/core'
import { RateLimit } from '@rq/job'
import { Group, Job, Queue } from '@rq/queue'
import { RedisStorage } from '@rq/redis'
import { CronScheduler, Schedule, Scheduler } from '@rq/scheduler'
import { eventually, ownClient, readRuns, runCounts, startRedis } from '@rq/testkit'
import { Worker } from '@rq/worker'
import type { Redis } from 'ioredis'
import { expect, test, vi } from 'vitest'
import { jobsProject } from '../src/jobs-module.ts'
import { unendedJobs } from '../src/outcome.ts'
import { runWorker } from '../src/run-worker.ts'
import { enqueueScenario, SCENARIOS, type Scenario, THREE_QUEUES } from '../src/scenario.ts'

/** The rights of a user that a page of the documentation recommends. */
async function documentedRights(page: string, user: string): Promise<string[]> {
  const text = await readFile(new URL(`../../../docs/${page}`, import.meta.url), 'utf8')
  const [, rights] = new RegExp(`^ACL SETUSER ${user} on >\\S+ (.+)$`, 'm').exec(text) ?? []
  if (rights === undefined) throw new Error('The documentation names no rights.')
  return rights.split(' ')
}

test('the documented rights are enough for every kind of job, and reach nothing else', async () => {
  await using redis = await startRedis()
  await using project = await jobsProject()
  using admin = ownClient(redis.url)
  await admin.acl('SETUSER', 'rq', 'on', '>secret', ...(await documentedRights('reliability.md', 'rq')))
  const url = `redis://rq:secret@127.0.0.1:${redis.port}`
  const scenario: Scenario = { name: 'everything', jobs: SCENARIOS.flatMap(({ jobs }) => jobs), isScheduled: true }
  const place = { prefix: 'rq:', file: project.path('runs') }
  await using storage = new RedisStorage({ connection: url })
  await enqueueScenario(scenario, storage, THREE_QUEUES, place.file)
  let worker: Worker | undefined
  const basics = { url, prefix: 'rq:', queues: THREE_QUEUES, burst: false, importPath: project.dir, isScheduled: true }
  const left = runWorker({ ...basics, horse: 'inline', leaseMs: 1000 }, (one) => {
    worker = one
  })
  await eventually(async () => expect(await unendedJobs(admin, place, scenario)).toEqual([]))

  const queue = new Queue('aside', { storage })
  const job = await queue.enqueue('./jobs#work', [place.file, 'aside'])
  await job.cancel()
  await (await Job.fetch('bad', { storage })).requeue()
  await (await Job.fetch('plain', { storage })).delete()
  await queue.empty()
  const crons = new CronScheduler({ storage })
  crons.register('./jobs#work', { queueName: 'default', interval: 1, args: [place.file, 'cron'] })
  await crons.start()
  await eventually(async () => expect(runCounts(await readRuns(place.file)).get('cron')).toBeGreaterThan(0))
  await crons.stop()
  worker?.pause()
  await eventually(async () => expect(await admin.hget(`rq:worker:${worker?.name}`, 'paused')).not.toBeNull())
  worker?.resume()
  await eventually(async () => expect(await admin.hget(`rq:worker:${worker?.name}`, 'paused')).toBeNull())
  await admin.publish(`rq:pubsub:${worker?.name}`, JSON.stringify({ command: 'shutdown' }))
  await left

  expect(await admin.acl('LOG')).toEqual([])
  using user = ownClient(url)
  for (const command of [
    ['FLUSHALL'],
    ['KEYS', '*'],
    ['CONFIG', 'GET', '*'],
    ['GET', 'other'],
    ['SHUTDOWN'],
  ] as const) {
    const [name, ...words] = command
    await expect(user.call(name, ...words), name).rejects.toThrow('NOPERM')
  }
})

/** What Redis has refused: who wanted to do what. */
async function refusals(admin: Redis): Promise<string[]> {
  const entries = (await admin.acl('LOG')) as string[][]
  return entries.map((entry) =>
    ['username', 'reason', 'object'].map((name) => entry[entry.indexOf(name) + 1]).join(' '),
  )
}

const ROLES = ['producer', 'worker', 'scheduler', 'dashboard', 'exporter'] as const

/** What no role may do. */
const REFUSED_TO_ALL: readonly (readonly string[])[] = [
  ['FLUSHALL'],
  ['FLUSHDB'],
  ['KEYS', '*'],
  ['SCAN', '0'],
  ['DBSIZE'],
  ['RANDOMKEY'],
  ['SELECT', '1'],
  ['CONFIG', 'GET', '*'],
  ['MONITOR'],
  ['SHUTDOWN'],
  ['CLIENT', 'LIST'],
  ['CLIENT', 'KILL', 'TYPE', 'normal'],
  ['SCRIPT', 'FLUSH'],
  ['FUNCTION', 'FLUSH'],
  ['FUNCTION', 'LOAD', 'x'],
  ['ACL', 'LIST'],
  ['REPLICAOF', 'NO', 'ONE'],
  ['EVAL', "return redis.call('GET', 'other')", '0'],
  ['EVAL', "return redis.call('HGETALL', 'other')", '0'],
  ['EVAL', "return redis.call('FLUSHALL')", '0'],
  ['PUBLISH', 'other', 'x'],
  ['SUBSCRIBE', 'other'],
]

/** What a role that only reads may not do either. */
const REFUSED_TO_READERS: readonly (readonly string[])[] = [
  ['SET', 'rq:x', '1'],
  ['DEL', 'rq:queues'],
  ['HSET', 'rq:job:x', 'status', 'queued'],
  ['LPUSH', 'rq:queue:default', 'x'],
  ['EVAL', "return redis.call('HSET', 'rq:job:x', 'status', 'queued')", '0'],
  ['EVAL', "return redis.call('DEL', 'rq:queues')", '1', 'rq:queues'],
  ['PUBLISH', 'rq:pubsub:w', '{"command":"shutdown"}'],
]

test('each role does its work with its own rights, and nothing else', async () => {
  await using redis = await startRedis()
  await using project = await jobsProject()
  using admin = ownClient(redis.url)
  const url = (role: string) => `redis://rq-${role}:secret@127.0.0.1:${redis.port}`
  for (const role of ROLES) {
    await admin.acl('SETUSER', `rq-${role}`, 'on', '>secret', ...(await documentedRights('acl.md', `rq-${role}`)))
  }
  const place = { prefix: 'rq:', file: project.path('runs') }
  const scenario: Scenario = { name: 'everything', jobs: SCENARIOS.flatMap(({ jobs }) => jobs), isScheduled: true }

  // Producer, worker and scheduler: each with its own user, at the same time.
  await using producer = new RedisStorage({ connection: url('producer') })
  await using scheduling = new RedisStorage({ connection: url('scheduler') })
  await enqueueScenario(scenario, producer, THREE_QUEUES, place.file)
  const scheduler = new Scheduler(THREE_QUEUES, { storage: scheduling, leaseMs: 1500 })
  await scheduler.start()
  // More than a worker blocks on: the others are watched.
  const queues = [...THREE_QUEUES, ...Array.from({ length: 8 }, (_, at) => `more${at}`)]
  let worker: Worker | undefined
  const order = { url: url('worker'), prefix: 'rq:', queues, burst: false, importPath: project.dir, isScheduled: false }
  const left = runWorker({ ...order, horse: 'inline', leaseMs: 1000 }, (one) => {
    worker = one
  })
  await eventually(async () => {
    const [unended, refused] = [await unendedJobs(admin, place, scenario), await refusals(admin)]
    expect({ unended, refused }).toEqual({ unended: [], refused: [] })
  })
  const crons = new CronScheduler({ storage: scheduling })
  crons.register('./jobs#work', { queueName: 'default', interval: 1, args: [place.file, 'cron'] })
  await crons.start()
  await eventually(async () => expect(runCounts(await readRuns(place.file)).get('cron')).toBeGreaterThan(0))
  await CronScheduler.all({ storage: scheduling })
  const times = { every: 1, times: 2, overlap: 'skip' } as const
  const args = [place.file, 'scheduled'] as const
  const schedule = await Schedule.upsert('s', times, './jobs#work', args, { queue: 'default', storage: producer })
  await eventually(async () => expect((await schedule.refresh()).nextAt).toBeNull())
  await schedule.runNow()
  for (const act of ['pause', 'resume', 'explain', 'history', 'remove'] as const) await schedule[act]()
  const synced = [{ name: 'kept', times: { every: '1h' }, func: './jobs#work', args: [...args], queue: 'default' }]
  await Schedule.sync(synced, { owner: 'app', storage: producer })

  await using queue = new Queue('more7', { storage: producer, results: 'stream' })
  const events: string[] = []
  queue.on('job:finished', ({ jobId }) => events.push(jobId))
  await queue.listening()
  const job = await queue.enqueue('./jobs#work', [place.file, 'waited'])
  await job.result({ timeout: 30 })
  const talking = await queue.enqueue('./jobs#talks', [place.file, 'talks'])
  await talking.post('hello')
  const said: unknown[] = []
  for await (const { value } of talking.messages()) said.push(value)
  expect(said).toEqual(['ready', 'hello'])
  await (await Group.create({ storage: producer, name: 'g' })).enqueueMany(queue, [
    Queue.prepareData('./jobs#work', [place.file, 'in a group']),
  ])
  await (await Group.fetch('g', { storage: producer })).getJobs()
  const aside = new Queue('aside', { storage: producer })
  const waiting = await aside.enqueueIn(600, './jobs#work', [place.file, 'aside'])
  await waiting.cancel()
  const meta = await aside.enqueue('./jobs#work', [place.file, 'aside'])
  meta.meta.key = 1
  await meta.saveMeta()
  await meta.refresh()
  await (await Job.fetch('bad', { storage: producer })).requeue()
  await (await Job.fetch('plain', { storage: producer })).delete()
  await aside.empty()
  await aside.delete()

  // Readers.
  for (const role of ['dashboard', 'exporter']) {
    await using storage = new RedisStorage({ connection: url(role) })
    const names = (await Queue.all({ storage })).map(({ name }) => name)
    await Queue.counts(names, { storage })
    await storage.workers.workers()
    await storage.admin.isSuspended()
    if (role === 'exporter') continue
    const [schedule, ...others] = await Schedule.all({ storage })
    expect([(await schedule?.explain())?.code, others]).toEqual(['waiting', []])
    for (const one of await Queue.all({ storage })) {
      await one.getJobIds()
      await one.getBrokenJobs()
      for (const kind of ['started', 'finished', 'failed', 'deferred', 'scheduled', 'canceled'] as const) {
        const registry = one[`${kind}JobRegistry`]
        await registry.count()
        for (const id of await registry.getJobIds({ cleanup: false })) {
          const found = await Job.fetch(id, { storage })
          await Promise.all([found.getStatus(), found.results(), found.getPosition(), found.getExecutions()])
          await Promise.all([found.explain(), found.fetchDependencies(), found.getDependentIds()])
        }
      }
    }
  }

  await crons.stop()
  await scheduler.stop()
  await using stopping = new RedisStorage({ connection: url('producer') })
  await stopping.admin.sendCommand(worker?.name ?? '', { command: 'shutdown' })
  await left
  await eventually(() => expect(events).toContain(job.id))
  expect(await refusals(admin)).toEqual([])

  for (const role of ROLES) {
    using user = ownClient(url(role))
    const isReader = role === 'dashboard' || role === 'exporter'
    for (const [name = '', ...words] of isReader ? [...REFUSED_TO_ALL, ...REFUSED_TO_READERS] : REFUSED_TO_ALL) {
      await expect(user.call(name, ...words), `${role}: ${name} ${words}`).rejects.toThrow(
        /NOPERM|ACL failure|can't (?:run|access)/,
      )
    }
  }
})

test('the rights of a producer are enough for all that the users of a dashboard do', async () => {
  await using redis = await startRedis()
  using admin = ownClient(redis.url)
  await admin.acl('SETUSER', 'rq-producer', 'on', '>secret', ...(await documentedRights('acl.md', 'rq-producer')))
  await using storage = new RedisStorage({ connection: `redis://rq-producer:secret@127.0.0.1:${redis.port}` })
  await using workerStorage = new RedisStorage({ connection: redis.url, role: 'worker' })
  const { promise, resolve: letGo } = deferred()
  const fail = () => {
    throw new Error('no')
  }
  const worker = new Worker('default', {
    storage: workerStorage,
    horse: 'inline',
    functions: { fail, hold: () => promise, echo: () => {} },
  })
  const left = worker.work()
  await using queue = new Queue('default', { storage })
  const rateLimit = new RateLimit({ key: 'k', concurrency: 1 })
  const bad = await queue.enqueue('fail', [], { rateLimit })
  await eventually(async () => expect(await bad.getStatus()).toBe('failed'))
  await queue.enqueue('echo')
  // Requeue, stop, pause, cancel, delete, empty.
  await queue.configure({ keepFinished: 1, keepFailed: 1 })
  await bad.requeue()
  await eventually(async () => expect(await bad.getStatus()).toBe('failed'))
  const held = await queue.enqueue('hold')
  await eventually(async () => expect(await held.getStatus()).toBe('started'))
  await held.stop()
  letGo()
  await eventually(async () => expect(await held.getStatus()).not.toBe('started'))
  await storage.admin.sendCommand(worker.name, { command: 'pause' })
  await eventually(async () => expect((await storage.workers.worker(worker.name))?.paused).toEqual(['default']))
  await storage.admin.sendCommand(worker.name, { command: 'resume' })
  await eventually(async () => expect((await storage.workers.worker(worker.name))?.paused).toEqual([]))
  await queue.pause()
  const [first, second, third] = await queue.enqueueMany(
    [1, 2, 3].map(() => Queue.prepareData('echo', [], { rateLimit })),
  )
  await first?.cancel({ enqueueDependents: true })
  await second?.delete({ deleteDependents: true })
  await (await queue.enqueueIn(600, 'echo', [], { dependsOn: third ?? [] })).cancel()
  // List, with what a list tidies up.
  await admin.zadd('rq:finished:default', 1, 'expired')
  for (const kind of ['started', 'finished', 'failed', 'deferred', 'scheduled', 'canceled'] as const) {
    await queue[`${kind}JobRegistry`].cleanup()
    for (const id of await queue[`${kind}JobRegistry`].getJobIds()) await (await Job.fetch(id, { storage })).explain()
  }
  await Promise.all([queue.getJobs(), queue.getBrokenJobs(), Queue.counts(['default'], { storage }), queue.isPaused()])
  await bad.delete()
  await queue.configure({ keepFailed: 0 })
  await queue.empty()
  await queue.resume()
  await storage.admin.suspend()
  await storage.admin.resume()
  await queue.delete()
  await storage.admin.sendCommand(worker.name, { command: 'shutdown' })
  await left
  expect(await refusals(admin)).toEqual([])
})

test('a right that is missing is named, and a result waits until it is back', async () => {
  await using redis = await startRedis()
  using admin = ownClient(redis.url)
  const url = `redis://rq:secret@127.0.0.1:${redis.port}`
  const grant = (...rights: string[]) => admin.acl('SETUSER', 'rq', 'on', '>secret', ...rights)
  const lines: string[] = []
  const note = (message: string, fields: object = {}) => lines.push(`${message} ${Object.values(fields)}`)
  const logger: Logger = { debug: note, info: note, warn: note, error: note, child: () => logger }
  const { promise, resolve: letGo } = deferred()
  await using storage = new RedisStorage({ connection: url, role: 'worker' })
  const worker = new Worker('default', { storage, horse: 'inline', logger, functions: { hold: () => promise } })

  await grant('resetchannels', '~rq:*', '+@all', '-hset')
  await expect(worker.work()).rejects.toMatchObject({
    code: 'RQ_REDIS_AUTH',
    message: expect.stringMatching(/can't run/),
  })

  await grant('+hset', '-info')
  const printed = vi.spyOn(console, 'warn')
  const left = worker.work()
  await using producer = new RedisStorage({ connection: redis.url })
  const job = await new Queue('default', { storage: producer }).enqueue('hold')
  await eventually(async () => expect(await job.getStatus()).toBe('started'))
  expect(lines.join('\n')).toMatch(
    /Listening for commands \(stop, kill-horse, pause, resume, shutdown\) failed.*NOPERM.*channels &rq:pubsub:\*/,
  )
  await grant('-hset')
  letGo()
  await eventually(() =>
    expect(lines.join('\n')).toMatch(/Calling the store failed; it will be retried.*lacks a right/),
  )
  expect(await job.getStatus()).toBe('started')
  await grant('+hset')
  await eventually(async () => expect(await job.getStatus()).toBe('finished'))
  await worker.stop()
  await left
  // ioredis would print a line for each connection of a user without INFO.
  expect(printed).not.toHaveBeenCalled()
  printed.mockRestore()
})
