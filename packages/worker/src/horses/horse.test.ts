import { DEFAULT_LIMITS, type JobRecord } from '@rq/job'
import { FakeClock } from '@rq/testkit'
import { beforeEach, describe, expect, test } from 'vitest'
import { InvalidMessage } from '../inside-horse/invalid-message.ts'
import type { FromHorse, Phase, Task, TaskEnd, ToHorse } from '../inside-horse/protocol.ts'
import { Horse } from './horse.ts'
import type { HorseOwner } from './horse-owner.ts'
import type { HorseListener } from './horse-port.ts'
import { type TaskOutcome, TaskRun } from './task-run.ts'

let clock: FakeClock
let sent: ToHorse[]
let released: string[]
let outcomes: Map<string, TaskOutcome>
let unbegun: string[]
let doubtful: TaskRun[]
let kills: number
let listener: HorseListener
let horse: Horse
let isBehind: boolean

beforeEach(() => {
  clock = new FakeClock()
  sent = []
  released = []
  outcomes = new Map()
  unbegun = []
  doubtful = []
  kills = 0
  isBehind = false
  const owner: HorseOwner = {
    onReady() {},
    onBegin() {},
    onEnd() {},
    onProgress() {},
    onLeaving() {},
    onReleased: (runs) => released.push(...runs.map(({ id }) => id)),
    onWarning() {},
    onBadHandler() {},
    onSetupFailed() {},
    onCall() {},
    onDoubt: (_, run) => doubtful.push(run),
    onGone(_, __, ___, runs) {
      unbegun = runs.map(({ id }) => id)
    },
  }
  const setup = {
    workerName: 'w',
    number: 1,
    serializer: 'json',
    importPaths: [],
    allow: [],
    scripts: [],
    exceptionHandlers: ['./handlers#report'],
    limits: DEFAULT_LIMITS,
  }
  const start = (given: HorseListener) => {
    listener = given
    return {
      pid: 7,
      get isBehind() {
        return isBehind
      },
      send: (message: ToHorse) => sent.push(message),
      kill: () => kills++,
    }
  }
  horse = new Horse({ setup, start, slots: 1, killable: true, clock }, owner)
  receive({ type: 'ready' })
  sent = []
})

/** Assign tasks of these ids; `timeoutS` applies to each. */
function assign(ids: readonly string[], timeoutS = 2, record: Partial<JobRecord> = {}): TaskRun[] {
  const runs = ids.map((id) => {
    const task = { kind: 'job', id, record: { id, timeoutS, data: '', ...record } } as Task
    return new TaskRun(task, (outcome) => outcomes.set(id, outcome))
  })
  horse.assign(runs)
  return runs
}

const receive = (message: FromHorse) => listener.onMessage(message)
const begin = (id: string, ended?: string) => receive({ type: 'progress', ends: endOf(ended), begin: id })
const endOf = (id: string | undefined) => (id === undefined ? [] : [{ id, tookMs: 1 }])
const check = () => horse.check(clock.monotonicMs())
/** Let time pass, with a check each 50 ms. */
const look = (ms: number) => {
  check()
  for (let passedMs = 0; passedMs < ms; passedMs += 50) {
    clock.advance(50)
    check()
  }
}

