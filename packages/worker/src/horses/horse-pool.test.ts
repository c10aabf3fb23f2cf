import { silentLogger } from '@rq/core'
import { DEFAULT_LIMITS, type Storage } from '@rq/job'
import { FakeClock } from '@rq/testkit'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { WorkerEmitter } from '../events.ts'
import type { FromHorse, JobTask, ToHorse } from '../inside-horse/protocol.ts'
import { WorkerLog } from '../worker-log.ts'
import { HorsePool, type HorsePoolOptions } from './horse-pool.ts'
import type { HorseListener } from './horse-port.ts'
import type { TaskOutcome } from './task-run.ts'

/** A horse that does what the test says. */
interface Fake {
  readonly listener: HorseListener
  readonly given: string[]
  readonly slots: number[]
  readonly revoked: string[]
  isKilled: boolean
  hasQuit: boolean
}

let clock: FakeClock
let horses: Fake[]
let outcomes: Map<string, TaskOutcome>
let pool: HorsePool

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  clock = new FakeClock()
  horses = []
  outcomes = new Map()
  pool = makePool({})
  pool.start()
})

function makePool(given: Partial<HorsePoolOptions>): HorsePool {
  return new HorsePool({
    size: 1,
    slots: 1,
    killable: true,
    start(listener, slots) {
      const horse: Fake = { listener, given: [], slots: [slots], revoked: [], isKilled: false, hasQuit: false }
      horses.push(horse)
      return {
        pid: undefined,
        send(message: ToHorse) {
          if (message.type === 'quit') horse.hasQuit = true
          if (message.type === 'slots') horse.slots.push(message.slots)
          if (message.type === 'revoke') horse.revoked.push(...message.ids)
          if (message.type === 'tasks') horse.given.push(...message.tasks.map(({ id }) => id))
        },
        kill() {
          horse.isKilled = true
        },
      }
    },
    setup: {
      workerName: 'w',
      serializer: 'json',
      importPaths: [],
      allow: [],
      scripts: [],
      exceptionHandlers: [],
      limits: DEFAULT_LIMITS,
    },
    prefetch: {},
    horseMaxJobs: 0,
    horseMaxBytes: 0,
    storage: {} as Storage,
    clock,
    log: new WorkerLog(new WorkerEmitter(), silentLogger, {
      worker: 'w',
      showsDescriptions: false,
      functionOf: () => null,
      makeJob: () => expect.fail('no event has a listener'),
    }),
    logger: silentLogger,
    onJobsKnown() {},
    onRoom() {},
    onBroken() {},
    ...given,
  })
}

afterEach(() => {
  void pool.killAll()
  vi.useRealTimers()
})

function horseAt(index: number): Fake {
  const horse = horses[index]
  if (horse === undefined) throw new Error(`There is no horse ${index}.`)
  return horse
}

async function run(id: string, origin = 'q'): Promise<void> {
  const task = { kind: 'job', id, record: { id, origin, data: '', timeoutS: 1 } } as JobTask
  pool.run(task, (outcome) => outcomes.set(id, outcome))
  await Promise.resolve()
}

const tell = (index: number, message: FromHorse) => horseAt(index).listener.onMessage(message)
const begin = (index: number, id: string) => tell(index, { type: 'progress', ends: [], begin: id })
const end = (index: number, id: string) => tell(index, { type: 'progress', ends: [{ id, tookMs: 1 }] })
const exit = (index: number) => horseAt(index).listener.onExit({ code: null, signal: 'SIGKILL' })
/** Let time pass, with a check each 50 ms. */
function look(ms: number): void {
  for (let passedMs = 0; passedMs < ms; passedMs += 50) {
    clock.advance(50)
    vi.advanceTimersByTime(50)
  }
}

/** The first horse is being killed in doubt about job 1, and the second one is ready. */
async function doubt(): Promise<void> {
  tell(0, { type: 'ready' })
  await run('1')
  tell(0, { type: 'progress', ends: [], begin: '1' })
  tell(0, { type: 'exposed', id: '1', earlierJobs: ['0'] })
  look(1500)
  expect([horseAt(0).isKilled, horses.length]).toEqual([true, 2])
  tell(1, { type: 'ready' })
}

describe('HorsePool, when modules have changed', () => {
  test('replaces a horse once its running task has ended, and gives what waits to the new one', async () => {
    tell(0, { type: 'ready' })
    await run('1')
    tell(0, { type: 'progress', ends: [], begin: '1' })
    await run('2')
    pool.renew()
    pool.renew()
    expect([pool.freeSlots(), horses.length]).toEqual([0, 1])
    tell(0, { type: 'progress', ends: [{ id: '1', tookMs: 1 }] })
    expect([horseAt(0).hasQuit, horses.length]).toEqual([true, 2])
    tell(1, { type: 'ready' })
    expect([horseAt(0).given, horseAt(1).given]).toEqual([['1'], ['2']])
    expect(horseAt(0).isKilled).toBe(false)
  })

  test('takes back what has not begun', async () => {
    tell(0, { type: 'ready' })
    await run('1')
    pool.renew()
    expect(horses).toHaveLength(1)
    tell(0, { type: 'released', ids: ['1'] })
    expect(horses).toHaveLength(2)
    // As of any horse that is slow to begin: it is returned where no other one takes it.
    expect(outcomes.get('1')).toEqual({ kind: 'returned' })
  })

  test('replaces a horse that is idle, or about to start, at once', () => {
    pool.renew()
    expect([horseAt(0).isKilled, horses.length]).toEqual([true, 2])
    tell(1, { type: 'ready' })
    pool.renew()
    expect([horseAt(1).hasQuit, horses.length]).toEqual([true, 3])
  })
})

