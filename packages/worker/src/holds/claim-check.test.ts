import { deferred, type LogFields, type Logger, silentLogger } from '@rq/core'
import { FakeClock } from '@rq/testkit'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type CanClaim, ClaimCheck } from './claim-check.ts'

let clock: FakeClock
let lines: [level: string, message: string, error?: unknown][]
let news: number
let noted: string[]

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  clock = new FakeClock()
  lines = []
  news = 0
  noted = []
})

afterEach(() => {
  vi.useRealTimers()
})

function checkOf(canClaim: unknown): ClaimCheck {
  const log = (level: string) => (message: string, fields?: LogFields) => {
    lines.push(fields?.error === undefined ? [level, message] : [level, message, fields.error])
  }
  const logger: Logger = { ...silentLogger, info: log('info'), warn: log('warn'), error: log('error') }
  return new ClaimCheck({
    queue: 'q',
    canClaim: canClaim as CanClaim,
    clock,
    logger,
    onAnswer: (answer) => void noted.push(answer ?? 'yes'),
    onNews: () => void news++,
  })
}

async function pass(ms: number): Promise<void> {
  clock.advance(ms)
  await vi.advanceTimersByTimeAsync(ms)
}

const FAILED = 'canClaim failed for the queue q: nothing is claimed from it until canClaim works again'
const WORKS = 'canClaim works again for the queue q'

describe('ClaimCheck', () => {
  test('asks for its queue, at most ten times a second while the answer is yes', async () => {
    const canClaim = vi.fn(() => true)
    const check = checkOf(canClaim)
    for (let ms = 0; ms < 1000; ms += 10) {
      expect(check.mayClaim()).toBe(true)
      await pass(10)
    }
    expect(canClaim).toHaveBeenCalledTimes(10)
    expect(canClaim).toHaveBeenCalledWith('q')
  })

  test('asks once a second while the answer is no, and says when it is time', async () => {
    const canClaim = vi.fn(() => false)
    const check = checkOf(canClaim)
    for (let ms = 0; ms < 3000; ms += 10) {
      expect(check.mayClaim()).toBe(false)
      await pass(10)
    }
    expect([canClaim.mock.calls.length, news, noted]).toEqual([3, 3, ['no', 'no', 'no']])
    expect(lines).toEqual([])
  })

  test('asks anew after a pause, whatever the last answer was', async () => {
    let answer = true
    const check = checkOf(() => answer)
    expect(check.mayClaim()).toBe(true)
    answer = false
    await pass(100)
    expect(check.mayClaim()).toBe(false)
    answer = true
    await pass(1000)
    expect(check.mayClaim()).toBe(true)
  })

  test('claims nothing before a promise has said yes, and says that it has', async () => {
    const { promise, resolve } = deferred<boolean>()
    const canClaim = vi.fn(() => promise)
    const check = checkOf(canClaim)
    expect([check.mayClaim(), check.mayClaim()]).toEqual([false, false])
    resolve(true)
    await pass(0)
    expect([check.mayClaim(), news, canClaim.mock.calls.length]).toEqual([true, 1, 1])
  })

  test('a yes counts for a second while the next answer is awaited, and no longer', async () => {
    const slow = deferred<boolean>()
    const answers = [Promise.resolve(true), slow.promise]
    const check = checkOf(() => answers.shift())
    check.mayClaim()
    await pass(0)
    await pass(100)
    expect(check.mayClaim()).toBe(true)
    await pass(800)
    expect(check.mayClaim()).toBe(true)
    await pass(100)
    expect(check.mayClaim()).toBe(false)
    slow.resolve(true)
    await pass(0)
    expect(check.mayClaim()).toBe(true)
  })

  test('nothing is claimed while it throws, rejects or returns something else, and the log says so once', async () => {
    const answers = [
      () => {
        throw new Error('redis://me:secret@host is down')
      },
      () => Promise.reject(new Error('still down')),
      () => undefined,
      () => Promise.resolve('yes'),
      () => true,
    ]
    const check = checkOf(() => answers.shift()?.())
    for (let asked = 0; asked < 4; asked++) {
      expect(check.mayClaim()).toBe(false)
      await pass(0)
      expect(check.mayClaim()).toBe(false)
      await pass(1000)
    }
    expect(check.mayClaim()).toBe(true)
    expect(lines).toEqual([
      ['error', FAILED, 'redis://***@host is down'],
      ['info', WORKS],
    ])
    expect(noted).toEqual([...Array(4).fill('failed'), 'yes'])
  })

  test('one that never answers has failed after 10 s, and is asked again', async () => {
    const never = deferred<boolean>()
    const answers = [never.promise, Promise.resolve(true)]
    const check = checkOf(() => answers.shift())
    check.mayClaim()
    await pass(9999)
    expect([check.mayClaim(), lines]).toEqual([false, []])
    await pass(1)
    expect([lines, news, noted]).toEqual([[['error', FAILED, 'no answer for 10 s']], 1, ['failed']])
    // Too late to count.
    never.resolve(true)
    await pass(0)
    expect(check.mayClaim()).toBe(false)
    await pass(1000)
    check.mayClaim()
    await pass(0)
    expect([check.mayClaim(), lines.at(-1)]).toEqual([true, ['info', WORKS]])
  })

  test('a hostile error is no harm', () => {
    const trap = () => {
      throw new Error('a trap')
    }
    const check = checkOf(() => {
      throw new Proxy({}, { get: trap, has: trap, getPrototypeOf: trap, ownKeys: trap })
    })
    expect(check.mayClaim()).toBe(false)
    expect(lines).toHaveLength(1)
  })

  test('once it is stopped, it asks nothing and calls nobody', async () => {
    const canClaim = vi.fn(() => new Promise<boolean>((resolve) => setTimeout(() => resolve(true), 50)))
    const check = checkOf(canClaim)
    check.mayClaim()
    check.stop()
    await pass(20_000)
    expect([check.mayClaim(), canClaim.mock.calls.length, news, lines]).toEqual([false, 1, 0, []])
  })
})
