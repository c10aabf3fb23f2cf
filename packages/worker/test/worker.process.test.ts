import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { deferred, type Logger, RqError, silentLogger } from '@rq/core'
import { eventually } from '@rq/testkit'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { handleSignals } from '../src/index.ts'
import { fixture } from './fixture.ts'
import { nextEvent, running } from './running.ts'

afterEach(() => {
  vi.useRealTimers()
})

/** From here on the test says when the limits of a worker that is stopped are over. Its horses end in real time. */
const fakeLimits = () => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })

describe('the loop', () => {
  test('takes work that comes while it waits', async () => {
    await using ctx = await fixture()
    const { store } = ctx
    const worker = ctx.worker()
    const working = worker.work()
    await nextEvent(worker, 'horse:started')
    const id = store.enqueue('./jobs#add', { args: [1, 2] })
    await eventually(() => store.value(id) === 3)
    await worker.stop()
    expect(await working).toBe(true)
    expect(store.registeredWorkers.size).toBe(0)
  })

  test('makes no calls while there is nothing to do', async () => {
    await using ctx = await fixture()
    const { store } = ctx
    const worker = ctx.worker({ horse: 'inline' })
    await using _ = running(worker)
    const id = store.enqueue('./jobs#wait', { args: [300] })
    await eventually(() => store.status(id) === 'started')
    const before = store.calls
    await eventually(() => store.status(id) === 'finished')
    expect(store.calls - before).toBeLessThan(5)
  })

  test('maxJobs leaves the rest in the queue', async () => {
    await using ctx = await fixture()
    const { store } = ctx
    const ids = [1, 2, 3].map((n) => store.enqueue('./jobs#double', { args: [n] }))
    await ctx.worker({ horse: 'inline' }).work({ maxJobs: 2 })
    expect(ids.map((id) => store.status(id))).toEqual(['finished', 'finished', 'queued'])
  })

  test('maxIdleTime ends it when no job comes', async () => {
    await using ctx = await fixture()
    ctx.store.enqueue('./jobs#add', { args: [1, 2] })
    expect(await ctx.worker({ horse: 'inline' }).work({ maxIdleTime: 0.2 })).toBe(true)
  })

  test.each(['process', 'thread', 'inline'] as const)(
    'maxIdleTime does not end it before it has looked for jobs, however long its horse takes to start: %s',
    async (horse) => {
      await using ctx = await fixture()
      const id = ctx.store.enqueue('./jobs#add', { args: [1, 2] })
      expect(await ctx.worker({ horse }).work({ maxIdleTime: 0.001 })).toBe(true)
      expect(ctx.store.value(id)).toBe(3)
    },
  )

  test.each([
    ['default', ['a', 'a', 'a', 'b', 'b', 'b', 'c', 'c', 'c']],
    ['round_robin', ['a', 'b', 'c', 'a', 'b', 'c', 'a', 'b', 'c']],
  ] as const)('%s serves queues in the order %j', async (dequeueStrategy, order) => {
    await using ctx = await fixture()
    for (const origin of ['c', 'b', 'a'])
      for (let n = 0; n < 3; n++) ctx.store.enqueue('./jobs#add', { args: [1, 2], origin })
    await ctx.worker({ horse: 'inline' }, ['a', 'b', 'c']).work({ burst: true, dequeueStrategy })
    expect(ctx.store.settlements.map(({ queue }) => queue)).toEqual(order)
  })

  test('random serves all queues', async () => {
    await using ctx = await fixture()
    for (const origin of ['c', 'b', 'a']) ctx.store.enqueue('./jobs#add', { args: [1, 2], origin })
    await ctx.worker({ horse: 'inline' }, ['a', 'b', 'c']).work({ burst: true, dequeueStrategy: 'random' })
    expect(ctx.store.settlements.map(({ queue }) => queue).sort()).toEqual(['a', 'b', 'c'])
  })

  test('suspended, a burst ends without working, and a waiting worker goes on after resume', async () => {
    await using ctx = await fixture()
    const { store } = ctx
    const id = store.enqueue('./jobs#add', { args: [1, 2] })
    store.suspended = true
    expect(await ctx.worker({ horse: 'inline' }).work({ burst: true })).toBe(false)
    const worker = ctx.worker({ horse: 'inline' })
    const suspended = nextEvent(worker, 'worker:suspended')
    const resumed = nextEvent(worker, 'worker:resumed')
    await using _ = running(worker)
    await suspended
    store.suspended = false
    await resumed
    await eventually(() => store.value(id) === 3)
  })

  test('a store that fails for a while loses no outcome', async () => {
    await using ctx = await fixture()
    const { store } = ctx
    const ids = Array.from({ length: 50 }, (_, n) => store.enqueue('./jobs#wait', { args: [n] }))
    const worker = ctx.worker({ horse: 'inline', concurrency: 5 })
    await using _ = running(worker)
    await eventually(() => ids.some((id) => store.status(id) === 'finished'))
    store.outage = new RqError('RQ_REDIS_UNREACHABLE', 'no connection', { retryable: true })
    const calls = store.calls
    await eventually(() => store.calls > calls + 3)
    store.outage = undefined
    await eventually(() => ids.every((id) => store.status(id) === 'finished'))
    expect(store.settlements).toHaveLength(50)
  })

  test('a store that is not ready yet is waited for; one that refuses is not', async () => {
    await using ctx = await fixture()
    const { store } = ctx
    const id = store.enqueue('./jobs#wait', { args: [1] })
    store.outage = new RqError('RQ_REDIS', 'it is loading', { retryable: true })
    const worker = ctx.worker({ horse: 'inline' })
    const { calls } = store
    const working = worker.work()
    await eventually(() => store.calls > calls + 3)
    expect(store.registeredWorkers.size).toBe(0)
    store.outage = undefined
    await eventually(() => store.status(id) === 'finished')
    await worker.stop()
    await working
    store.outage = new RqError('RQ_REDIS_AUTH', 'the password is wrong')
    await expect(ctx.worker({ horse: 'inline' }).work()).rejects.toThrow('the password is wrong')
  })

  test('runs a service beside it, and lets a burst find what it has done', async () => {
    await using ctx = await fixture()
    const log: string[] = []
    let id = ''
    const withScheduler = {
      start: () => void log.push('start'),
      stop: () => void log.push('stop'),
      runOnce: async () => {
        id = ctx.store.enqueue('./jobs#add', { args: [1, 2] })
      },
    }
    await ctx.worker({ horse: 'inline' }).work({ burst: true, withScheduler })
    expect(ctx.store.value(id)).toBe(3)
    expect(log).toEqual(['start', 'stop'])
  })

  test('cleans the registries of its queues from time to time', async () => {
    await using ctx = await fixture()
    const worker = ctx.worker({ horse: 'inline', maintenanceInterval: 1 })
    await using _ = running(worker)
    await eventually(() => ctx.store.cleaned.length >= 2)
    expect(ctx.store.cleaned.slice(0, 2)).toEqual(['default:finished', 'default:failed'])
  })

  test('tells what happens to jobs', async () => {
    await using ctx = await fixture()
    const { store } = ctx
    const worker = ctx.worker({ horse: 'inline' })
    const heard: string[] = []
    for (const name of ['job:started', 'job:finished', 'job:failed', 'job:retried', 'job:repeated'] as const) {
      worker.on(name, (event: { jobId: string }) => void heard.push(`${name} ${event.jobId}`))
    }
    store.enqueue('./jobs#add', { id: 'good', args: [1, 2] })
    store.enqueue('./jobs#fail', { id: 'bad', retriesLeft: 1 })
    store.enqueue('./jobs#add', { id: 'again', args: [1, 2], repeatsLeft: 1 })
    await worker.work({ burst: true })
    expect(heard.filter((line) => line.endsWith('good'))).toEqual(['job:started good', 'job:finished good'])
    expect(heard.filter((line) => line.endsWith('bad'))).toEqual([
      'job:started bad',
      'job:retried bad',
      'job:started bad',
      'job:failed bad',
    ])
    expect(heard.filter((line) => line.endsWith('again'))).toEqual([
      'job:started again',
      'job:repeated again',
      'job:started again',
      'job:finished again',
    ])
  })

  test('refuses a name that is taken, and to work twice at once', async () => {
    await using ctx = await fixture()
    const worker = ctx.worker({ name: 'eve', horse: 'inline', leaseMs: 6000 })
    const working = worker.work()
    await nextEvent(worker, 'horse:started')
    await expect(worker.work()).rejects.toThrow(/working already/)
    // While it works; another one of the same process too.
    await expect(ctx.worker({ name: 'eve' }).work()).rejects.toMatchObject({ code: 'RQ_WORKER_NAME_TAKEN' })
    await worker.stop()
    await working
    await ctx.worker({ name: 'eve', horse: 'inline' }).work({ burst: true })
  })

  test('takes the name of a dead worker when its lease is over', async () => {
    await using ctx = await fixture()
    const { store } = ctx
    const dead = { name: 'eve', queues: ['default'], pid: 1, hostname: 'h', version: '1', instance: 'dead', ttlS: 60 }
    let isRegistered = false
    store.onCall = async ({ name }, run) => {
      if (name === 'workers.register' && !isRegistered) {
        isRegistered = true
        await store.workers.register(dead, 500)
      }
      return run()
    }
    const warnings: string[] = []
    const logger: Logger = { ...silentLogger, warn: (line) => void warnings.push(line), child: () => logger }
    await ctx.worker({ name: 'eve', horse: 'inline', logger }).work({ burst: true })
    expect(warnings).toEqual([expect.stringMatching(/another worker named 'eve'.*waiting/i)])
  })

  test('leaves when another worker has taken its name, after its jobs', async () => {
    await using ctx = await fixture()
    const { store } = ctx
    const id = store.enqueue('./jobs#wait', { args: [1500] })
    const worker = ctx.worker({ name: 'eve', leaseMs: 6000, jobMonitoringInterval: 1 })
    const working = worker.work()
    const failing = expect(working).rejects.toMatchObject({ code: 'RQ_WORKER_NAME_TAKEN' })
    await nextEvent(worker, 'job:started')
    // As after a time in which this process was frozen.
    store.onCall = async ({ name }, run) => {
      const reply = await run()
      return name === 'workers.heartbeat' ? { ...(reply as object), isNameTaken: true } : reply
    }
    await failing
    expect(store.status(id)).toBe('finished')
  })
})