describe('HorsePool, when a horse is killed in doubt', () => {
  test('runs its task in a horse that has run nothing, once the first run is over', async () => {
    await doubt()
    expect(pool.freeSlots()).toBe(0)
    await run('2')
    expect(horseAt(1).given).toEqual([])
    exit(0)
    expect(horseAt(1).given).toEqual(['1'])
    tell(1, { type: 'progress', ends: [], begin: '1' })
    tell(1, { type: 'progress', ends: [{ id: '1', tookMs: 1 }] })
    expect(horseAt(1).given).toEqual(['1', '2'])
    expect(outcomes.get('1')).toMatchObject({ kind: 'ended' })
  })

  test('waits for that horse, without returning the task', async () => {
    await doubt()
    horseAt(1).listener.onExit({ code: 1, signal: null })
    exit(0)
    look(2000)
    expect(outcomes.size).toBe(0)
  })

  test('kills the task for good when the second run ends alike', async () => {
    await doubt()
    exit(0)
    tell(1, { type: 'progress', ends: [], begin: '1' })
    look(1500)
    exit(1)
    expect(outcomes.get('1')).toMatchObject({ kind: 'killed', killed: { cause: 'timeout' } })
  })

  test.each([
    ['stopped', () => pool.abort('1', 'stopped'), { kind: 'canceled', reason: 'stopped' }],
    ['returned by a drain', () => pool.drain(), { kind: 'returned' }],
  ])('the task can be %s before its second run', async (_, end, outcome) => {
    await doubt()
    horseAt(1).listener.onExit({ code: 1, signal: null })
    exit(0)
    end()
    expect(outcomes.get('1')).toEqual(outcome)
    expect(horses.flatMap(({ given }) => given)).toEqual(['1'])
  })
})

