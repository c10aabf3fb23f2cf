import { spawn } from 'node:child_process'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('..', import.meta.url))

/**
 * @typedef {object} Ended
 * @property {boolean} ok
 * @property {string} output All its output; empty if it wrote to our own terminal.
 * @property {string} stdout
 */

/**
 * Run a command in the workspace to its end.
 * @param {readonly [string, ...string[]]} command
 * @param {{ show?: boolean, cwd?: string, signal?: AbortSignal }} [options] `show`: let it write to our stdout and
 *   stderr. `signal`: ends it.
 * @returns {Promise<Ended>}
 */
export async function run([file, ...args], { show = false, cwd = ROOT, signal } = {}) {
  const output = show ? 'inherit' : 'pipe'
  const child = spawn(file, args, { cwd, stdio: ['ignore', output, output], ...(signal && { signal }) })
  let written = ''
  let stdout = ''
  child.stdout?.setEncoding('utf8').on('data', (text) => {
    written += text
    stdout += text
  })
  child.stderr?.setEncoding('utf8').on('data', (text) => {
    written += text
  })
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ ok: false, output: String(error), stdout }))
    child.once('close', (code) => resolve({ ok: code === 0, output: written, stdout }))
  })
}

/**
 * The command line of the pnpm that runs this script; if another tool runs it, of a pnpm from npx.
 * @param {...string} args
 * @returns {[string, ...string[]]}
 */
export function pnpm(...args) {
  const running = process.env.npm_execpath ?? ''
  if (!/^pnpm?(\.|$)/.test(basename(running))) return ['npx', '--yes', 'pnpm@12', ...args]
  return /\.[cm]?js$/.test(running) ? [process.execPath, running, ...args] : [running, ...args]
}

/**
 * The command line of a tool that this workspace depends on.
 * @param {string} name
 * @param {...string} args
 * @returns {[string, ...string[]]}
 */
export function tool(name, ...args) {
  return [join(ROOT, 'node_modules', '.bin', name), ...args]
}

/**
 * Run a step, and print its name, its result and its time in one line.
 * @template {{ ok: boolean }} T
 * @param {string} name
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function step(name, work) {
  const started = performance.now()
  if (process.stdout.isTTY) process.stdout.write(`     ${name} ...\r`)
  const ended = await work()
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  console.log(`${ended.ok ? 'ok  ' : 'FAIL'} ${name.padEnd(12)} ${seconds.padStart(6)} s`)
  return ended
}