describe('handing over ahead', () => {
  test('a job that waits behind a slow one goes to another horse, even if the slow one computes', async () => {
    await using ctx = await fixture()
    const { store } = ctx
    // Short jobs first, so that horses are given several at once.
    const short = Array.from({ length: 100 }, (_, n) => store.enqueue('./jobs#double', { args: [n] }))
    const release = ctx.project.path('release')
    const slow = store.enqueue('./jobs#blockUntil', { args: [release] })
    const after = Array.from({ length: 12 }, (_, n) => store.enqueue('./jobs#double', { args: [n] }))
    const worker = ctx.worker({ concurrency: 2 })
    await using _ = running(worker)
    await eventually(() => after.every((id) => store.status(id) === 'finished'))
    expect(store.status(slow)).toBe('started')
    expect(short.every((id) => store.status(id) === 'finished')).toBe(true)
    await writeFile(release, '')
    await eventually(() => store.status(slow) === 'finished')
    expect(new Set(store.settlements.map(({ jobId }) => jobId)).size).toBe(store.settlements.length)
  })

  test('with one horse they go back to the head of the queue in their order', async () => {
    await using ctx = await fixture()
    const { store } = ctx
    for (let n = 0; n < 100; n++) store.enqueue('./jobs#double', { args: [n] })
    const release = ctx.project.path('release')
    const slow = store.enqueue('./jobs#blockUntil', { args: [release] })
    const after = Array.from({ length: 30 }, (_, n) => store.enqueue('./jobs#double', { args: [n] }))
    const worker = ctx.worker()
    await using _ = running(worker)
    await eventually(() => store.givenBack.length > 0 && store.status(slow) === 'started')
    expect(store.waiting()).toEqual(after)
    await writeFile(release, '')
    await eventually(() => after.every((id) => store.status(id) === 'finished'))
  })
})

