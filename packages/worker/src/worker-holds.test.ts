import { type Deferred, deferred, type LogFields, SECOND_MS } from '@rq/core'
import { eventually } from '@rq/testkit'
import { TestStorage } from '@rq/testkit/memory-storage'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { WorkerQueues } from './lane-settings.ts'
import type { WorkerOptions } from './options.ts'
import { Worker, type WorkOptions } from './worker.ts'

/** A worker of the queues high and low, whose jobs end when the test says so. */
function setUp(given: Partial<WorkerOptions> = {}, queues: WorkerQueues = ['high', 'low']) {
  const store = new TestStorage()
  const lines: string[] = []
  const log = (message: string, fields?: LogFields) => lines.push([message, fields?.error ?? ''].join(' ').trim())
  const running = new Map<string, Deferred<void>>()
  let mostAtOnce = 0
  const hold = (id: string) => {
    const end = deferred<void>()
    running.set(id, end)
    mostAtOnce = Math.max(mostAtOnce, running.size)
    return end.promise.then(() => {
      running.delete(id)
    })
  }
  const worker = new Worker(queues, {
    storage: store,
    name: 'w',
    serializer: 'json',
    horse: 'inline',
    prefetch: { most: 0 },
    functions: { hold, done: () => 'done' },
    logger: { debug: log, info: log, warn: log, error: log },
    ...given,
  })
  const hand = (origin: string, id: string) => store.enqueue('hold', { origin, id, args: [id] })
  const work = (options: WorkOptions = {}) => {
    const working = worker.work(options)
    onTestFinished(async () => {
      for (const end of running.values()) end.resolve()
      await Promise.all([worker.stop({ force: true }), working.catch(() => {})])
    })
    return working
  }
  const runs = () => [...running.keys()].sort()
  const until = (ids: readonly string[]) => eventually(() => expect(runs()).toEqual([...ids].sort()))
  const end = (id: string) => running.get(id)?.resolve()
  return { store, worker, lines, hand, work, runs, until, end, most: () => mostAtOnce }
}

describe('worker.pause', () => {
  test('of one queue: its jobs wait, those of the others run', async () => {
    const { hand, store, until, work, worker } = setUp({ concurrency: 2 })
    worker.pause('high')
    hand('high', 'a')
    hand('low', 'b')
    void work()
    await until(['b'])
    expect([store.status('a'), worker.pausedQueues]).toEqual(['queued', ['high']])
    await eventually(async () => expect((await store.workers.worker('w'))?.paused).toEqual(['high']))
    worker.resume('high')
    await until(['a', 'b'])
    await eventually(async () => expect((await store.workers.worker('w'))?.paused).toEqual([]))
  })

  test('while it works: what runs goes on, and nothing new begins until it is resumed', async () => {
    const { end, hand, lines, runs, store, until, work, worker } = setUp()
    hand('high', 'a')
    hand('low', 'b')
    void work()
    await until(['a'])
    worker.pause()
    end('a')
    await eventually(() => expect(store.status('a')).toBe('finished'))
    await eventually(async () => expect((await store.workers.worker('w'))?.state).toBe('idle'))
    expect([runs(), store.status('b')]).toEqual([[], 'queued'])
    worker.resume()
    await until(['b'])
    expect(lines).toEqual(expect.arrayContaining(['Paused: high, low', 'Resumed: no queue is paused']))
  })

  test('by a command; one for a queue that it does not serve is ignored', async () => {
    const { hand, lines, runs, store, until, work, worker } = setUp()
    void work()
    await eventually(async () => expect(await store.workers.workerCount()).toBe(1))
    await store.admin.sendCommand('w', { command: 'pause', queue: 'other' })
    await store.admin.sendCommand('w', { command: 'pause', queue: 'low' })
    expect(worker.pausedQueues).toEqual(['low'])
    hand('low', 'a')
    hand('high', 'b')
    await until(['b'])
    await store.admin.sendCommand('w', { command: 'pause' })
    expect([worker.pausedQueues, runs()]).toEqual([['high', 'low'], ['b']])
    await store.admin.sendCommand('w', { command: 'resume' })
    expect(worker.pausedQueues).toEqual([])
    const refused = 'A command was ignored. Invalid queue: got "other", expected a queue of this worker: high, low.'
    expect(lines).toContain(refused)
  })

  test('what was claimed ahead goes back to the head of its queue, in order', async () => {
    const { end, hand, runs, store, until, work, worker } = setUp({ prefetch: { most: 10, aheadMs: SECOND_MS * 60 } })
    hand('high', 'first')
    void work()
    await until(['first'])
    end('first')
    await eventually(() => expect(store.status('first')).toBe('finished'))
    for (const id of ['a', 'b', 'c']) hand('high', id)
    await eventually(() =>
      expect(['a', 'b', 'c'].map((id) => store.status(id))).toEqual(['started', 'started', 'started']),
    )
    expect(runs()).toEqual(['a'])
    worker.pause('high')
    await eventually(() => expect(store.waiting('high')).toEqual(['b', 'c']))
    end('a')
    await eventually(() => expect(store.status('a')).toBe('finished'))
    expect([runs(), store.waiting('high')]).toEqual([[], ['b', 'c']])
    worker.resume('high')
    await until(['b'])
  })

  test('a paused worker stops at once, and is paused still when it works again', async () => {
    const { hand, store, until, work, worker } = setUp()
    worker.pause()
    hand('high', 'a')
    const working = work()
    await eventually(async () => expect((await store.workers.worker('w'))?.paused).toEqual(['high', 'low']))
    await worker.stop()
    expect([await working, store.status('a')]).toEqual([false, 'queued'])
    void work()
    await eventually(async () => expect((await store.workers.worker('w'))?.paused).toEqual(['high', 'low']))
    worker.resume()
    await until(['a'])
  })

  test('a burst does not wait for a paused queue', async () => {
    const { store, work, worker } = setUp()
    const [left, done] = ['high', 'low'].map((origin) => store.enqueue('done', { origin }))
    worker.pause('high')
    expect(await work({ burst: true })).toBe(true)
    expect([store.status(left ?? ''), store.status(done ?? '')]).toEqual(['queued', 'finished'])
    worker.pause()
    expect(await work({ burst: true })).toBe(false)
  })

  test('a paused worker leaves after its idle time', async () => {
    const { work, worker } = setUp()
    worker.pause()
    expect(await work({ maxIdleTime: '100ms' })).toBe(false)
  })
})

