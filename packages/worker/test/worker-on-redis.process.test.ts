import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { type Logger, silentLogger } from '@rq/core'
import { RateLimit, Retry } from '@rq/job'
import { Queue } from '@rq/queue'
import { RedisStorage } from '@rq/redis'
import { eventually, faultProxy, makeProject, patience, redisFixture, spawnNode, startRedis } from '@rq/testkit'
import { expect, test } from 'vitest'
import { Worker, type WorkerOptions } from '../src/index.ts'
import { JOBS } from './jobs.ts'
import { nextEvent, running } from './running.ts'

async function fixture(url?: string) {
  const redis = await redisFixture(url === undefined ? {} : { url })
  const project = await makeProject({ 'jobs.js': JOBS })
  const open: RedisStorage[] = []
  const storage = (role: 'worker' | 'producer') => {
    const one = new RedisStorage({ connection: redis.url, prefix: redis.prefix, role })
    open.push(one)
    return one
  }
  return {
    redis,
    project,
    queue: new Queue('default', { storage: storage('producer'), serializer: 'json' }),
    worker: (options: Partial<WorkerOptions> = {}) =>
      new Worker('default', {
        storage: storage('worker'),
        importPaths: [project.dir],
        processTitle: false,
        ...options,
      }),
    async [Symbol.asyncDispose]() {
      for (const one of open) await one.close()
      await project[Symbol.asyncDispose]()
      await redis[Symbol.asyncDispose]()
    },
  }
}

test('a job that comes while the worker waits is picked up, and its result awaited', async () => {
  await using ctx = await fixture()
  const worker = ctx.worker()
  const working = worker.work()
  await nextEvent(worker, 'horse:started')
  const job = await ctx.queue.enqueue('./jobs#add', [1, 2])
  expect(await job.result({ timeout: patience(60) })).toBe(3)
  await worker.stop()
  expect(await working).toBe(true)
})

test('a job whose result Redis refuses fails with that reason, and holds up no other', async () => {
  await using server = await startRedis({ args: ['--proto-max-bulk-len', '1mb'] })
  await using ctx = await fixture(server.url)
  const { queue } = ctx
  const big = await queue.enqueue('./jobs#big', [3_000_000])
  const small = await Promise.all([1, 2, 3].map((n) => queue.enqueue('./jobs#add', [n, n])))
  const errors: string[] = []
  const worker = ctx.worker({ exceptionHandlers: [(_, error) => errors.push(error.name)] })
  await worker.work({ burst: true })
  expect(await Promise.all(small.map((job) => job.result()))).toEqual([2, 4, 6])
  // Redis closes the connection behind its reply, which the end of a long request may overtake.
  await expect(big.result()).rejects.toThrow(
    /RQ_SETTLE_REFUSED\]: The store refused the result .*(invalid bulk length|limit the size)/,
  )
  expect(errors).toEqual(['RqError'])
})

test('job.stop() stops it, also a job that computes', async () => {
  await using ctx = await fixture()
  const job = await ctx.queue.enqueue('./jobs#spin', [], {})
  const worker = ctx.worker()
  await using _ = running(worker)
  await nextEvent(worker, 'job:started')
  await job.stop()
  await eventually(() => job.isStopped())
})

test('cold stop puts the running job back to the head', async () => {
  await using ctx = await fixture()
  const first = await ctx.queue.enqueue('./jobs#never', [])
  const second = await ctx.queue.enqueue('./jobs#add', [1, 2])
  const worker = ctx.worker()
  const working = worker.work()
  await nextEvent(worker, 'job:started')
  await worker.stop({ force: true })
  await working
  // A worker that leaves waits for the answer of a slow server no longer than a moment.
  await eventually(async () => expect(await ctx.queue.getJobIds()).toEqual([first.id, second.id]))
})

test('a worker that is told to leave during a claim gives back what that brings, and no attempt is spent', async () => {
  await using ctx = await fixture()
  await using proxy = await faultProxy(ctx.redis.url)
  await using storage = new RedisStorage({ connection: proxy.url, prefix: ctx.redis.prefix, role: 'worker' })
  const job = await ctx.queue.enqueue('./jobs#add', [1, 2], { retry: new Retry({ max: 1 }) })
  const worker = ctx.worker({ storage })
  const told: string[] = []
  worker.on('job:started', ({ jobId }) => told.push(jobId))
  let claims = 0
  proxy.onCommand = ({ name }) => {
    if (name !== 'claim') return undefined
    claims += 1
    void worker.stop()
    return { kind: 'delay', ms: 50 }
  }
  await worker.work()
  expect(claims).toBe(1)
  expect(told).toEqual([])
  await eventually(async () => expect(await ctx.queue.getJobIds()).toEqual([job.id]))
  await job.refresh()
  expect([await job.getStatus(), job.retriesLeft, job.workerName]).toEqual(['queued', 1, undefined])
})