describe('stopping', () => {
  test('warm: what runs ends, what has not begun goes back, the worker leaves', async () => {
    await using ctx = await fixture()
    const { store } = ctx
    const running = store.enqueue('./jobs#wait', { args: [400] })
    const waiting = store.enqueue('./jobs#add', { args: [1, 2] })
    const worker = ctx.worker()
    const working = worker.work()
    await nextEvent(worker, 'job:started')
    await worker.stop()
    await working
    expect(store.status(running)).toBe('finished')
    expect(store.status(waiting)).toBe('queued')
    expect(store.shutdowns).toEqual([worker.name])
    expect(store.registeredWorkers.size).toBe(0)
  })

  test('warm, with jobs handed ahead: each is either done once or back in its place', async () => {
    await using ctx = await fixture()
    const { store } = ctx
    const ids = Array.from({ length: 3000 }, (_, n) => store.enqueue('./jobs#double', { args: [n] }))
    const worker = ctx.worker({ concurrency: 2 })
    const working = worker.work()
    await eventually(() => store.settlements.length > 200)
    await worker.stop()
    await working
    const done = new Set(store.settlements.map(({ jobId }) => jobId))
    expect(done.size).toBe(store.settlements.length)
    expect([...store.waiting()].sort()).toEqual(ids.filter((id) => !done.has(id)).sort())
    expect(ids.every((id) => store.status(id) === (done.has(id) ? 'finished' : 'queued'))).toBe(true)
  })

  test.each(['process', 'thread', 'inline'] as const)(
    'cold, %s: the running job goes back to the head and no attempt is counted',
    async (horse) => {
      await using ctx = await fixture()
      const { store } = ctx
      const running = store.enqueue('./jobs#never', { retriesLeft: 1 })
      const waiting = store.enqueue('./jobs#add', { args: [1, 2] })
      const worker = ctx.worker({ horse })
      const working = worker.work()
      await nextEvent(worker, 'job:started')
      await worker.stop({ force: true })
      await working
      expect(store.waiting()).toEqual([running, waiting])
      expect(store.records.get(running)?.retriesLeft).toBe(1)
      expect(store.settlements).toEqual([])
    },
  )

  test('cold, on a machine that stands still meanwhile: the job goes back all the same', async () => {
    await using ctx = await fixture()
    const { store } = ctx
    const id = store.enqueue('./jobs#never')
    const worker = ctx.worker()
    const working = worker.work()
    await nextEvent(worker, 'job:started')
    fakeLimits()
    const stopped = worker.stop({ force: true })
    // Nothing has been heard of the killed horse yet.
    vi.advanceTimersByTime(60_000)
    vi.useRealTimers()
    await stopped
    await working
    expect(store.waiting()).toEqual([id])
  })

  test.each(['process', 'inline'] as const)(
    'an idle %s worker leaves within a second even when the store is away',
    async (horse) => {
      await using ctx = await fixture()
      const worker = ctx.worker({ horse })
      const working = worker.work()
      await nextEvent(worker, 'horse:started')
      ctx.store.outage = new RqError('RQ_REDIS_UNREACHABLE', 'no connection', { retryable: true })
      fakeLimits()
      const stopped = worker.stop()
      // What it would wait for longer than that never comes.
      await vi.advanceTimersByTimeAsync(1000)
      vi.useRealTimers()
      await stopped
      await working
    },
  )

  test('requeues in-flight jobs when the grace period ends', async () => {
    await using ctx = await fixture()
    const { store } = ctx
    const release = ctx.project.path('release')
    const endless = store.enqueue('./jobs#never', { retriesLeft: 1 })
    const short = store.enqueue('./jobs#waitUntil', { args: [release] })
    const worker = ctx.worker({ concurrency: 2, gracePeriod: 1 })
    const begun: string[] = []
    worker.on('job:started', ({ jobId }) => begun.push(jobId))
    const working = worker.work()
    await eventually(() => begun.length === 2)
    fakeLimits()
    const stopped = worker.stop()
    await writeFile(release, '')
    await eventually(() => store.status(short) === 'finished')
    vi.advanceTimersByTime(999)
    expect(store.status(endless)).toBe('started')
    vi.advanceTimersByTime(1)
    vi.useRealTimers()
    await stopped
    expect(await working).toBe(true)
    expect(store.waiting()).toEqual([endless])
    expect(store.records.get(endless)?.retriesLeft).toBe(1)
  })

  test('a worker that is done within its grace period does not wait for its end', async () => {
    await using ctx = await fixture()
    ctx.store.enqueue('./jobs#wait', { args: [200] })
    const worker = ctx.worker({ horse: 'inline', gracePeriod: 60 })
    const working = worker.work()
    await nextEvent(worker, 'job:started')
    const begun = performance.now()
    await worker.stop()
    await working
    expect(performance.now() - begun).toBeLessThan(10_000)
  })

  test('signals: the first is warm, a second within a second is ignored, a later one is cold', async () => {
    await using ctx = await fixture()
    const { store } = ctx
    const running = store.enqueue('./jobs#never')
    const worker = ctx.worker()
    let nowMs = 0
    const dispose = handleSignals(worker, { nowMs: () => nowMs, monotonicMs: () => nowMs })
    const working = worker.work()
    await nextEvent(worker, 'job:started')
    process.emit('SIGTERM')
    await eventually(() => store.shutdowns.length === 1)
    nowMs = 900
    process.emit('SIGTERM')
    expect(store.status(running)).toBe('started')
    nowMs = 1000
    process.emit('SIGTERM')
    await working
    dispose()
    expect(store.waiting()).toEqual([running])
  })

  test('the shutdown command is a warm stop', async () => {
    await using ctx = await fixture()
    const worker = ctx.worker({ name: 'bob', horse: 'inline' })
    const working = worker.work()
    await nextEvent(worker, 'horse:started')
    ctx.store.send('bob', { command: 'shutdown' })
    expect(await working).toBe(false)
  })

  test('kill-horse fails the running job; idle, it does nothing', async () => {
    await using ctx = await fixture()
    const { store } = ctx
    const worker = ctx.worker({ name: 'bob' })
    await using _ = running(worker)
    await nextEvent(worker, 'horse:started')
    store.send('bob', { command: 'kill-horse' })
    const id = store.enqueue('./jobs#never')
    await nextEvent(worker, 'job:started')
    store.send('bob', { command: 'kill-horse' })
    await nextEvent(worker, 'job:failed')
    expect(store.latest(id)?.excString).toMatch(/Work-horse terminated unexpectedly; signal SIGKILL$/)
  })
})