describe('worker.setConcurrency', () => {
  const IDS = ['a', 'b', 'c', 'd']

  test('runs more at once, or fewer, while it works', async () => {
    const { end, hand, most, runs, until, work, worker } = setUp()
    for (const id of IDS) hand('high', id)
    void work()
    await until(['a'])
    worker.setConcurrency(3)
    await until(['a', 'b', 'c'])
    worker.setConcurrency(1)
    end('a')
    end('b')
    await until(['c'])
    end('c')
    await until(['d'])
    expect([runs(), most()]).toEqual([['d'], 3])
  })

  test('before work(): it counts when the worker works', async () => {
    const { hand, until, work, worker } = setUp({ concurrency: 1 })
    worker.setConcurrency(2)
    for (const id of IDS) hand('high', id)
    void work()
    await until(['a', 'b'])
  })

  test.each([
    [0, 'Invalid concurrency: got 0, expected at least 1; to claim no jobs, call worker.pause().'],
    [1.5, /got 1\.5, expected a whole number of at least 1/],
    ['2', /got "2", expected a whole number/],
  ])('refuses %s', (value, message) => {
    const { worker } = setUp()
    expect(() => worker.setConcurrency(value as number)).toThrow(
      expect.objectContaining({ code: 'RQ_INVALID_OPTION', message: expect.stringMatching(message) }),
    )
  })
})

