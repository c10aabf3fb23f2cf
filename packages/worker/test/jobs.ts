/** Job functions for tests, written into a folder that horses import from. */
export const JOBS = `
import { spawn } from 'node:child_process'
import { appendFileSync, closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { threadId as thread } from 'node:worker_threads'

// In a work horse: let what Node prints of a fatal error go nowhere, instead of into the output of the tests.
const hush = () => { if (process.title.startsWith('rq horse')) { closeSync(2); openSync('/dev/null', 'a') } }

export const add = (a, b) => a + b
export const double = async (x) => x * 2
export const fail = (message) => { throw new Error(message) }
export const throwNull = () => { throw null }
const trap = () => { throw new Error('a trap') }
export const throwHostile = (kind) => {
  if (kind === 'proxy') throw new Proxy({}, { get: trap, has: trap, getPrototypeOf: trap, ownKeys: trap })
  if (kind === 'getter') throw Object.defineProperties(new Error('x'), { message: { get: trap }, stack: { get: trap }, name: { get: trap } })
  if (kind === 'symbol') throw Symbol('x')
  if (kind === 'circular') { const error = new Error('circular'); error.cause = error; throw error }
  throw new Error('x'.repeat(20_000_000))
}
export const returnHostile = (kind) => {
  if (kind === 'proxy') return new Proxy({}, { get: trap, has: trap, getPrototypeOf: trap, ownKeys: trap })
  if (kind === 'thenable') return { get then() { throw new Error('a trap') } }
  return () => {}
}
export const pid = () => process.pid
export const threadId = () => thread
const kept = []
export const keep = (bytes) => { kept.push(new Uint8Array(bytes).fill(1)); return thread }
export const cwd = () => process.cwd()
export const title = () => process.title
export const spin = () => { for (;;); }
export const spinNoted = (file) => { writeFileSync(file, String(process.pid)); for (;;); }
export const isGone = (file) => {
  try { process.kill(Number(readFileSync(file, 'utf8')), 0) } catch { return true }
  return false
}
// Blocks the event loop as a computation does, without a core of the machine that runs the tests.
export const blockFor = (ms) => { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms); return ms }
export const wait = async (ms) => { await delay(ms); return ms }
// Until the test makes the file, or has failed: no test waits for longer than a minute.
const MOST_MS = 60_000
export const blockUntil = (file) => { for (let ms = 0; !existsSync(file) && ms < MOST_MS; ms += 5) blockFor(5); return 'done' }
export const waitUntil = async (file) => { for (let ms = 0; !existsSync(file) && ms < MOST_MS; ms += 5) await delay(5); return 'done' }
export const never = () => new Promise(() => {})
export const exit = (code) => process.exit(code)
export const kill = (signal) => { process.kill(process.pid, signal); return new Promise(() => {}) }
export const heap = () => { hush(); const all = []; for (;;) all.push(new Array(1e6).fill(1.5)) }
export const rejectAside = () => { hush(); void Promise.reject(new Error('nobody caught this')); return new Promise(() => {}) }
export const throwLater = () => { hush(); setTimeout(() => { throw new Error('thrown later') }, 20); return 'fine' }
export const blockAfterwards = (file) => { setTimeout(() => { mark(file, 'blocked'); blockFor(600_000) }, 20); return 'fine' }
// Strikes when the file exists, long after this job has ended.
export const leaveBehind = (kind, file) => {
  hush()
  const timer = setInterval(() => {
    if (!existsSync(file)) return
    clearInterval(timer)
    if (kind === 'throw') throw new Error('left behind')
    if (kind === 'reject') void Promise.reject(new Error('left behind'))
    if (kind === 'exit') process.exit(0)
    if (kind === 'block') { mark(file + '.blocked', ''); blockFor(600_000) }
  }, 5)
  return 'fine'
}
export const markFirstThenWait = async (file) => {
  if (existsSync(file)) return 'second'
  writeFileSync(file, 'first')
  await new Promise(() => {})
}
export const markThenWaitThenBlock = async (file) => {
  mark(file, String(process.pid))
  await delay(1)
  mark(file + '.blocked', '')
  blockFor(600_000)
}
export const changeProcess = async (file) => {
  process.env.ADDED = 'by a job'
  process.env.TZ = 'Asia/Tokyo'
  delete process.env.HOME
  process.umask(0)
  process.title = 'changed'
  process.chdir('/')
  await import(file)
}
export const processState = () => {
  const { ADDED, HOME, LOADED, TZ } = process.env
  return [ADDED, HOME, TZ, new Date(0).getHours(), process.umask(), process.title, process.cwd(), LOADED].map(String)
}
export const chdir = (to) => { process.chdir(to); return process.cwd() }
export const big = (n) => 'x'.repeat(n)
export const print = (text) => { console.log(text); return text }
export const mark = (file, text) => { appendFileSync(file, text + '\\n'); return text }
export const markThenBlockFor = (file, ms) => { mark(file, String(process.pid)); return blockFor(ms) }
export const spawnChild = (file) => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
  writeFileSync(file, String(child.pid))
  for (;;);
}
export const setApart = (file) => {
  // In a session and a group of its own; it ends by itself, should nobody end it.
  const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)'], { stdio: 'ignore', detached: true })
  writeFileSync(file, String(child.pid))
  for (;;);
}
export const markFirstThenSpin = (file) => {
  if (existsSync(file)) return 'second'
  writeFileSync(file, 'first')
  for (;;);
}
export const writePidAndSpin = (file) => { writeFileSync(file, String(process.pid)); for (;;); }
export const writePidAndWait = async (file) => { writeFileSync(file, String(process.pid)); await new Promise(() => {}) }
`