test('a job that is deleted while it runs comes to nothing, and the worker says so', async () => {
  await using ctx = await fixture()
  const release = ctx.project.path('release')
  const job = await ctx.queue.enqueue('./jobs#waitUntil', [release])
  const worker = ctx.worker()
  const vanished = nextEvent(worker, 'job:vanished')
  await using _ = running(worker)
  await nextEvent(worker, 'job:started')
  await job.delete()
  await writeFile(release, '')
  expect(await vanished).toMatchObject({ jobId: job.id })
  expect((await ctx.redis.keys()).filter((key) => key.includes(job.id))).toEqual([])
})

test('a worker survives that all data is gone, leaves no half-born keys, and takes the next job', async () => {
  await using redis = await startRedis()
  await using ctx = await fixture(redis.url)
  const worker = ctx.worker({ leaseMs: 600, concurrency: 2 })
  await using _ = running(worker)
  // With this the server knows all scripts: the text of one goes out a round trip later, after perhaps a heartbeat.
  const first = await ctx.queue.enqueue('./jobs#add', [1, 2])
  await first.result({ timeout: patience(60) })
  await ctx.queue.enqueue('./jobs#wait', [1500])
  await ctx.queue.enqueue('./jobs#markFirstThenSpin', [ctx.project.path('spins')], { jobTimeout: 30 })
  await eventually(() => existsSync(ctx.project.path('spins')))
  const ended = nextEvent(worker, 'horse:ended')
  await ctx.redis.client.flushall()
  // It hears of it by its next heartbeat, kills what runs, and registers itself again.
  await ended
  await eventually(async () => (await ctx.redis.keys()).some((key) => key.endsWith('workers')))
  const next = await ctx.queue.enqueue('./jobs#add', [1, 2], { resultTtl: 0 })
  await eventually(
    async () =>
      !(await next.refresh().then(
        () => true,
        () => false,
      )),
  )
  const keys = (await ctx.redis.keys()).map((key) => key.slice(ctx.redis.prefix.length))
  expect(keys.filter((key) => !/^(queues|workers(:default)?|worker:[^:]+)$/.test(key))).toEqual([])
})

test.each(['process', 'inline'] as const)('its record shows its state and job at once: %s', async (horse) => {
  await using ctx = await fixture()
  const { client, prefix } = ctx.redis
  // With a heartbeat at its start, and no other.
  const worker = ctx.worker({ horse, concurrency: 2, leaseMs: 3_600_000, jobMonitoringInterval: 1200 })
  const shown = () => client.hmget(`${prefix}worker:${worker.name}`, 'state', 'current_job')
  const isShown = (state: string) => eventually(async () => (await shown())[0] === state)
  const working = worker.work()
  await isShown('idle')
  const started = nextEvent(worker, 'job:started')
  const ended = nextEvent(worker, 'job:finished')
  const release = ctx.project.path('release')
  const short = await ctx.queue.enqueue('./jobs#waitUntil', [release])
  await started
  expect(await shown()).toEqual(['busy', short.id])
  await writeFile(release, '')
  await ended
  expect(await shown()).toEqual(['idle', null])
  await Promise.all(Array.from({ length: 300 }, (_, n) => ctx.queue.enqueue('./jobs#add', [n, 1])))
  await eventually(async () => (await ctx.queue.finishedJobRegistry.count()) === 301)
  await isShown('idle')
  await client.set(`${prefix}suspended`, '1')
  const last = await ctx.queue.enqueue('./jobs#never')
  await isShown('suspended')
  await client.del(`${prefix}suspended`)
  await isShown('busy')
  expect(await shown()).toEqual(['busy', last.id])
  await worker.stop({ force: true })
  await working
  await eventually(async () => expect(await shown()).toEqual(['idle', null]))
})

test('its record is idle after its last job, although others were behind that when it was claimed', async () => {
  await using ctx = await fixture()
  const { client, prefix } = ctx.redis
  // With a heartbeat at its start, and no other.
  const worker = ctx.worker({ horse: 'inline', leaseMs: 3_600_000, jobMonitoringInterval: 1200 })
  const state = () => client.hget(`${prefix}worker:${worker.name}`, 'state')
  await using _ = running(worker)
  await eventually(async () => (await state()) === 'idle')
  const started = nextEvent(worker, 'job:started')
  const ended = nextEvent(worker, 'job:finished')
  const release = ctx.project.path('release')
  await ctx.queue.enqueueMany([
    Queue.prepareData('./jobs#waitUntil', [release]),
    Queue.prepareData('./jobs#add', [1, 2]),
  ])
  await started
  expect(await state()).toBe('busy')
  await ctx.queue.empty()
  await writeFile(release, '')
  await ended
  expect(await state()).toBe('idle')
})