describe('leases', () => {
  test('are renewed while a job computes', async () => {
    await using ctx = await fixture()
    const { store } = ctx
    const release = ctx.project.path('release')
    store.enqueue('./jobs#blockUntil', { args: [release] })
    const worker = ctx.worker({ leaseMs: 300 })
    const working = worker.work({ burst: true })
    const beats = () => store.heartbeats.filter(({ state, leases }) => state === 'busy' && leases.length === 1)
    await eventually(() => beats().length >= 3)
    await writeFile(release, '')
    await working
    expect(store.settlements[0]).toMatchObject({ to: 'finished', executionRecorded: true })
  })

  test('are renewed before others are looked at, when the worker itself was held up for longer than they last', async () => {
    await using ctx = await fixture()
    const { store } = ctx
    const id = store.enqueue('./jobs#never')
    const worker = ctx.worker({ leaseMs: 300 })
    const told: string[] = []
    worker.on('lease_lost', ({ jobId }) => told.push(`lost ${jobId}`))
    worker.on('job:abandoned', ({ jobId }) => told.push(`abandoned ${jobId}`))
    const working = worker.work()
    await nextEvent(worker, 'job:started')
    for (let n = 0; n < 3; n++) {
      const before = store.heartbeats.length
      for (const endMs = performance.now() + 400; performance.now() < endMs; );
      await eventually(() => store.heartbeats.length > before)
    }
    expect(told).toEqual([])
    await worker.stop({ force: true })
    await working
    expect(store.waiting()).toEqual([id])
  })

  test('when one is lost the job is ended, the horse too, and nothing is written', async () => {
    await using ctx = await fixture()
    const { store } = ctx
    const id = store.enqueue('./jobs#spin')
    const worker = ctx.worker({ leaseMs: 4500 })
    await using _ = running(worker)
    await nextEvent(worker, 'job:started')
    store.steal(id)
    const [lost] = await Promise.all([nextEvent(worker, 'lease_lost'), nextEvent(worker, 'horse:ended')])
    expect(lost.jobId).toBe(id)
    expect(store.settlements).toEqual([])
    const after = store.enqueue('./jobs#add', { args: [1, 2] })
    await eventually(() => store.value(after) === 3)
  })

  test('a settlement that comes too late is told as a lost lease', async () => {
    await using ctx = await fixture()
    const { store } = ctx
    const id = store.enqueue('./jobs#wait', { args: [200] })
    const worker = ctx.worker({ horse: 'inline' })
    await using _ = running(worker)
    await nextEvent(worker, 'job:started')
    store.steal(id)
    expect((await nextEvent(worker, 'lease_lost')).jobId).toBe(id)
  })

  test('a loss is told once, however many heartbeats find it out before the job has ended', async () => {
    await using ctx = await fixture()
    const { store } = ctx
    const { promise: released, resolve: release } = deferred()
    const id = store.enqueue('hold')
    const worker = ctx.worker({ horse: 'inline', leaseMs: 900, functions: { hold: () => released } })
    const lost: string[] = []
    worker.on('lease_lost', ({ jobId }) => lost.push(jobId))
    const working = worker.work()
    await nextEvent(worker, 'job:started')
    store.steal(id)
    await nextEvent(worker, 'lease_lost')
    const before = store.heartbeats.length
    await eventually(() => store.heartbeats.length > before + 2)
    release()
    await worker.stop()
    await working
    expect(lost).toEqual([id])
  })

  test('a loss that a heartbeat has told of is not told again when the job is settled', async () => {
    await using ctx = await fixture({
      'cb.js': `
        import { writeFileSync } from 'node:fs'
        export const hang = (job) => { writeFileSync(job.args[1], ''); return new Promise(() => {}) }
      `,
    })
    const { store, project } = ctx
    const began = project.path('began')
    const id = store.enqueue('./jobs#exit', { args: [1, began], onFailure: { name: './cb#hang', timeoutS: 60 } })
    const worker = ctx.worker({ horse: 'process', leaseMs: 900 })
    const told: string[] = []
    worker.on('lease_lost', ({ jobId }) => told.push(`lost ${jobId}`))
    worker.on('job:failed', ({ jobId }) => told.push(`failed ${jobId}`))
    const working = worker.work()
    await eventually(() => existsSync(began))
    store.steal(id)
    await nextEvent(worker, 'lease_lost')
    await worker.stop()
    await working
    expect(told).toEqual([`lost ${id}`])
  })
})

