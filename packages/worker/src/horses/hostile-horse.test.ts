import { DEFAULT_LIMITS } from '@rq/job'
import { FakeClock, RUNS_ALL } from '@rq/testkit'
import { describe, expect, test } from 'vitest'
import { InvalidMessage } from '../inside-horse/invalid-message.ts'
import { LineReader, writeLine } from '../inside-horse/lines.ts'
import type { FromHorse, Task, ToHorse } from '../inside-horse/protocol.ts'
import { Horse } from './horse.ts'
import { checkMessage } from './horse-messages.ts'
import type { HorseListener } from './horse-port.ts'
import { TaskRun } from './task-run.ts'

/** Random numbers from a seed, so that a failure can be repeated (mulberry32). */
class Dice {
  #state: number

  constructor(seed: number) {
    this.#state = seed
  }

  /** A whole number from 0 to `below` - 1. */
  roll(below: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }

  pick<T>(list: readonly T[]): T {
    return list[this.roll(list.length)] as T
  }
}

const TIMES = { startedAtMs: 1_700_000_000_000, endedAtMs: 1_700_000_000_005 }
const ERROR = { name: 'E', message: 'm', text: 'stack\nE: m' }
const IDS = ['t0', 't1', 't2', 't3', 't4', 't5']

/** A message of any type, most likely about the task that runs. */
function message(dice: Dice, running: string): FromHorse {
  const id = dice.roll(8) === 0 ? dice.pick(IDS) : running
  const end = (more: object) => ({ type: 'progress', ends: [{ id, tookMs: 1, ...more }], hold: true }) as FromHorse
  return dice.pick<() => FromHorse>([
    () => ({ type: 'ready' }),
    () => ({ type: 'progress', ends: [], begin: id }),
    () => ({ type: 'progress', ends: [], begin: id, rss: 5e7 }),
    () => end({ outcome: { kind: 'returned', value: '"x"', ...TIMES } }),
    () => end({ outcome: { kind: 'returned', value: Buffer.from([0, 255]), ...TIMES } }),
    () => end({ outcome: { kind: 'returned_retry', retry: { max: 3, intervalsS: [1, 5] }, ...TIMES } }),
    () => end({ outcome: { kind: 'raised', error: ERROR.text, ...TIMES }, error: ERROR, chainEnded: true }),
    () => end({ outcome: { kind: 'stopped', error: 'stopped', ...TIMES }, leaking: true }),
    () => end({ hasFailedImport: true }),
    () => ({ type: 'released', ids: [id, dice.pick(IDS)] }),
    () => ({ type: 'phase', id, phase: dice.pick(['success_callback', 'failure_callback', 'handlers']), error: ERROR }),
    () => ({ type: 'exposed', id, earlierJobs: ['j1'] }),
    () => ({ type: 'call', call: dice.roll(9), port: 'jobs', method: 'fetch', args: ['j1'] }),
    () => ({ type: 'fatal', error: 'Error: x', jobId: dice.pick(IDS) }),
    () => ({ type: 'bad_handler', error: 'Error: x' }),
    () => ({ type: 'draining' }),
    () => ({ type: 'exit', jobId: dice.pick(IDS) }),
  ])()
}

/** JSON of values that do not belong where they are put. */
const JUNK = [
  ...['null', 'true', '0', '-1', '1.5', '1e300', '-1e999', '9007199254740993', '""', '"t1"', '"\\u0000"', '"\\ud800"'],
  ...['[]', '{}', '[[[[]]]]', '{"__proto__":{"kind":"returned"}}', '{"toString":1,"length":-1}', '{"~bytes":"AAAA"}'],
  ...['{"~bytes":[]}', '[null]', '{"then":"x"}', `${'['.repeat(5000)}${']'.repeat(5000)}`, '"returned"', '"__proto__"'],
]

