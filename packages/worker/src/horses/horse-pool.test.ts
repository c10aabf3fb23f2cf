import { silentLogger } from '@rq/core'
import { DEFAULT_LIMITS, type Storage } from '@rq/job'
import { FakeClock } from '@rq/testkit'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { WorkerEmitter } from '../events.ts'
import type { FromHorse, JobTask, ToHorse } from '../inside-horse/protocol.ts'
import { WorkerLog } from '../worker-log.ts'
import { HorsePool } from './horse-pool.ts'
import type { HorseListener } from './horse-port.ts'
import type { TaskOutcome } from './task-run.ts'

/** A horse that does what the test says. */
interface Fake {
  readonly listener: HorseListener
  readonly given: string[]
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
  pool = new HorsePool({
    size: 1,
    slots: 1,
    killable: true,
    start(listener) {
      const horse: Fake = { listener, given: [], isKilled: false, hasQuit: false }
      horses.push(horse)
      return {
        pid: undefined,
        send(message: ToHorse) {
          if (message.type === 'quit') horse.hasQuit = true
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
    onRoom() {},
    onBroken() {},
  })
  pool.start()
})

afterEach(() => {
  void pool.killAll()
  vi.useRealTimers()
})

function horseAt(index: number): Fake {
  const horse = horses[index]
  if (horse === undefined) throw new Error(`There is no horse ${index}.`)
  return horse
}

async function run(id: string): Promise<void> {
  const task = { kind: 'job', id, record: { id, data: '', timeoutS: 1 } } as JobTask
  pool.run(task, (outcome) => outcomes.set(id, outcome))
  await Promise.resolve()
}

const tell = (index: number, message: FromHorse) => horseAt(index).listener.onMessage(message)
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