describe('jobs of dead workers', () => {
  test('are failed as abandoned, with their failure callback', async () => {
    await using ctx = await fixture({
      'cb.js':
        "import { writeFileSync } from 'node:fs'\nexport const cb = (job, _, type) => writeFileSync(job.args[0], type)",
    })
    const { store, project } = ctx
    const id = store.abandon('./jobs#add', {
      args: [project.path('out')],
      onFailure: { name: './cb#cb', timeoutS: 60 },
    })
    const worker = ctx.worker({ horse: 'process' })
    await using _ = running(worker)
    expect((await nextEvent(worker, 'job:abandoned')).jobId).toBe(id)
    await nextEvent(worker, 'job:failed')
    expect(store.latest(id)?.excString).toMatch(
      /AbandonedJobError|Moved to FailedJobRegistry, due to AbandonedJobError, at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}\+00:00$/,
    )
    const { readFile } = await import('node:fs/promises')
    expect(await readFile(project.path('out'), 'utf8')).toBe('AbandonedJobError')
  })

  test('that a look under way brings to a worker that is told to leave come to their end there', async () => {
    await using ctx = await fixture()
    const { store } = ctx
    const id = store.abandon('./jobs#add')
    const asked = deferred()
    const answered = deferred()
    const recover = store.workers.recover.bind(store.workers)
    store.workers.recover = async (...args) => {
      asked.resolve()
      const recovered = await recover(...args)
      await answered.promise
      return recovered
    }
    const worker = ctx.worker({ horse: 'inline' })
    const working = worker.work()
    await asked.promise
    const stopped = worker.stop()
    setImmediate(() => setImmediate(() => answered.resolve()))
    await Promise.all([stopped, working])
    expect(store.status(id)).toBe('failed')
  })

  test('are retried when retries are left, or when that is asked for', async () => {
    await using ctx = await fixture()
    const { store } = ctx
    const retried = store.abandon('./jobs#add', { args: [1, 2], retriesLeft: 1 })
    const requeued = store.abandon('./jobs#add', { args: [1, 2] })
    const worker = ctx.worker({ horse: 'inline', onAbandoned: 'requeue' })
    await using _ = running(worker)
    await eventually(() => store.value(retried) === 3 && store.value(requeued) === 3)
    expect(store.records.get(retried)?.retriesLeft).toBe(0)
  })

  test('that have cost three workers are poisoned', async () => {
    await using ctx = await fixture()
    const { store } = ctx
    const id = store.abandon('./jobs#add', { retriesLeft: 5, abandonedCount: 2 })
    const worker = ctx.worker({ horse: 'inline', onAbandoned: 'requeue' })
    await using _ = running(worker)
    expect((await nextEvent(worker, 'job:poisoned')).jobId).toBe(id)
    await nextEvent(worker, 'job:failed')
    expect(store.status(id)).toBe('failed')
  })
})

