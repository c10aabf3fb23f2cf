import { eventually } from '@rq/testkit'
import { expect, test } from 'vitest'
import { fixture } from './fixture.ts'
import { nextEvent } from './running.ts'

const JOBS = `
import { writeSync } from 'node:fs'
import { getCurrentJob } from '@rq/queue'

const wait = new Int32Array(new SharedArrayBuffer(4))

function write(text) {
  let rest = Buffer.from(text)
  while (rest.length > 0) {
    try { rest = rest.subarray(writeSync(4, rest)) } catch (error) {
      if (error.code !== 'EAGAIN') throw error
      Atomics.wait(wait, 0, 0, 1)
    }
  }
}

const aboutMe = async (text) => text.replaceAll('EX', (await getCurrentJob().getExecutions())[0].id)

/** Writes what it is given into the pipe, with EX for its execution, and never ends by itself. */
export async function tell(text) {
  write(await aboutMe(text))
  return new Promise(() => {})
}
export function tellMuch(megabytes) {
  const megabyte = 'x'.repeat(1e6)
  for (let n = 0; n < megabytes; n++) write(megabyte)
  return new Promise(() => {})
}
/** Takes its time limit away, and computes on. */
export async function tellAndSpin(text) {
  write(await aboutMe(text))
  for (;;);
}
export const add = (a, b) => a + b
`

const end = (outcome: object) => `${JSON.stringify({ type: 'progress', ends: [{ id: 'EX', tookMs: 1, outcome }] })}\n`
const TIMES = { startedAtMs: 1, endedAtMs: 2 }

/** What a job writes, and what is said to be wrong with it. */
const LIES: readonly (readonly [string, RegExp])[] = [
  ['Hello?\n', /no JSON, and begins with "Hello\?"/],
  [end({ kind: 'returned', ...TIMES, startedAtMs: 'abc' }), /startedAtMs is "abc"/],
  ['>\tEX\t1e300\t1e300\t1\t="v"\n', /not a progress line/],
  [end({ kind: 'bogus', ...TIMES }), /kind is "bogus"/],
]

test('a job that writes into the pipe of its horse fails, and nothing else stops', async () => {
  await using ctx = await fixture({ 'pipe.js': JOBS }, { packages: ['@rq/queue'] })
  const { store } = ctx
  const liars = LIES.map(([text]) => store.enqueue('./pipe#tell', { args: [text] }))
  const spinning = '{"type":"exposed","id":"EX"}\n{"type":"phase","id":"EX","phase":"function","timeoutS":-1}\n'
  const spins = store.enqueue('./pipe#tellAndSpin', { args: [spinning] })
  const others = Array.from({ length: 20 }, (_, n) => store.enqueue('./pipe#add', { args: [n, 1] }))
  const worker = ctx.worker({ concurrency: 2 })
  const working = worker.work()
  await eventually(() => {
    for (const id of [...liars, ...others, spins]) expect(store.status(id)).not.toMatch(/queued|started/)
  })
  for (const [n, [, why]] of LIES.entries()) {
    const text = store.latest(liars[n] ?? '')?.excString
    expect(text).toMatch(/^Only rq itself may write to file descriptor 4 .*\nInvalidMessageError: /)
    expect(text).toMatch(why)
  }
  expect(store.latest(spins)?.excString).toMatch(/phase is "function"/)
  expect(others.map((id) => store.value(id))).toEqual(others.map((_, n) => n + 1))

  // A warm stop ends while such a job runs.
  const last = store.enqueue('./pipe#tell', { args: [''], timeoutS: 1 })
  await nextEvent(worker, 'job:started')
  await worker.stop()
  await working
  expect(store.status(last)).toBe('failed')
})

test('what a job writes without an end fills no memory', async () => {
  await using ctx = await fixture({ 'pipe.js': JOBS }, { packages: ['@rq/queue'] })
  const id = ctx.store.enqueue('./pipe#tellMuch', { args: [300] })
  const other = ctx.store.enqueue('./pipe#add', { args: [1, 2] })
  const before = process.memoryUsage.rss()
  let most = before
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss())
  }, 5)
  await ctx.worker().work({ burst: true })
  clearInterval(timer)
  expect(ctx.store.latest(id)?.excString).toMatch(
    /too large.*\nRqError \[RQ_TOO_LARGE\]: The work-horse sent its worker too long a message: it has more than 67108864/,
  )
  expect(ctx.store.value(other)).toBe(3)
  expect(most - before).toBeLessThan(250e6)
})
