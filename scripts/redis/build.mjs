import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
/** The project's cache of servers that it has built. */
export const CACHE = join(ROOT, '.cache', 'redis')
const VERSION = 'stable'
const LONGEST_BUILD_MS = 15 * 60_000

/**
 * The path of the server that is built into `cache`.
 * @param {string} cache
 */
export function builtServer(cache) {
  return join(cache, VERSION, 'redis-server')
}

/**
 * Build a Redis from source into `cache`, in a child process that can be killed.
 * @param {string} cache
 * @returns {Promise<string | undefined>} why it failed; undefined when it did not
 */
export async function build(cache) {
  const child = spawn(process.execPath, [fileURLToPath(new URL('compile.mjs', import.meta.url)), VERSION, cache], {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'pipe'],
    // Without npm_config_strict_ssl the library would not check the certificate of the download.
    env: { ...process.env, npm_config_strict_ssl: 'true', MAKEFLAGS: `-s -j${availableParallelism()}` },
    timeout: LONGEST_BUILD_MS,
  })
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    complaint = `${complaint}${text}`.slice(-20_000)
  })
  const [code, signal] = await once(child, 'close')
  if (code === 0) return undefined
  // A failed build leaves its lock behind, and the next try would wait two minutes for it.
  await rm(join(cache, `${VERSION}.lock`), { force: true })
  if (signal !== null) return `stopped by ${signal}`
  const lines = complaint.split('\n').map((line) => line.trim())
  return lines.find((line) => /error|couldn/i.test(line)) ?? lines[0] ?? `exit code ${code}`
}