test('a running job that is enqueued again under its id is replaced, and the log says so', async () => {
  await using ctx = await fixture()
  const jobId = 'same'
  await ctx.queue.enqueue('./jobs#never', [], { jobId })
  const lines: string[] = []
  const logger: Logger = { ...silentLogger, warn: (line) => void lines.push(line), child: () => logger }
  const worker = ctx.worker({ concurrency: 2, leaseMs: 3000, logger })
  const lost = nextEvent(worker, 'lease_lost')
  const ended = nextEvent(worker, 'horse:ended')
  await using _ = running(worker)
  await nextEvent(worker, 'job:started')
  const again = await ctx.queue.enqueue('./jobs#add', [1, 2], { jobId })
  expect(await again.result({ timeout: patience(60) })).toBe(3)
  expect((await lost).jobId).toBe(jobId)
  await ended
  expect(lines).toContainEqual(expect.stringMatching(/enqueued again under its id; this run does not count \(same\)/))
  expect(await again.returnValue()).toBe(3)
})

test('a command that is sent once the worker is listed is heard', async () => {
  await using ctx = await fixture()
  await using proxy = await faultProxy(ctx.redis.url)
  await using storage = new RedisStorage({ connection: proxy.url, prefix: ctx.redis.prefix, role: 'worker' })
  const worker = ctx.worker({ storage })
  let isStopAsked = false
  const stopOnceListed = async () => {
    const listed = (await ctx.redis.client.scard(`${ctx.redis.prefix}workers`)) > 0
    if (listed && !isStopAsked) {
      isStopAsked = true
      await ctx.redis.client.publish(`${ctx.redis.prefix}pubsub:${worker.name}`, '{"command":"shutdown"}')
    }
  }
  proxy.onCommand = ({ name }) =>
    name === 'subscribe' ? { kind: 'delay', ms: 100 } : { kind: 'after', hook: stopOnceListed }
  await worker.work()
  expect(isStopAsked).toBe(true)
})

test('commands are heard again after their connection was killed', async () => {
  await using redis = await startRedis()
  await using ctx = await fixture(redis.url)
  const job = await ctx.queue.enqueue('./jobs#never', [])
  const worker = ctx.worker()
  await using _ = running(worker)
  await nextEvent(worker, 'job:started')
  const listeners = async () =>
    Number(((await ctx.redis.client.pubsub('NUMSUB', `${ctx.redis.prefix}pubsub:${worker.name}`)) as unknown[])[1])
  await eventually(async () => (await listeners()) === 1)
  await ctx.redis.client.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
  await eventually(async () => (await listeners()) === 1)
  await job.stop()
  await eventually(() => job.isStopped())
})

const SCRIPT = new URL('./lone-worker.js', import.meta.url)

test('the job of a worker that is killed is retried by another one, once', async () => {
  await using ctx = await fixture()
  const marks = ctx.project.path('marks')
  const job = await ctx.queue.enqueue('./jobs#markFirstThenSpin', [marks], { retry: new Retry({ max: 1 }) })
  await using lone = spawnNode(SCRIPT, [ctx.project.dir, ctx.redis.url, ctx.redis.prefix])
  await eventually(() => existsSync(marks))
  lone.kill('SIGKILL')
  const second = ctx.worker({ leaseMs: 1500, serializer: 'json' })
  await using _ = running(second)
  expect(await job.result({ timeout: patience(60) })).toBe('second')
  await job.refresh()
  expect(job.retriesLeft).toBe(0)
})

test('a job that is deleted while it computes holds the slot of its rate limit until its process is gone', async () => {
  await using ctx = await fixture()
  const { project, queue } = ctx
  const rateLimit = new RateLimit({ key: 'k', concurrency: 1 })
  const pidFile = project.path('pid')
  const first = await queue.enqueue('./jobs#spinNoted', [pidFile], { rateLimit })
  const next = await queue.enqueue('./jobs#isGone', [pidFile], { rateLimit })
  const worker = ctx.worker({ concurrency: 2, leaseMs: 1500 })
  await using _ = running(worker)
  await eventually(() => existsSync(pidFile))
  await first.delete()
  expect(await next.result({ timeout: patience(60) })).toBe(true)
})

test('a worker that was frozen past its lease hears that it lost the job, ends its horse, and writes nothing', async () => {
  await using ctx = await fixture()
  const marks = ctx.project.path('marks')
  const job = await ctx.queue.enqueue('./jobs#markFirstThenSpin', [marks], { retry: new Retry({ max: 1 }) })
  await using lone = spawnNode(SCRIPT, [ctx.project.dir, ctx.redis.url, ctx.redis.prefix])
  await eventually(() => existsSync(marks))
  lone.kill('SIGSTOP')
  const second = ctx.worker({ leaseMs: 1500, serializer: 'json' })
  await using _ = running(second)
  expect(await job.result({ timeout: patience(60) })).toBe('second')
  lone.kill('SIGCONT')
  await lone.output(new RegExp(`lost ${job.id}`))
  await lone.output(/a horse ended/)
  // The attempt that was abandoned, and the other one.
  expect((await job.results()).map(({ type }) => type)).toEqual(['successful', 'retried'])
  expect(await job.getStatus()).toBe('finished')
})