describe('Horse', () => {
  test('prefetches as many tasks as it may, and none behind a slow one', () => {
    expect(horse.room(4)).toBe(5)
    assign(['1'])
    begin('1')
    expect(horse.room(4)).toBe(4)
    clock.advance(50)
    expect(horse.room(4)).toBe(0)
  })

  test('the limit counts from the begin: first the signal, then the kill', async () => {
    assign(['1'])
    clock.advance(5000)
    begin('1')
    clock.advance(1999)
    check()
    expect(sent.at(-1)?.type).toBe('tasks')
    clock.advance(1)
    check()
    expect(sent.at(-1)).toEqual({ type: 'abort', id: '1', reason: 'timeout', timeoutS: 2 })
    clock.advance(499)
    check()
    expect(kills).toBe(0)
    clock.advance(1)
    check()
    expect(kills).toBe(1)
    listener.onExit({ code: null, signal: 'SIGKILL' })
    const killed = { cause: 'timeout', timeoutS: 2, phase: 'function', pid: 7 }
    expect(outcomes.get('1')).toMatchObject({ kind: 'killed', killed })
  })

  test('a task that ends in time after its signal keeps its horse', async () => {
    assign(['1'])
    begin('1')
    clock.advance(2000)
    check()
    receive({ type: 'progress', ends: endOf('1') })
    clock.advance(1000)
    check()
    expect(outcomes.get('1')).toMatchObject({ kind: 'ended', aborted: 'timeout' })
    expect(kills).toBe(0)
  })

  test('a callback has a limit of its own', () => {
    assign(['1'], 2, { onSuccess: { name: 'f', timeoutS: 10 } })
    begin('1')
    clock.advance(1500)
    receive({ type: 'phase', id: '1', phase: 'success_callback' })
    clock.advance(9000)
    check()
    expect(sent.at(-1)?.type).toBe('tasks')
    clock.advance(1500)
    check()
    clock.advance(500)
    check()
    expect(kills).toBe(1)
  })

  test('-1 is no limit, 0 and an absent timeout are the default', () => {
    assign(['1'], -1)
    begin('1')
    clock.advance(1e9)
    check()
    expect(sent.at(-1)?.type).toBe('tasks')
    assign(['2'], 0)
    begin('2', '1')
    clock.advance(180_000)
    check()
    expect(sent.at(-1)).toMatchObject({ type: 'abort', id: '2', timeoutS: 180 })
  })

  test('takes back the tasks that have not begun, as far as the horse confirms', () => {
    assign(['1', '2', '3'])
    begin('1')
    horse.takeBack()
    expect(sent.at(-1)).toEqual({ type: 'revoke', ids: ['2', '3'] })
    begin('2', '1')
    receive({ type: 'released', ids: ['3'] })
    expect(released).toEqual(['3'])
    expect(horse.load).toBe(1)
  })

  test('behind a task that runs for a second, the others are taken back without an answer', () => {
    assign(['1'], -1)
    assign(['2', '3'])
    begin('1')
    clock.advance(999)
    check()
    expect(released).toEqual([])
    clock.advance(1)
    check()
    expect(released).toEqual(['2', '3'])
    expect(sent.at(-1)).toEqual({ type: 'revoke', ids: ['2', '3'], quiet: true })
    receive({ type: 'progress', ends: endOf('1'), hold: true })
    expect(sent.at(-1)).toEqual({ type: 'go' })
  })

  test('a late answer to an earlier request is ignored after that', () => {
    assign(['1'], -1)
    assign(['2'])
    begin('1')
    horse.takeBack()
    clock.advance(1000)
    check()
    receive({ type: 'progress', ends: endOf('1') })
    assign(['2'])
    receive({ type: 'released', ids: ['2'] })
    expect(released).toEqual(['2'])
    expect(horse.load).toBe(1)
  })

  test('is killed when it has tasks and begins none for ten seconds, and its tasks are reported', () => {
    assign(['1', '2'])
    look(9_950)
    expect(kills).toBe(0)
    look(50)
    expect(kills).toBe(1)
    expect(horse.end.killCause).toBe('silent')
    listener.onExit({ code: null, signal: 'SIGKILL' })
    expect(unbegun).toEqual(['1', '2'])
  })

  test('a horse that goes on to begin and end tasks is not silent, nor is one without tasks', () => {
    look(20_000)
    for (let n = 0; n < 40; n++) {
      assign([`${n}`])
      look(500)
      begin(`${n}`)
      receive({ type: 'progress', ends: endOf(`${n}`) })
      assign([`${n} again`])
      look(500)
      begin(`${n} again`)
      receive({ type: 'progress', ends: endOf(`${n} again`) })
    }
    assign(['long'], -1)
    begin('long')
    look(20_000)
    expect(kills).toBe(0)
  })

  test('a horse has more time to read long arguments', () => {
    assign(['1'], 2, { data: 'x'.repeat(2_000_000) })
    look(10_950)
    expect(kills).toBe(0)
    look(50)
    expect(kills).toBe(1)
  })

  test('a worker that stood still does not take its horse for silent', () => {
    assign(['1'])
    look(50)
    clock.advance(60_000)
    look(50)
    expect(kills).toBe(0)
  })

  test('a task that begins while its silent horse is killed is run again', async () => {
    assign(['1'])
    look(10_000)
    begin('1')
    listener.onExit({ code: null, signal: 'SIGKILL' })
    expect(outcomes.get('1')).toMatchObject({ kind: 'killed', killed: { cause: 'shutdown' } })
  })

  const phase = (id: string, name: Phase): FromHorse => ({ type: 'phase', id, phase: name })
  const ended = (id: string, more: Partial<TaskEnd>): FromHorse => ({
    type: 'progress',
    ends: [{ id, tookMs: 1, ...more }],
  })

  test.each<[string, FromHorse]>([
    ['begins a task that it was not given', { type: 'progress', ends: [], begin: 'unknown' }],
    ['begins a task again', { type: 'progress', ends: [], begin: '1' }],
    ['begins a task beside another one', { type: 'progress', ends: [], begin: '2' }],
    ['ends a task that has not begun', ended('2', {})],
    ['says that nobody’s handler has the last word', ended('1', { chainEnded: true })],
    [
      'says that its task was stopped',
      ended('1', { outcome: { kind: 'stopped', error: '', startedAtMs: 1, endedAtMs: 1 } }),
    ],
    ['releases tasks without being asked', { type: 'released', ids: ['2'] }],
    ['is ready again', { type: 'ready' }],
    ['enters the function again', phase('1', 'function')],
    ['enters a callback that the job does not have', phase('1', 'stopped_callback')],
  ])('is killed, and nothing else changes, when it %s', (_, lie) => {
    assign(['1', '2'], 2, { onSuccess: { name: 'f', timeoutS: 10 } })
    begin('1')
    receive(lie)
    expect([kills, horse.end.killCause, outcomes.size, released]).toEqual([1, 'invalid_message', 0, []])
    receive(ended('1', {}))
    begin('2')
    listener.onExit({ code: null, signal: 'SIGKILL' })
    const killed = {
      cause: 'invalid_message',
      invalid: expect.any(InvalidMessage),
      timeoutS: 2,
      phase: 'function',
    }
    expect([...outcomes]).toEqual([['1', { kind: 'killed', killed: expect.objectContaining(killed) }]])
    expect(unbegun).toEqual(['2'])
  })

  test('is killed when it releases a task that has begun', () => {
    assign(['1', '2'])
    begin('1')
    horse.takeBack()
    receive({ type: 'released', ids: ['2', '1'] })
    expect([horse.end.killCause, released, horse.load]).toEqual(['invalid_message', [], 2])
  })

  test('what follows a message that is none is not believed', () => {
    assign(['1', '2'])
    begin('1')
    listener.onInvalid(new InvalidMessage('no JSON'))
    begin('2', '1')
    listener.onExit({ code: null, signal: 'SIGKILL' })
    expect(outcomes.get('1')).toMatchObject({ killed: { invalid: { message: 'no JSON' } } })
    expect([outcomes.size, unbegun]).toEqual([1, ['2']])
  })

  test('phases only go forward, each with the time limit of the record', () => {
    const callbacks = { onSuccess: { name: 'f', timeoutS: 10 }, onFailure: { name: 'f', timeoutS: 20 } }
    const [run] = assign(['1'], 2, callbacks)
    begin('1')
    const limits = (['success_callback', 'failure_callback', 'handlers'] as const).map((name) => {
      receive(phase('1', name))
      return [run?.phase, run?.timeoutS]
    })
    expect(limits).toEqual([
      ['success_callback', 10],
      ['failure_callback', 20],
      ['handlers', 60],
    ])
    // There is one handler, so it begins once.
    receive(phase('1', 'handlers'))
    expect(horse.end.killCause).toBe('invalid_message')
  })

  test('the callback of a callback task begins once more, when its module is loaded', () => {
    const record = { id: 'j', data: '', onFailure: { name: 'f', timeoutS: 5 } } as unknown as JobRecord
    const error = { name: 'E', message: '', text: '' }
    horse.assign([new TaskRun({ kind: 'failure_callback', id: '1', record, error }, () => {})])
    begin('1')
    receive(phase('1', 'failure_callback'))
    expect(kills).toBe(0)
    receive(phase('1', 'failure_callback'))
    expect(kills).toBe(1)
  })

  test('a task whose end its owner cannot take ends with its horse', () => {
    const seen: string[] = []
    const task = { kind: 'job', id: '1', record: { id: '1', data: '' } } as unknown as Task
    const takeEnd = ({ kind }: TaskOutcome) => {
      seen.push(kind)
      if (kind === 'ended') throw new TypeError('Not an outcome')
    }
    horse.assign([new TaskRun(task, takeEnd)])
    begin('1')
    receive({ type: 'progress', ends: endOf('1') })
    expect([horse.end.killCause, horse.load]).toEqual(['invalid_message', 1])
    listener.onExit({ code: null, signal: 'SIGKILL' })
    expect(seen).toEqual(['ended', 'killed'])
  })

  test('talk of tasks that it does not have is no life', () => {
    assign(['1'])
    for (let n = 0; n < 200; n++) {
      receive({ type: 'progress', ends: endOf('unknown') })
      look(50)
    }
    expect(horse.end.killCause).toBe('silent')
  })

  test('where no task has ended, no earlier one can have ended the horse', () => {
    assign(['1'])
    begin('1')
    receive({ type: 'exit', jobId: 'another' })
    listener.onExit({ code: 0, signal: null })
    expect([horse.end.leftoverOf, outcomes.get('1')]).toMatchObject([undefined, { killed: { cause: 'exit' } }])
  })

  test('what it has to print delays its end once', () => {
    horse.retire()
    for (let n = 0; n < 20; n++) {
      receive({ type: 'draining' })
      clock.advance(500)
      check()
    }
    expect(kills).toBeGreaterThan(0)
  })

  test('when it is gone, tasks that had begun are killed, and the others are reported', async () => {
    assign(['1', '2'])
    begin('1')
    receive({ type: 'fatal', error: 'Error: x' })
    listener.onExit({ code: 1, signal: null })
    const killed = { cause: 'exit', fatal: 'Error: x', exit: { code: 1 } }
    expect(outcomes.get('1')).toMatchObject({ kind: 'killed', killed })
    expect(outcomes.get('2')).toBeUndefined()
    expect(unbegun).toEqual(['2'])
    expect(horse.state).toBe('gone')
  })

  test('is killed when a function goes on after its attempt has ended', async () => {
    assign(['1'])
    begin('1')
    receive({ type: 'progress', ends: [{ id: '1', tookMs: 1, leaking: true }], hold: true })
    expect(kills).toBe(1)
    expect(outcomes.get('1')).toMatchObject({ kind: 'ended', aborted: undefined })
    expect(sent.at(-1)?.type).toBe('tasks')
  })

  test('after a module that failed to load it quits and begins no other task', async () => {
    assign(['1', '2'])
    begin('1')
    receive({ type: 'progress', ends: [{ id: '1', tookMs: 1, hasFailedImport: true }], hold: true })
    expect(outcomes.get('1')).toMatchObject({ kind: 'ended' })
    expect(sent.map(({ type }) => type)).toEqual(['tasks', 'quit'])
    expect(horse.room(4)).toBe(0)
    listener.onExit({ code: 0, signal: null })
    expect(unbegun).toEqual(['2'])
  })

  test('a task that began while its horse was killed because of another one is run again', async () => {
    const [first] = assign(['1', '2'])
    if (first === undefined) throw new Error('no task')
    begin('1')
    horse.abort(first, 'lease_lost')
    clock.advance(500)
    check()
    begin('2', '1')
    listener.onExit({ code: 1, signal: null })
    expect(outcomes.get('2')).toMatchObject({ kind: 'killed', killed: { cause: 'shutdown' } })
  })

  /** Let a task pass its time limit in a horse that does not answer, and its horse end. */
  function block(exposed: boolean): void {
    begin('1')
    if (exposed) receive({ type: 'exposed', id: '1', earlierJobs: ['0'] })
    clock.advance(2000)
    check()
    clock.advance(500)
    check()
  }

  test('blocked after its task gave the event loop away among leftovers, it reports a doubt, and only once', () => {
    assign(['1', '2'])
    block(true)
    expect(horse.end.isInDoubt).toBe(true)
    listener.onExit({ code: null, signal: 'SIGKILL' })
    expect(doubtful.map(({ id, exposedTo }) => [id, exposedTo])).toEqual([['1', ['0']]])
    expect([outcomes.size, released, horse.end.isInDoubt]).toEqual([0, ['2'], false])
    const second = doubtful[0]?.again()
    second?.expose(['0'])
    second?.abort('timeout', 0)
    expect([second?.id, second?.begunMs, second?.isDoubtful]).toEqual(['1', undefined, false])
  })

  test('blocked by a task that kept the event loop, it reports no doubt', () => {
    assign(['1'])
    block(false)
    expect(horse.end.isInDoubt).toBe(false)
    listener.onExit({ code: null, signal: 'SIGKILL' })
    expect(doubtful).toEqual([])
    expect(outcomes.get('1')).toMatchObject({ kind: 'killed', killed: { cause: 'timeout' } })
  })

  test.each(['stopped', 'lease_lost'] as const)('killed for another reason (%s), it reports no doubt', (reason) => {
    const [run] = assign(['1'])
    if (run === undefined) throw new Error('no task')
    begin('1')
    receive({ type: 'exposed', id: '1', earlierJobs: [] })
    horse.abort(run, reason)
    clock.advance(500)
    check()
    expect([kills, horse.end.isInDoubt]).toEqual([1, false])
  })

  test('a task in doubt that ends in the last moment does not run again', () => {
    assign(['1'])
    block(true)
    receive({ type: 'progress', ends: endOf('1') })
    expect(horse.end.isInDoubt).toBe(false)
    listener.onExit({ code: null, signal: 'SIGKILL' })
    expect(doubtful).toEqual([])
    expect(outcomes.get('1')).toMatchObject({ kind: 'ended' })
  })

  test('is unused until it is given a task', () => {
    expect(horse.isUnused).toBe(true)
    assign(['1'])
    begin('1')
    receive({ type: 'progress', ends: endOf('1') })
    expect(horse.isUnused).toBe(false)
  })

  test('retired, it finishes its tasks and is asked to quit, and killed if it does not', () => {
    assign(['1'])
    begin('1')
    horse.retire()
    expect(horse.room(0)).toBe(0)
    receive({ type: 'progress', ends: endOf('1') })
    expect(sent.at(-1)).toEqual({ type: 'quit' })
    clock.advance(1001)
    check()
    expect(kills).toBe(1)
  })
})

test('no limit of a horse counts while its messages wait unread', () => {
  assign(['a', 'b'])
  begin('a')
  isBehind = true
  look(30_000)
  expect(sent.filter(({ type }) => type !== 'tasks')).toEqual([])
  isBehind = false
  begin('b', 'a')
  look(1000)
  expect([released, kills]).toEqual([[], 0])
  expect(outcomes.get('a')).toMatchObject({ kind: 'ended' })
})

test('a horse that has more calls under way than a horse makes is killed', () => {
  assign(['a'])
  begin('a')
  const call = (method: string, n: number) => receive({ type: 'call', call: n, port: 'jobs', method, args: [] })
  for (let n = 0; n < 1000; n++) call('awaitResult', n)
  for (let n = 0; n < 64; n++) call('exists', n)
  expect(kills).toBe(0)
  call('exists', 64)
  expect(kills).toBe(1)
  expect(horse.end.invalid?.message).toContain('more than 64 calls such as "exists" are under way')
})
