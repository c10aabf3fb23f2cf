import { deferred } from '@rq/core'
import { RedisStorage } from '@rq/redis'
import { eventually, ownClient, startRedis } from '@rq/testkit'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { Queue, resume, SimpleWorker, suspend, Worker } from '../src/index.ts'
import { type RqFixture, rqFixture } from './rq-fixture.ts'

/** A function whose calls last until the test lets one go; it knows how many run at once. */
function gate() {
  const waiting: (() => void)[] = []
  let most = 0
  return {
    hold: async () => {
      const { promise, resolve } = deferred()
      waiting.push(resolve)
      most = Math.max(most, waiting.length)
      await promise
    },
    running: () => waiting.length,
    most: () => most,
    release: () => waiting.shift()?.(),
  }
}

const namesOf = (count: number) => Array.from({ length: count }, (_, n) => `q${n}`)

/** The calls that all workers of this process make of their store. */
async function storeCalls(at: RqFixture) {
  await using storage = new RedisStorage({ connection: at.redis.url, prefix: at.redis.prefix })
  const ofAll: RedisStorage['workers'] = Object.getPrototypeOf(storage.workers)
  onTestFinished(() => void vi.restoreAllMocks())
  return {
    claim: vi.spyOn(ofAll, 'claim'),
    settle: vi.spyOn(ofAll, 'settle'),
    waitForWork: vi.spyOn(ofAll, 'waitForWork'),
  }
}

/** A worker of these queues whose jobs are functions of the test, until the end of the scope. */
function working(at: RqFixture, ...[queues, options]: ConstructorParameters<typeof SimpleWorker>) {
  const worker = new SimpleWorker(queues, { ...at.where, ...options })
  const ended = worker.work({ withScheduler: false })
  return {
    worker,
    ended,
    async [Symbol.asyncDispose]() {
      await worker.stop()
      await ended
    },
  }
}

