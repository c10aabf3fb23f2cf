import { execFile } from 'node:child_process'
import { access, constants } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The oldest versions that rq supports: Redis 7.0 introduced script flags, and these Valkey versions have them. */
const OLDEST = /** @type {const} */ ({ redis: [7, 0], valkey: [7, 2] })
const NAMES = ['redis-server', 'valkey-server']

/**
 * @typedef {object} Binary
 * @property {string} path
 * @property {keyof typeof OLDEST} kind
 * @property {string} version
 * @property {boolean} usable New enough for rq.
 */

/**
 * The first usable server on the PATH, else the first one that is too old, else undefined.
 * @returns {Promise<Binary | undefined>}
 */
export async function findOnPath() {
  /** @type {Binary | undefined} */
  let tooOld
  for (const name of NAMES) {
    for (const folder of (process.env.PATH ?? '').split(delimiter)) {
      const binary = await readBinary(join(folder, name))
      if (binary?.usable) return binary
      tooOld ??= binary
    }
  }
  return tooOld
}

/**
 * The kind and version of the server at `path`; undefined if it is no server that runs here.
 * @param {string} path
 * @returns {Promise<Binary | undefined>}
 */
export async function readBinary(path) {
  try {
    await access(path, constants.X_OK)
    const { stdout } = await run(path, ['--version'])
    return parseVersion(path, stdout)
  } catch {
    return undefined
  }
}

/**
 * @param {string} path
 * @param {string} text The output of `--version`: `Redis server v=7.0.15 sha=...`
 * @returns {Binary | undefined}
 */
export function parseVersion(path, text) {
  const match = /^(redis|valkey) server v=(\d+)\.(\d+)\.(\d+)/i.exec(text.trim())
  if (match === null) return undefined
  const kind = match[1]?.toLowerCase() === 'valkey' ? 'valkey' : 'redis'
  const [major, minor] = match.slice(2).map(Number)
  const [oldestMajor, oldestMinor] = OLDEST[kind]
  const usable = Number(major) > oldestMajor || (major === oldestMajor && Number(minor) >= oldestMinor)
  return { path, kind, version: match.slice(2).join('.'), usable }
}