/** A line with one value of it, of any depth, replaced, left out or renamed. */
function withOneChange(line: string, dice: Dice): string {
  const fields = [...line.matchAll(/"(\w+)":("(?:[^"\\]|\\.)*"|[\d.]+|true|false|null)/g)]
  if (fields.length === 0) return `${dice.pick(JUNK)}\n`
  const { 0: field, 1: name, index } = dice.pick(fields)
  const other = dice.pick([`"${name}":${dice.pick(JUNK)}`, `"__proto__":${dice.pick(JUNK)}`, `"${name}":1,"${name}":2`])
  return line.slice(0, index) + other + line.slice(index + field.length)
}

function randomText(dice: Dice): string {
  const letters = ['>', '\t', '=', '~', '{', '"', ':', 'e', '1', '-', '\n', '\u{fffd}', '\u0000', '🙂', 't0', '1e400']
  return Array.from({ length: dice.roll(30) }, () => dice.pick(letters)).join('')
}

/** A line that a horse may write, or one that code of a job has written. */
function line(dice: Dice, running: string): string {
  const honest = writeLine(message(dice, running))
  switch (dice.roll(40)) {
    case 0:
      return withOneChange(honest, dice)
    case 1:
      return honest.slice(0, dice.roll(honest.length))
    case 2:
      return `${honest.slice(0, dice.roll(honest.length))}${dice.pick(JUNK)}${honest.slice(dice.roll(honest.length))}`
    case 3:
      return `>${dice.pick(IDS)}\t${dice.pick(IDS)}\t${dice.pick(JUNK)}\t${dice.pick(JUNK)}\t1\t=${dice.pick(JUNK)}\n`
    case 4:
      return `${randomText(dice)}\n`
    default:
      return honest
  }
}

interface Told {
  /** What became of each task, by its id. */
  readonly ends: Map<string, string[]>
  readonly wasInvalid: boolean
}

/** Let a horse send something, while its worker assigns, stops and takes back tasks, until it is gone. */
function tell(seed: number): Told {
  const dice = new Dice(seed)
  const clock = new FakeClock()
  const ends = new Map<string, string[]>(IDS.map((id) => [id, []]))
  const note = (what: string) => (runs: readonly TaskRun[]) => {
    for (const { id } of runs) ends.get(id)?.push(what)
  }
  const released = note('released')
  let listener: HorseListener | undefined
  const start = (given: HorseListener) => {
    listener = given
    return { pid: 7, send: (_: ToHorse) => {}, kill: () => {} }
  }
  const setup = {
    ...{ workerName: 'w', number: 1, serializer: 'json', importPaths: [], allow: [], scripts: [] },
    exceptionHandlers: ['h'],
    limits: DEFAULT_LIMITS,
  }
  const horse = new Horse(
    { setup, start, slots: 1 + dice.roll(2), killable: dice.roll(4) > 0, clock },
    {
      onReady() {},
      onBegin() {},
      onEnd() {},
      onProgress() {},
      onLeaving() {},
      onWarning() {},
      onBadHandler() {},
      onSetupFailed() {},
      onCall() {},
      onReleased: released,
      onDoubt: (_, run) => note('doubt')([run]),
      onGone: (_, __, ___, unbegun) => released(unbegun),
    },
  )
  const port = listener as unknown as HorseListener
  let isBroken = false
  const reader = new LineReader({ deliver: port.onMessage, check: checkMessage, longest: 20_000 })
  const write = (text: string) => {
    if (isBroken) return
    try {
      reader.push(text)
    } catch (error) {
      expect(error).toBeInstanceOf(InvalidMessage)
      isBroken = true
      port.onInvalid(error)
    }
  }
  const waiting = [...IDS]
  let running = 't0'
  write(writeLine({ type: 'ready' }))
  for (let n = 0; n < 40; n++) {
    const action = dice.roll(12)
    if (action === 0) horse.takeBack()
    else if (action === 1) clock.advance(dice.roll(3000))
    else if (action < 5 && horse.room(2) > 0 && waiting.length > 0) {
      const id = waiting.shift() as string
      const record = { id: `j${id}`, timeoutS: 2, data: '', onSuccess: { name: 'f', timeoutS: 1 } }
      const task = { kind: 'job', id, record } as unknown as Task
      horse.assign([new TaskRun(task, ({ kind }) => ends.get(id)?.push(kind))])
      if (dice.roll(2) === 0) continue
      running = id
      write(writeLine({ type: 'progress', ends: [], begin: id }))
    } else write(line(dice, running))
    horse.check(clock.monotonicMs())
    expect(horse.load).toBeLessThanOrEqual(IDS.length)
  }
  port.onExit({ code: 0, signal: null })
  expect(horse.load).toBe(0)
  for (const id of waiting) ends.delete(id)
  return { ends, wasInvalid: horse.end.invalid !== undefined }
}

/** About a second, or twenty. */
const RUNS = RUNS_ALL ? 8000 : 400

describe('whatever comes through the pipe', () => {
  test('each task ends once, or is given back', () => {
    const seen = new Set<string>()
    for (let seed = 1; seed <= RUNS; seed++) {
      const { ends, wasInvalid } = tell(seed)
      const wrong = [...ends].filter(([, of]) => of.length !== 1)
      expect(wrong, `seed ${seed}`).toEqual([])
      for (const [, [how = '']] of ends) seen.add(how)
      if (wasInvalid) seen.add('invalid')
    }
    // All of it happened, so the test could fail.
    expect([...seen]).toEqual(expect.arrayContaining(['ended', 'invalid', 'killed', 'released']))
  })
})
