import { FakeClock } from '@rq/testkit'
import { beforeEach, describe, expect, test } from 'vitest'
import type { FromHorse, Task, ToHorse } from '../inside-horse/protocol.ts'
import { Horse, type HorseOwner, type KilledTask } from './horse.ts'
import type { HorseListener } from './horse-port.ts'

const task = (id: string, timeoutS = 2) => ({ kind: 'job', id, record: { id, timeoutS } }) as Task

let clock: FakeClock
let sent: ToHorse[]
let released: string[]
let ends: string[]
let killed: readonly KilledTask[]
let unbegun: string[]
let kills: number
let listener: HorseListener
let horse: Horse

beforeEach(() => {
  clock = new FakeClock()
  sent = []
  released = []
  ends = []
  killed = []
  unbegun = []
  kills = 0
  const owner: HorseOwner = {
    onReady() {},
    onBegin() {},
    onEnd: ({ id }, _, aborted) => ends.push(aborted === undefined ? id : `${id} ${aborted}`),
    onTold() {},
    onLeaving() {},
    onReleased: (tasks) => released.push(...tasks.map(({ id }) => id)),
    onCall() {},
    onGone(_, __, tasks, rest) {
      killed = tasks
      unbegun = rest.map(({ id }) => id)
    },
  }
  const setup = {
    workerName: 'w',
    number: 1,
    serializer: 'json',
    importPaths: [],
    allow: [],
    exceptionHandlers: [],
  }
  const start = (given: HorseListener) => {
    listener = given
    return { pid: 7, send: (message: ToHorse) => sent.push(message), kill: () => kills++ }
  }
  horse = new Horse({ setup, start, lanes: 1, killable: true, clock }, owner)
  tell({ type: 'ready' })
  sent = []
})

const tell = (message: FromHorse) => listener.onMessage(message)
const begin = (id: string, ended?: string) => tell({ type: 'progress', ends: endOf(ended), begin: id })
const endOf = (id: string | undefined) => (id === undefined ? [] : [{ id, tookMs: 1 }])
const check = () => horse.check(clock.monotonicMs())

describe('Horse', () => {
  test('takes so many ahead as it is told, and none while what runs is slow', () => {
    expect(horse.room(4)).toBe(5)
    horse.hand([task('1')])
    begin('1')
    expect(horse.room(4)).toBe(4)
    clock.advance(50)
    expect(horse.room(4)).toBe(0)
  })

  test('the limit counts from the begin: first the signal, then the kill', () => {
    horse.hand([task('1')])
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
    expect(killed).toMatchObject([{ cause: 'timeout', timeoutS: 2, phase: 'function', pid: 7 }])
  })

  test('a task that ends in time after its signal keeps its horse', () => {
    horse.hand([task('1')])
    begin('1')
    clock.advance(2000)
    check()
    tell({ type: 'progress', ends: endOf('1') })
    clock.advance(1000)
    check()
    expect(ends).toEqual(['1 timeout'])
    expect(kills).toBe(0)
  })

  test('a callback has a limit of its own', () => {
    horse.hand([task('1')])
    begin('1')
    clock.advance(1500)
    tell({ type: 'phase', id: '1', phase: 'success_callback', timeoutS: 10 })
    clock.advance(9000)
    check()
    expect(sent.at(-1)?.type).toBe('tasks')
    clock.advance(1500)
    check()
    clock.advance(500)
    check()
    expect(kills).toBe(1)
  })

  test('-1 is no limit, 0 and nothing are the default', () => {
    horse.hand([task('1', -1)])
    begin('1')
    clock.advance(1e9)
    check()
    expect(sent.at(-1)?.type).toBe('tasks')
    horse.hand([task('2', 0)])
    begin('2', '1')
    clock.advance(180_000)
    check()
    expect(sent.at(-1)).toMatchObject({ type: 'abort', id: '2', timeoutS: 180 })
  })

  test('gives back what has not begun when it is asked, as far as it says', () => {
    horse.hand([task('1'), task('2'), task('3')])
    begin('1')
    horse.takeBack()
    expect(sent.at(-1)).toEqual({ type: 'revoke', ids: ['2', '3'] })
    begin('2', '1')
    tell({ type: 'released', ids: ['3'] })
    expect(released).toEqual(['3'])
    expect(horse.load).toBe(1)
  })

  test('behind a task that runs for a second, what waits is taken back without an answer', () => {
    horse.hand([task('1', -1), task('2'), task('3')])
    begin('1')
    clock.advance(999)
    check()
    expect(released).toEqual([])
    clock.advance(1)
    check()
    expect(released).toEqual(['2', '3'])
    expect(sent.at(-1)).toEqual({ type: 'revoke', ids: ['2', '3'], quiet: true })
    tell({ type: 'progress', ends: endOf('1'), hold: true })
    expect(sent.at(-1)).toEqual({ type: 'go' })
  })

  test('the answer to an earlier question does not count after that', () => {
    horse.hand([task('1', -1), task('2')])
    begin('1')
    horse.takeBack()
    clock.advance(1000)
    check()
    tell({ type: 'progress', ends: endOf('1') })
    horse.hand([task('2')])
    tell({ type: 'released', ids: ['2'] })
    expect(released).toEqual(['2'])
    expect(horse.load).toBe(1)
  })

  test('one that begins what it was not given is killed', () => {
    begin('nobody')
    expect(kills).toBe(1)
  })

  test('when it is gone it tells what had begun and what had not', () => {
    horse.hand([task('1'), task('2')])
    begin('1')
    tell({ type: 'fatal', error: 'Error: x' })
    listener.onExit({ code: 1, signal: null })
    expect(killed).toMatchObject([{ cause: 'exit', fatal: 'Error: x', exit: { code: 1 } }])
    expect(unbegun).toEqual(['2'])
    expect(horse.state).toBe('gone')
  })

  test('one whose function goes on after its end is killed', () => {
    horse.hand([task('1')])
    begin('1')
    tell({ type: 'progress', ends: [{ id: '1', tookMs: 1, leaking: true }], hold: true })
    expect(kills).toBe(1)
    expect(ends).toEqual(['1'])
    expect(sent.at(-1)?.type).toBe('tasks')
  })

  test('a task that began while its horse was ended for another one is to be run again', () => {
    horse.hand([task('1'), task('2')])
    begin('1')
    horse.abort('1', 'lease_lost')
    clock.advance(500)
    check()
    begin('2', '1')
    listener.onExit({ code: 1, signal: null })
    expect(killed).toMatchObject([{ task: { id: '2' }, cause: 'shutdown' }])
  })

  test('retired, it does what it has and is asked to quit, and killed if it does not', () => {
    horse.hand([task('1')])
    begin('1')
    horse.retire()
    expect(horse.room(0)).toBe(0)
    tell({ type: 'progress', ends: endOf('1') })
    expect(sent.at(-1)).toEqual({ type: 'quit' })
    clock.advance(1001)
    check()
    expect(kills).toBe(1)
  })
})
