import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** @typedef {{ path: string, version: string }} Python An interpreter that has RQ, and RQ's version: `1.13.0`. */

/**
 * The first interpreter that has RQ: that of `RQ_PYTHON`, the system's own, any `python3` on the PATH.
 * @returns {Promise<Python | undefined>}
 */
export async function findPython() {
  for (const path of [process.env.RQ_PYTHON, '/usr/bin/python3', 'python3']) {
    if (path === undefined || path === '') continue
    try {
      const { stdout } = await run(path, ['-c', 'import rq; print(rq.VERSION)'])
      return { path, version: stdout.trim() }
    } catch {
      // It does not exist, or has no RQ.
    }
  }
  return undefined
}

/** The package brings no server, and starts nothing. */
const APT = `
set -e
apt-get update -qq || true
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-rq python3-redis > /dev/null
`

/**
 * Like `findPython`, but in CI, where system packages can be installed, it installs RQ first if it is missing.
 * @param {(line: string) => void} [say]
 * @returns {Promise<Python | undefined>}
 */
export async function acquirePython(say = (line) => process.stderr.write(`${line}\n`)) {
  const found = await findPython()
  if (found !== undefined || !process.env.CI || process.getuid?.() !== 0) return found
  try {
    await run('sh', ['-c', `command -v apt-get > /dev/null && ${APT.trim()}`])
  } catch (error) {
    say(`Python RQ could not be installed: ${error instanceof Error ? error.message.split('\n').at(-2) : error}`)
  }
  return findPython()
}
