import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { getCurrentJob } from 'rq'

/** The functions of the tables, and others that take their place. JavaScript, so that work horses can load them too. */

export const f = (x, y) => x + y
export const g = (x) => x
export const send = (to) => `sent to ${to}`

export function fail() {
  throw new Error('out of paper')
}

/** For `retry: { on }`. */
export const never = () => false

/** Ends only by its signal, with its reason. */
export async function untilStopped() {
  const signal = getCurrentJob()?.signal
  await new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
}

/** Adds a line to a file, so that a test sees the order of runs in any process. */
export function note(file, text) {
  appendFileSync(file, `${text}\n`)
}

/** What `record` was called with, in this process: a worker may load a module of its own. */
globalThis.rqDocsCalls ??= []
export const calls = globalThis.rqDocsCalls

export function record(...args) {
  calls.push(args)
  return 'recorded'
}

/** Fails as a job, and not as a callback: those get a job first. */
export function recordOrFail(...args) {
  record(...args)
  if (typeof args[0] === 'number') fail()
}

export const all = (...args) => args

export const pid = () => process.pid

export const print = (text) => process.stdout.write(`${text}\n`)

const linesOf = (file) => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').length - 1 : 0)

/** Ends when so many jobs have begun. */
export async function meet(file, count) {
  note(file, 'here')
  while (linesOf(file) < count) await delay(10)
}

/** Fails in its first run. */
export function failOnce(file) {
  note(file, 'run')
  if (linesOf(file) === 1) throw new Error('not the first time')
}

/** Never ends, except in its second run. */
export async function endSecondRun(file) {
  note(file, 'run')
  if (linesOf(file) === 1) await delay(600_000)
  return 'second'
}

/** Blocks the event loop until the test makes the file. Notes in `begun` that it does. */
export function blockUntil(file, begun) {
  note(begun, 'begun')
  while (!existsSync(file)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)
}