describe('HorsePool, when it is resized', () => {
  beforeEach(() => {
    void pool.killAll()
    horses = []
    pool = makePool({ prefetch: { most: 0 } })
    pool.start()
  })

  const SIZE_3 = { size: 3, slots: 1 }
  const SIZE_1 = { size: 1, slots: 1 }

  /** Three horses, each of which runs a job of its number. */
  async function runThree(): Promise<void> {
    pool.resize(SIZE_3)
    for (const index of [0, 1, 2]) tell(index, { type: 'ready' })
    for (const id of ['0', '1', '2']) {
      await run(id)
      begin(Number(id), id)
    }
  }

  test('starts horses at once', () => {
    tell(0, { type: 'ready' })
    expect(pool.freeSlots()).toBe(1)
    pool.resize(SIZE_3)
    expect(horses).toHaveLength(3)
    tell(1, { type: 'ready' })
    tell(2, { type: 'ready' })
    expect(pool.freeSlots()).toBe(3)
  })

  test('ends idle horses at once, and busy ones when their jobs have ended', async () => {
    await runThree()
    end(1, '1')
    pool.resize(SIZE_1)
    expect(horses.map(({ hasQuit }) => hasQuit)).toEqual([false, true, false])
    expect(pool.freeSlots()).toBe(0)
    end(2, '2')
    expect(horses.map(({ hasQuit }) => hasQuit)).toEqual([false, true, true])
    for (const index of [1, 2]) exit(index)
    end(0, '0')
    expect([horses.length, horseAt(0).hasQuit, pool.freeSlots()]).toEqual([3, false, 1])
    expect(horses.some(({ isKilled }) => isKilled)).toBe(false)
  })

  test('begins nothing while more run than are wanted, whichever of them ends first', async () => {
    await runThree()
    pool.resize(SIZE_1)
    await run('3')
    for (const id of ['0', '2']) {
      end(Number(id), id)
      expect(horses.flatMap(({ given }) => given)).toEqual(['0', '1', '2'])
    }
    end(1, '1')
    expect(horses.map(({ given, hasQuit }) => [...given, hasQuit])).toEqual([
      ['0', true],
      ['1', '3', false],
      ['2', true],
    ])
  })

  test('replaces the last horse for a task that must run where nothing ran before', async () => {
    pool.resize({ size: 2, slots: 1 })
    for (const index of [0, 1]) tell(index, { type: 'ready' })
    for (const id of ['0', '1']) {
      await run(id)
      begin(Number(id), id)
    }
    tell(0, { type: 'exposed', id: '0', earlierJobs: ['x'] })
    end(1, '1')
    await run('2')
    look(1500)
    expect([horseAt(0).isKilled, horses.length]).toEqual([true, 3])
    // The one that was to replace it is one too many.
    pool.resize(SIZE_1)
    expect(horseAt(2).isKilled).toBe(true)
    exit(0)
    tell(1, { type: 'released', ids: ['2'] })
    expect([horseAt(1).hasQuit, horses.length]).toEqual([true, 4])
    tell(3, { type: 'ready' })
    expect(horseAt(3).given).toEqual(['0'])
  })

  test('keeps the horses that have not ended yet, before it starts others', async () => {
    await runThree()
    pool.resize(SIZE_1)
    pool.resize(SIZE_3)
    expect([horses.length, pool.freeSlots()]).toEqual([3, 0])
    for (const id of ['0', '1', '2']) end(Number(id), id)
    expect([horses.length, horses.some(({ hasQuit }) => hasQuit)]).toEqual([3, false])
  })

  test('returns what was handed ahead to a horse that is one too many, if no other takes it', async () => {
    void pool.killAll()
    horses = []
    pool = makePool({})
    pool.start()
    tell(0, { type: 'ready' })
    await run('0')
    begin(0, '0')
    end(0, '0')
    pool.resize({ size: 2, slots: 1 })
    tell(1, { type: 'ready' })
    for (const id of ['1', '2', '3', '4']) await run(id)
    begin(0, '1')
    begin(1, '2')
    expect(horses.map(({ given }) => given)).toEqual([
      ['0', '1', '3'],
      ['2', '4'],
    ])
    pool.resize(SIZE_1)
    expect(horseAt(1).revoked).toEqual(['4'])
    // The other one has been at work for too long for more to be handed to it.
    clock.advance(1000)
    tell(1, { type: 'released', ids: ['4'] })
    expect(outcomes.get('4')).toEqual({ kind: 'returned' })
    end(1, '2')
    expect(horseAt(1).hasQuit).toBe(true)
  })

  test('a horse that starts and is one too many is ended', () => {
    tell(0, { type: 'ready' })
    pool.resize(SIZE_3)
    pool.resize(SIZE_1)
    expect(horses.map(({ isKilled, hasQuit }) => isKilled || hasQuit)).toEqual([false, true, true])
  })

  test('lets another number run at once in a horse that is never killed', async () => {
    void pool.killAll()
    horses = []
    pool = makePool({ killable: false, slots: 2, prefetch: { most: 0 } })
    pool.start()
    tell(0, { type: 'ready' })
    expect([horseAt(0).slots, pool.freeSlots()]).toEqual([[2], 2])
    pool.resize({ size: 1, slots: 3 })
    expect([horses.length, horseAt(0).slots, pool.freeSlots()]).toEqual([1, [2, 3], 3])
    for (const id of ['1', '2', '3']) {
      await run(id)
      begin(0, id)
    }
    pool.resize({ size: 1, slots: 1 })
    end(0, '1')
    end(0, '2')
    expect(pool.freeSlots()).toBe(0)
    end(0, '3')
    expect([horseAt(0).slots, pool.freeSlots()]).toEqual([[2, 3, 1], 1])
  })

  test('starts no horse once it is drained', () => {
    pool.drain()
    pool.resize(SIZE_3)
    expect(horses).toHaveLength(1)
  })
})

describe('HorsePool, when queues are held', () => {
  const isA = (queue: string) => queue === 'a'

  test('returns the jobs of these queues that have not begun, and leaves those that run and the others', async () => {
    tell(0, { type: 'ready' })
    await run('0', 'a')
    begin(0, '0')
    end(0, '0')
    for (const [id, queue] of [
      ['1', 'a'],
      ['2', 'a'],
      ['3', 'b'],
    ] as const) {
      await run(id, queue)
    }
    begin(0, '1')
    pool.hold(isA)
    expect(horseAt(0).revoked).toEqual(['2', '3'])
    tell(0, { type: 'released', ids: ['2', '3'] })
    expect([...outcomes].filter(([, { kind }]) => kind === 'returned').map(([id]) => id)).toEqual(['2'])
    expect(horseAt(0).given).toEqual(['0', '1', '2', '3', '3'])
    end(0, '1')
    expect(outcomes.get('1')).toMatchObject({ kind: 'ended' })
  })

  test('returns those that come later, until they are held no more', async () => {
    tell(0, { type: 'ready' })
    pool.hold(isA)
    await run('1', 'a')
    await run('2', 'b')
    expect([outcomes.get('1'), horseAt(0).given]).toEqual([{ kind: 'returned' }, ['2']])
    begin(0, '2')
    end(0, '2')
    pool.hold(undefined)
    await run('3', 'a')
    expect(horseAt(0).given).toEqual(['2', '3'])
  })

  test('asks no horse that has nothing of these queues', async () => {
    tell(0, { type: 'ready' })
    await run('1', 'b')
    pool.hold(isA)
    expect(horseAt(0).revoked).toEqual([])
  })
})