describe('with a concurrency of each queue', () => {
  const PLAN = { high: 1, low: 1 }

  test('a pause holds back one queue, and the other one goes on', async () => {
    const { end, hand, runs, store, until, work, worker } = setUp({}, PLAN)
    hand('low', 'first')
    void work()
    await until(['first'])
    worker.pause('high')
    hand('high', 'a')
    end('first')
    hand('low', 'b')
    await until(['b'])
    expect([runs(), store.status('a'), worker.pausedQueues]).toEqual([['b'], 'queued', ['high']])
    worker.resume()
    await until(['a', 'b'])
  })

  test('a paused worker stops at once, and a burst does not wait for it', async () => {
    const { hand, store, work, worker } = setUp({}, PLAN)
    worker.pause()
    hand('high', 'a')
    expect(await work({ burst: true })).toBe(false)
    const working = work()
    await eventually(async () => expect((await store.workers.worker('w'))?.paused).toEqual(['high', 'low']))
    await worker.stop()
    expect([await working, store.status('a')]).toEqual([false, 'queued'])
  })

  test('setConcurrency changes that of one queue', async () => {
    const { end, hand, runs, until, work, worker } = setUp({}, PLAN)
    worker.setConcurrency(2, 'low')
    for (const queue of ['high', 'low']) for (const n of [1, 2, 3, 4]) hand(queue, `${queue}-${n}`)
    void work()
    await until(['high-1', 'low-1', 'low-2'])
    worker.setConcurrency(3, 'high')
    await until(['high-1', 'high-2', 'high-3', 'low-1', 'low-2'])
    worker.setConcurrency(1, 'high')
    for (const n of [1, 2, 3]) end(`high-${n}`)
    await until(['high-4', 'low-1', 'low-2'])
    expect(runs()).toHaveLength(3)
  })

  test.each([
    [PLAN, undefined, 'Invalid queue: got undefined, expected the name of a queue: each has a concurrency of its own.'],
    [PLAN, 'other', 'Invalid queue: got "other", expected a queue of this worker: high, low.'],
    [
      ['high', 'low'],
      'low',
      'Invalid queue: got "low", expected none: the queues of this worker share its concurrency.',
    ],
  ] as const)('of %j, queue %j is refused', (queues, queue, message) => {
    const { worker } = setUp({}, queues)
    expect(() => worker.setConcurrency(2, queue)).toThrow(
      expect.objectContaining({ code: 'RQ_INVALID_OPTION', message }),
    )
  })

  test('canClaim is asked for each queue', async () => {
    let isWell = false
    const { hand, store, until, work } = setUp({ canClaim: (queue) => queue === 'low' || isWell }, PLAN)
    hand('high', 'a')
    hand('low', 'b')
    void work()
    await until(['b'])
    expect(store.status('a')).toBe('queued')
    isWell = true
    await until(['a', 'b'])
  })
})

describe('canClaim', () => {
  test('nothing is claimed of a queue that it refuses, until it says yes', async () => {
    let isWell = false
    const canClaim = vi.fn((queue: string) => queue === 'low' || isWell)
    const { hand, store, until, work } = setUp({ canClaim, concurrency: 2 })
    hand('high', 'a')
    hand('low', 'b')
    void work()
    await until(['b'])
    expect(store.status('a')).toBe('queued')
    isWell = true
    await until(['a', 'b'])
  })

  test('one that throws holds its queue back, and the log says so once', async () => {
    const canClaim = () => {
      throw new Error('the database is away')
    }
    const { hand, lines, store, work, worker } = setUp({ canClaim })
    hand('high', 'a')
    const working = work()
    await eventually(() => expect(lines.filter((line) => line.startsWith('canClaim'))).toHaveLength(2))
    await worker.stop()
    expect([await working, store.status('a')]).toEqual([false, 'queued'])
    const failed = (queue: string) =>
      `canClaim failed for the queue ${queue}: nothing is claimed from it until canClaim works again the database is away`
    expect(lines.filter((line) => line.startsWith('canClaim'))).toEqual([failed('high'), failed('low')])
  })

  test('the record shows which queues it holds back, why and since when, until it says yes', async () => {
    const answers = new Map<string, () => boolean>([
      ['high', () => false],
      ['low', () => JSON.parse('{')],
    ])
    const { hand, store, until, work } = setUp({ canClaim: (queue) => answers.get(queue)?.() ?? true, concurrency: 2 })
    const shown = async () => (await store.workers.worker('w'))?.held
    const beforeMs = Date.now()
    void work()
    await eventually(async () =>
      expect(await shown()).toEqual([
        { queue: 'high', reason: 'no', sinceMs: expect.any(Number) },
        { queue: 'low', reason: 'failed', sinceMs: expect.any(Number) },
      ]),
    )
    for (const { sinceMs } of (await shown()) ?? []) expect(sinceMs).toBeGreaterThanOrEqual(beforeMs)
    answers.clear()
    hand('high', 'a')
    await until(['a'])
    await eventually(async () => expect(await shown()).toEqual([]))
  })

  test('a worker stops at once while it gives no answer', async () => {
    const { hand, store, work, worker } = setUp({ canClaim: () => new Promise<boolean>(() => {}) })
    hand('high', 'a')
    const working = work()
    await eventually(async () => expect((await store.workers.worker('w'))?.state).toBe('idle'))
    await worker.stop()
    expect([await working, store.status('a')]).toEqual([false, 'queued'])
  })

  test('a burst waits until it may claim', async () => {
    let asked = 0
    const { store, work } = setUp({ canClaim: () => ++asked > 2 })
    const id = store.enqueue('done', { origin: 'high' })
    expect(await work({ burst: true })).toBe(true)
    expect([store.status(id), asked > 2]).toEqual(['finished', true])
  })

  test('it must be a function', () => {
    expect(() => setUp({ canClaim: true as never })).toThrow(
      'Invalid canClaim: got true, expected a function that returns true or false, or a promise of one.',
    )
  })
})