test('with the default exception handler disabled a failed job gets its status and nothing else', async () => {
  await using ctx = await fixture()
  const { store } = ctx
  const id = store.enqueue('./jobs#fail', { args: ['x'], retriesLeft: 1 })
  await ctx.worker({ horse: 'inline', disableDefaultExceptionHandler: true }).work({ burst: true })
  expect(store.settlements.map(({ to, unlisted }) => [to, unlisted])).toEqual([
    ['queued', undefined],
    ['failed', true],
  ])
  expect(store.latest(id)).toBeUndefined()
})

test('log lines are in the words of RQ, and what comes from the store cannot break them', async () => {
  await using ctx = await fixture()
  const lines: string[] = []
  const note = (message: string) => void lines.push(message)
  const logger: Logger = { debug: note, info: note, warn: note, error: note, child: () => logger }
  ctx.store.enqueue('./jobs#add', {
    id: 'one',
    args: [1, 2],
    description: 'add(1, 2)\ndefault: Job OK (fake)\u001b[31m',
  })
  ctx.store.enqueue('./jobs#fail', { id: 'two', args: ['x'] })
  await ctx.worker({ horse: 'inline', name: 'ann', logger }).work({ burst: true })
  expect(lines.filter((line) => line.includes('default'))).toEqual([
    'Worker ann started, listening on default',
    'default: add(1, 2)\\ndefault: Job OK (fake)\\x1b[31m (one)',
    'default: Job OK (one)',
    'default: ./jobs#fail(...) (two)',
    'default: Job failed (two)',
  ])
})