describe('a worker of queues with a concurrency each', () => {
  it('runs as many jobs of each at once, and one full queue keeps no other one waiting', async () => {
    await using at = await rqFixture()
    const gates = { ingest: gate(), mail: gate() }
    const [ingest, mail] = [at.open('ingest'), at.open('mail')]
    await using _ = working(
      at,
      { ingest: 3, mail: { concurrency: 1 } },
      {
        functions: { ingest: gates.ingest.hold, mail: gates.mail.hold },
      },
    )
    const jobs = await Promise.all(namesOf(6).map(() => ingest.enqueue('ingest', [])))
    await eventually(() => gates.ingest.running() === 3)
    jobs.push(...(await Promise.all(namesOf(3).map(() => mail.enqueue('mail', [])))))
    await eventually(() => gates.mail.running() === 1)
    const ended = jobs.map((job) => job.result({ timeout: '60s' }))
    await eventually(async () => {
      gates.ingest.release()
      gates.mail.release()
      return (await Promise.all([ingest, mail].map((queue) => queue.count()))).every((count) => count === 0)
    })
    await eventually(() => {
      gates.ingest.release()
      gates.mail.release()
      return gates.ingest.running() + gates.mail.running() === 0
    })
    await Promise.all(ended)
    expect([gates.ingest.most(), gates.mail.most()]).toEqual([3, 1])
  })

  it('is one worker to others, with all its queues, busy while any of them has a job', async () => {
    await using at = await rqFixture()
    const { hold, release, running } = gate()
    await using _ = working(at, { ingest: 2, mail: 1 }, { name: 'many', functions: { hold } })
    const seen = async () => (await Worker.all(at.shared)).map(({ name, queues, state }) => ({ name, queues, state }))
    const record = { name: 'many', queues: ['ingest', 'mail'] }
    await eventually(async () => expect(await seen()).toEqual([{ ...record, state: 'idle' }]))
    const [first, second] = [await at.open('mail').enqueue('hold', []), await at.open('ingest').enqueue('hold', [])]
    await eventually(() => running() === 2)
    await eventually(async () => expect(await seen()).toEqual([{ ...record, state: 'busy' }]))
    release()
    await eventually(async () =>
      (await Promise.all([first, second].map((job) => job.getStatus()))).includes('finished'),
    )
    expect(await seen()).toEqual([{ ...record, state: 'busy' }])
    release()
    await eventually(async () => expect(await seen()).toEqual([{ ...record, state: 'idle' }]))
  })

  it('ends a burst when a job of one queue has enqueued no more in another one', async () => {
    await using at = await rqFixture()
    const ran: string[] = []
    const queues: Readonly<Record<string, Queue>> = { a: at.open('a'), b: at.open('b'), c: at.open('c') }
    const pass = async (...road: string[]) => {
      const [here = '', next] = road
      ran.push(here)
      if (next !== undefined) await queues[next]?.enqueue('pass', road.slice(1))
    }
    await queues.b?.enqueue('pass', ['b', 'a', 'c', 'b'])
    const worker = new SimpleWorker({ a: 1, b: 1, c: 2 }, { ...at.where, functions: { pass } })
    expect(await worker.work({ burst: true, withScheduler: false })).toBe(true)
    expect(ran).toEqual(['b', 'a', 'c', 'b'])
    expect(await worker.work({ burst: true, withScheduler: false })).toBe(false)
  })

  it('counts maxJobs over all of them', async () => {
    await using at = await rqFixture()
    let ran = 0
    const count = () => {
      ran += 1
    }
    const [a, b] = [at.open('a'), at.open('b')]
    for (const queue of [a, b, a, b, a, b, a, b]) await queue.enqueue('count', [])
    const worker = new SimpleWorker({ a: 3, b: 3 }, { ...at.where, functions: { count } })
    await worker.work({ maxJobs: 5, withScheduler: false })
    expect([ran, (await a.count()) + (await b.count())]).toEqual([5, 3])
    await worker.work({ maxJobs: 3, withScheduler: false })
    expect(ran).toBe(8)
  })

  it('shows that workers are suspended, and goes on when they are resumed', async () => {
    await using at = await rqFixture()
    const said: string[] = []
    const note = (message: string) => void said.push(message)
    const logger = { debug: note, info: note, warn: note, error: note }
    await using _ = working(at, { a: 1, b: 1, c: 1 }, { name: 'many', logger, functions: { nothing: () => null } })
    const state = async () => (await Worker.all(at.shared))[0]?.state
    await eventually(async () => (await state()) === 'idle')
    await suspend(at.shared)
    await eventually(async () => (await state()) === 'suspended')
    const job = await at.open('b').enqueue('nothing', [])
    await resume(at.shared)
    expect(await job.result({ timeout: '60s' })).toBeNull()
    expect(said.filter((line) => /suspended/i.test(line))).toHaveLength(1)
  })

  it('pauses one of them, and changes the concurrency of one of them', async () => {
    await using at = await rqFixture()
    const gates = { a: gate(), b: gate() }
    const queues = [at.open('a'), at.open('b')]
    const functions = { a: gates.a.hold, b: gates.b.hold }
    await using work = working(at, { a: 1, b: 1 }, { functions })
    work.worker.pause('b')
    for (const queue of [...queues, ...queues]) await queue.enqueue(queue.name, [])
    work.worker.setConcurrency(2, 'a')
    await eventually(() => gates.a.running() === 2)
    expect([gates.b.running(), await queues[1]?.count()]).toEqual([0, 2])
    work.worker.resume('b')
    await eventually(() => gates.b.running() === 1)
    expect(() => work.worker.setConcurrency(2)).toThrow(
      'expected the name of a queue: each has a concurrency of its own',
    )
    expect(() => work.worker.setConcurrency(2, 'c')).toThrow('expected a queue of this worker: a, b.')
    await eventually(async () => {
      gates.a.release()
      gates.b.release()
      return (await queues[1]?.count()) === 0 && gates.a.running() + gates.b.running() === 0
    })
    expect(gates.b.most()).toBe(1)
  })

  it('takes over the jobs that a dead worker had of each queue', async () => {
    await using at = await rqFixture()
    await using storage = new RedisStorage({ connection: at.redis.url, prefix: at.redis.prefix })
    const queues = [at.open('a'), at.open('b')]
    const jobs = await Promise.all(queues.map((queue) => queue.enqueue('hold', [], { retry: 1 })))
    await storage.workers.claim({ queues: ['a', 'b'], want: 2, workerName: 'dead', leaseMs: 600_000 })
    for (const name of ['a', 'b']) await at.endLeases(name)
    await using _ = working(at, { b: 1, a: 1 }, { functions: { hold: () => null }, leaseMs: 5000 })
    expect(await Promise.all(jobs.map((job) => job.result({ timeout: '60s' })))).toEqual([null, null])
  })

  it('settles a job of a dead worker in the lane of its queue, which claims from that queue along with it', async () => {
    await using at = await rqFixture()
    await using storage = new RedisStorage({ connection: at.redis.url, prefix: at.redis.prefix })
    const job = await at.open('b').enqueue('hold', [])
    await storage.workers.claim({ queues: ['b'], want: 1, workerName: 'dead', leaseMs: 600_000 })
    await at.endLeases('b')
    const { settle } = await storeCalls(at)
    const worker = new SimpleWorker({ a: 1, b: 1 }, { ...at.where, functions: { hold: () => null } })
    // A burst ends after the first look for jobs of dead workers.
    await worker.work({ burst: true, withScheduler: false })
    expect(await job.getStatus()).toBe('failed')
    expect(settle.mock.calls.map(([, settlements, claim]) => [settlements[0]?.jobId, claim?.queues])).toEqual([
      [job.id, ['b']],
    ])
  })

  it('lets what runs in any lane end at a warm stop, and claims no more in any of them', async () => {
    await using at = await rqFixture()
    const { hold, release, running } = gate()
    const queues = [at.open('a'), at.open('b')]
    for (const queue of [...queues, ...queues]) await queue.enqueue('hold', [])
    await using work = working(at, { a: 1, b: 1 }, { functions: { hold } })
    await eventually(() => running() === 2)
    const stopped = work.worker.stop()
    release()
    release()
    await eventually(() => expect(running()).toBe(0))
    await Promise.all([stopped, work.ended])
    expect(await Promise.all(queues.map((queue) => queue.count()))).toEqual([1, 1])
  })

  it('wakes only the lane whose queue has got a job', async () => {
    await using at = await rqFixture()
    const { claim, waitForWork } = await storeCalls(at)
    await using _ = working(at, { a: 1, b: 1, c: 1 }, { functions: { nothing: () => null } })
    const waitFor = (queue: string) => waitForWork.mock.calls.filter(([queues]) => queues.includes(queue)).length
    await eventually(() => ['a', 'b', 'c'].every((queue) => waitFor(queue) > 0))
    const before = claim.mock.calls.length
    const job = await at.open('b').enqueue('nothing', [])
    expect(await job.result({ timeout: '60s' })).toBeNull()
    await eventually(() => waitFor('b') > 1)
    expect(new Set(claim.mock.calls.slice(before).flatMap(([{ queues }]) => queues))).toEqual(new Set(['b']))
    expect([waitFor('a'), waitFor('c')]).toEqual([1, 1])
  })

  it.each([2, 38])('takes three connections with %i queues', async (count) => {
    await using redis = await startRedis()
    using client = ownClient(redis.url)
    const queues = namesOf(count)
    const { hold, release, running } = gate()
    const worker = new SimpleWorker(Object.fromEntries(queues.map((name, n) => [name, 1 + (n % 3)])), {
      connection: redis.url,
      functions: { hold },
    })
    const ended = worker.work({ withScheduler: false })
    const producers = queues.map((name) => new Queue(name, { connection: redis.url }))
    await Promise.all(producers.map((queue) => queue.enqueue('hold', [])))
    await Promise.all(producers.map((queue) => queue.close()))
    await eventually(() => running() === count)
    const others = async () =>
      String(await client.client('LIST'))
        .trim()
        .split('\n').length - 1
    // One for calls, one that listens, and one of the thread that renews the leases of jobs in this event loop.
    await eventually(async () => expect(await others()).toBe(3))
    for (const _ of queues) release()
    await worker.stop()
    await ended
  })
})
