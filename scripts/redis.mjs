import { findOnPath, readBinary } from './redis/binary.mjs'
import { build, builtServer, CACHE } from './redis/build.mjs'
import { consents, findInstaller, install } from './redis/install.mjs'

export { startServer } from './redis/server.mjs'

/**
 * The path of a Redis (>= 7.0) or Valkey (>= 7.2) server: from the PATH, from the project's cache, by the system's
 * package manager (asks first on a terminal), or built from source into the cache. Progress goes to `say`.
 * @param {(line: string) => void} [say]
 * @param {string} [cache] Default the project's own.
 * @returns {Promise<string>}
 * @throws Error that says in one line what to install.
 */
export async function acquireRedis(say = (line) => process.stderr.write(`${line}\n`), cache = CACHE) {
  const onPath = await findOnPath()
  if (onPath?.usable) return onPath.path
  const built = await readBinary(builtServer(cache))
  if (built?.usable) return built.path

  const missing = onPath === undefined ? 'No Redis on the PATH.' : `${onPath.path} is ${onPath.version}: too old.`
  const installer = await findInstaller()
  if (installer !== undefined && (await consents(`${missing} Install one with ${installer.name}?`))) {
    say(`${missing} Installing one with ${installer.name} ...`)
    const complaint = await install(installer)
    const installed = await findOnPath()
    if (installed?.usable) return installed.path
    say(complaint ?? `${installer.name} brought no Redis that is new enough.`)
  }

  say(`${installer === undefined ? `${missing} ` : ''}Building Redis from source into .cache/redis (some minutes) ...`)
  const failure = await build(cache)
  if (failure === undefined) return builtServer(cache)
  throw new Error(
    `rq needs Redis >= 7.0 or Valkey >= 7.2 and could not get one (${failure}): install redis-server or valkey-server, put it on the PATH, and run this again.`,
  )
}
