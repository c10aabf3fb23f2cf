import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
/** The project's cache of servers that were built for it. */
export const CACHE = join(ROOT, '.cache', 'redis')
const VERSION = 'stable'
const LONGEST_BUILD_MS = 15 * 60_000

/**
 * Where a server that was built into `cache` is, or would be.
 * @param {string} cache
 */
export function builtServer(cache) {
  return join(cache, VERSION, 'redis-server')
}

/**
 * Build a Redis from source into `cache`, in a child process that can be given up.
 * @param {string} cache
 * @returns {Promise<string | undefined>} why it failed; undefined when it did not
 */
export async function build(cache) {
  const child = spawn(process.execPath, [fileURLToPath(new URL('compile.mjs', import.meta.url)), VERSION, cache], {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'pipe'],
    // Without npm_config_strict_ssl the library would take the source from anyone.
    env: { ...process.env, npm_config_strict_ssl: 'true', MAKEFLAGS: `-s -j${availableParallelism()}` },
    timeout: LONGEST_BUILD_MS,
  })
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    complaint = `${complaint}${text}`.slice(-20_000)
  })
  const [code, signal] = await once(child, 'close')
  if (code === 0) return undefined
  // A build that failed leaves its lock behind, and the next try would wait two minutes for it.
  await rm(join(cache, `${VERSION}.lock`), { force: true })
  if (signal !== null) return `stopped by ${signal}`
  const lines = complaint.split('\n').map((line) => line.trim())
  return lines.find((line) => /error|couldn/i.test(line)) ?? lines[0] ?? `exit code ${code}`
}