test.each(['process', 'thread', 'inline'] as const)(
  'a return value that cannot be written fails its job, or is a warning where the worker is told so: %s',
  async (horse) => {
    await using ctx = await fixture()
    const warnings: unknown[] = []
    const ignore = () => {}
    const logger: Logger = {
      debug: ignore,
      info: ignore,
      warn: (message, fields) => void warnings.push([message, fields]),
      error: ignore,
      child: () => logger,
    }
    ctx.store.enqueue('./jobs#returnHostile', { id: 'one', args: ['function'] })
    ctx.store.enqueue('./jobs#add', { id: 'two', args: [1, 2] })
    await ctx.worker({ horse, logger }).work({ burst: true })
    expect(ctx.store.status('one')).toBe('failed')
    expect(warnings).toEqual([])
    ctx.store.enqueue('./jobs#returnHostile', { id: 'one', args: ['function'] })
    await ctx.worker({ horse, logger, unserializableResult: 'placeholder' }).work({ burst: true })
    expect(warnings).toEqual([
      [
        'default: The return value could not be written and is lost (one)',
        expect.objectContaining({ jobId: 'one', error: expect.stringContaining('Cannot serialize') }),
      ],
    ])
  },
)

test('a log without descriptions names jobs by their ids', async () => {
  await using ctx = await fixture()
  const lines: string[] = []
  const note = (message: string) => void lines.push(message)
  const logger: Logger = { debug: note, info: note, warn: note, error: note, child: () => logger }
  ctx.store.enqueue('./jobs#add', { id: 'one', args: [1, 2], description: "login('secret')" })
  await ctx.worker({ horse: 'inline', logger, logJobDescription: false }).work({ burst: true })
  expect(lines).toContain('default: one')
  expect(lines.join()).not.toContain('secret')
})

describe('options', () => {
  test.each([
    [{ concurrency: 0 }, 'concurrency'],
    [{ horse: 'donkey' }, 'horse'],
    [{ leaseMs: 5 }, 'leaseMs'],
    [{ serializer: 'pickle' }, 'serializer'],
    [{ serializer: { name: 'mine', dumps: String, loads: String } }, 'serializer'],
    [{ functions: {} }, 'functions'],
    [{ exceptionHandlers: [1] }, 'exceptionHandlers'],
    [{ workerTtl: 0 }, 'workerTtl'],
    [{ gracePeriod: 'soon' }, 'gracePeriod'],
    [{ onAbandoned: 'drop' }, 'onAbandoned'],
  ])('%j is refused by name', async (options, name) => {
    await using ctx = await fixture()
    expect(() => ctx.worker(options as never)).toThrow(RqError)
    expect(() => ctx.worker(options as never)).toThrow(new RegExp(`Invalid ${name}`))
  })
})
