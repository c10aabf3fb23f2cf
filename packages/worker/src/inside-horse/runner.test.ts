import type { RunLimit } from '@rq/queue/run'
import { describe, expect, test, vi } from 'vitest'
import { Leftovers } from './leftovers.ts'
import type { FromHorse, Task, TaskResult } from './protocol.ts'
import { Runner } from './runner.ts'

const task = (id: string) => ({ kind: 'job', id, record: { id } }) as Task

/** A runner whose tasks end when the test says so, and what it has sent. */
function setUp(slots = 1) {
  const sent: FromHorse[] = []
  const running = new Map<string, (result?: TaskResult) => void>()
  const limits = new Map<string, RunLimit>()
  const runner = new Runner({
    slots,
    send: (message) => sent.push(message),
    abortError: (reason) => new Error(reason),
    runTask: ({ id }, { limit }) =>
      new Promise((resolve) => {
        limits.set(id, limit)
        running.set(id, (result = {}) => {
          running.delete(id)
          resolve(result)
        })
      }),
  })
  const give = (...ids: string[]) => runner.receive({ type: 'tasks', tasks: ids.map(task) })
  const progress = () =>
    sent.flatMap((message) =>
      message.type === 'progress'
        ? [
            `${message.ends.map(({ id }) => `-${id}`).join('')}${message.begin === undefined ? '' : `+${message.begin}`}${message.hold ? '?' : ''}`,
          ]
        : [],
    )
  return { runner, sent, running, limits, give, progress }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

describe('Runner', () => {
  test('reports that a task begins before it does, together with the end of the one before', async () => {
    const { give, progress, running } = setUp()
    give('1', '2')
    expect(progress()).toEqual(['+1'])
    running.get('1')?.()
    await turn()
    await turn()
    expect(progress()).toEqual(['+1', '-1+2'])
    running.get('2')?.()
    await turn()
    expect(progress()).toEqual(['+1', '-1+2', '-2'])
  })

  test('lets the event loop turn between two tasks, so that a revoke is seen', async () => {
    const { give, progress, runner, running, sent } = setUp()
    give('1', '2', '3')
    running.get('1')?.()
    await Promise.resolve()
    runner.receive({ type: 'revoke', ids: ['2', '3', 'unknown'] })
    await turn()
    expect(sent.at(-2)).toEqual({ type: 'released', ids: ['2', '3'] })
    expect(progress()).toEqual(['+1', '-1'])
    expect(running.size).toBe(0)
  })

  test('does not answer a quiet revoke', () => {
    const { give, runner, sent } = setUp()
    give('1', '2')
    const before = sent.length
    runner.receive({ type: 'revoke', ids: ['2'], quiet: true })
    expect(sent.length).toBe(before)
  })

  test('asks before it goes on after a task that took long, also when it knows of nothing to do', async () => {
    const { give, progress, runner, running } = setUp()
    const clock = vi.spyOn(performance, 'now')
    clock.mockReturnValue(0)
    give('1')
    clock.mockReturnValue(250)
    running.get('1')?.()
    await turn()
    expect(progress()).toEqual(['+1', '-1?'])
    // Both were in the pipe while the task computed.
    give('2', '3')
    runner.receive({ type: 'revoke', ids: ['2'], quiet: true })
    expect(running.size).toBe(0)
    runner.receive({ type: 'go' })
    expect(progress()).toEqual(['+1', '-1?', '+3'])
    clock.mockRestore()
  })

  test('a task is never older for the worker than here: its time counts from before the worker was sent', async () => {
    const clock = vi.spyOn(performance, 'now')
    clock.mockReturnValue(0)
    const sent: FromHorse[] = []
    const runner = new Runner({
      slots: 1,
      runTask: async () => ({}),
      abortError: () => new Error(),
      send(message) {
        sent.push(message)
        // The process stands still in the middle of the write.
        if (message.type === 'progress' && message.begin !== undefined) clock.mockReturnValue(1000)
      },
    })
    runner.receive({ type: 'tasks', tasks: [task('1')] })
    await turn()
    expect(sent.at(-1)).toMatchObject({ hold: true, ends: [{ id: '1', tookMs: 1000 }] })
    clock.mockRestore()
  })

  test('waits for its end when a function goes on', async () => {
    const { give, progress, running } = setUp()
    give('1', '2')
    running.get('1')?.({ leaking: true })
    await turn()
    expect(progress()).toEqual(['+1', '-1?'])
  })

  test('waits for its end when a module failed to load', async () => {
    const { give, progress, running } = setUp()
    give('1', '2')
    running.get('1')?.({ hasFailedImport: true })
    await turn()
    expect(progress()).toEqual(['+1', '-1?'])
  })

  test('fires the signal of a running task alone', () => {
    const { give, runner, limits } = setUp(2)
    give('1', '2')
    runner.receive({ type: 'abort', id: '1', reason: 'timeout', timeoutS: 3 })
    expect(limits.get('1')?.signal.reason).toEqual(new Error('timeout'))
    expect(limits.get('2')?.signal.aborted).toBe(false)
  })

  test('runs as many at once as it has slots', async () => {
    const { give, progress, running } = setUp(2)
    give('1', '2', '3')
    expect([...running.keys()]).toEqual(['1', '2'])
    running.get('2')?.()
    await turn()
    await turn()
    expect([...running.keys()]).toEqual(['1', '3'])
    expect(progress()).toEqual(['+1', '+2', '-2+3'])
  })

  /** A runner whose tasks end at once, in the order in which they are called. */
  function setUpShort(options: { slots: number; sharesTurns?: boolean }, func: (id: string) => void = () => {}) {
    const sent: FromHorse[] = []
    const called: string[] = []
    const runner = new Runner({
      ...options,
      abortError: () => new Error(),
      send: (message) => sent.push(message),
      runTask({ id }) {
        called.push(id)
        func(id)
        return {}
      },
    })
    const give = (ids: string[]) => runner.receive({ type: 'tasks', tasks: ids.map(task) })
    return { sent, called, give, runner }
  }

  test('lets the event loop turn after a function that returned at once, and before its end counts', async () => {
    const strikes: string[][] = []
    const strike = () => strikes.push([...called])
    const { called, give, runner, sent } = setUpShort({ slots: 1 }, () => process.nextTick(strike))
    give(['1', '2'])
    expect(called).toEqual(['1'])
    // A process that exits now does not say that the task has ended.
    runner.flush()
    expect(sent).toHaveLength(1)
    await turn()
    expect(strikes[0]).toEqual(['1'])
    expect(called).toEqual(['1', '2'])
    expect(sent.at(-1)).toMatchObject({ ends: [{ id: '1' }], begin: '2' })
    await turn()
    expect(sent.at(-1)).toMatchObject({ ends: [{ id: '2' }] })
  })

  test('runs short tasks in one turn where they may share it, but not for longer than a millisecond', async () => {
    const clock = vi.spyOn(performance, 'now').mockReturnValue(0)
    const { called, give, sent } = setUpShort({ slots: 1, sharesTurns: true }, (id) => {
      if (id === '3') clock.mockReturnValue(2)
    })
    give(['1', '2', '3', '4'])
    expect(called).toEqual(['1', '2', '3'])
    expect(sent.at(-1)).toMatchObject({ ends: [{ id: '3' }] })
    await turn()
    expect(called).toEqual(['1', '2', '3', '4'])
    clock.mockRestore()
  })

  test.each([1, 50])('gives the event loop away after 64 tasks, with %d slots', async (slots) => {
    const clock = vi.spyOn(performance, 'now').mockReturnValue(0)
    const { called, give } = setUpShort({ slots, sharesTurns: true })
    give(Array.from({ length: 100 }, (_, n) => String(n)))
    expect(called).toHaveLength(64)
    await turn()
    expect(called).toHaveLength(100)
    clock.mockRestore()
  })

  describe('with leftovers', () => {
    /** A runner whose jobs call a function, the first of which leaves something behind unless `leaves` is false. */
    async function afterFirst({ leaves = true } = {}) {
      let active = 1
      let loading: Promise<unknown> | undefined
      let func: () => unknown = () => undefined
      const exposed: FromHorse[] = []
      const runner = new Runner({
        slots: 1,
        leftovers: new Leftovers(() => active),
        abortError: () => new Error(),
        async runTask(_, { onCall }) {
          await loading
          onCall?.()
          await func()
          return {}
        },
        send: (message) => {
          if (message.type === 'exposed') exposed.push(message)
        },
      })
      const run = async (id: string, job: () => unknown, loaded?: Promise<unknown>) => {
        func = job
        loading = loaded
        runner.receive({ type: 'tasks', tasks: [task(id)] })
        await turn()
      }
      await run('1', () => {
        if (leaves) active++
      })
      /** Give tasks together, of which the first one ends at once, and the others do not. */
      const give = (first: string, ...others: string[]) => {
        func = () => {
          func = () => new Promise(() => {})
        }
        runner.receive({ type: 'tasks', tasks: [first, ...others].map(task) })
      }
      return { exposed, give, run }
    }

    test('says that a task has given the event loop away, before anything else runs', async () => {
      const { exposed, run } = await afterFirst()
      let before: number | undefined
      setImmediate(() => {
        before = exposed.length
      })
      await run('2', () => new Promise(() => {}))
      expect(before).toBe(1)
      expect(exposed).toEqual([{ type: 'exposed', id: '2', earlierJobs: ['1'] }])
    })

    test('says nothing of a task that ends without giving it away', async () => {
      const { exposed, run } = await afterFirst()
      await run('2', async () => {
        for (let n = 0; n < 10; n++) await n
      })
      expect(exposed).toEqual([])
    })

    test('says that a function is called after the task has waited for it', async () => {
      const { exposed, run } = await afterFirst()
      let before: FromHorse | undefined
      const func = () => {
        before = exposed.at(-1)
        return new Promise(() => {})
      }
      await run('2', func, turn())
      expect(before).toEqual({ type: 'exposed', id: '2' })
      const waits = { type: 'exposed', id: '2', earlierJobs: ['1'] }
      expect(exposed).toEqual([waits, before, waits])
    })

    test('says it a little later of a task that follows another one at once', async () => {
      const { exposed, give } = await afterFirst({ leaves: false })
      using _ = vi.spyOn(performance, 'now').mockReturnValue(performance.now())
      give('2', '3')
      await vi.waitFor(() => expect(exposed).toEqual([{ type: 'exposed', id: '3', earlierJobs: ['2'] }]))
    })

    test('says nothing when no job left anything behind', async () => {
      const { exposed, run } = await afterFirst({ leaves: false })
      await run('2', () => new Promise(() => {}))
      expect(exposed).toEqual([])
    })
  })

  test('a task runner that throws ends the task as raised', async () => {
    const sent: FromHorse[] = []
    const runner = new Runner({
      slots: 1,
      runTask: () => Promise.reject(new Error('a bug')),
      abortError: () => new Error(),
      send: (message) => sent.push(message),
    })
    runner.receive({ type: 'tasks', tasks: [task('1')] })
    await turn()
    expect(sent.at(-1)).toMatchObject({ ends: [{ id: '1', outcome: { kind: 'raised' } }] })
  })
})
