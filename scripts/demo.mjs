import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { acquireRedis, startServer } from './redis.mjs'
import { pnpm, ROOT, run, step } from './run.mjs'

const EXAMPLE = join(ROOT, 'examples', 'count-words')

/**
 * Run the main job on real input. Works in a fresh clone.
 * @param {AbortSignal} signal
 * @returns {Promise<boolean>} whether every count was right
 */
async function demo(signal) {
  for (const [name, command] of /** @type {const} */ ([
    ['install', pnpm('install')],
    ['build', pnpm('run', 'build', '--filter=example-count-words')],
  ])) {
    const { ok, output } = await step(name, () => run(command, { signal }))
    signal.throwIfAborted()
    if (!ok) throw new Error(output)
  }
  // The example names its functions by their path below the working directory.
  process.chdir(EXAMPLE)
  const { runDemo } = await import(pathToFileURL(join(EXAMPLE, 'dist', 'demo.js')).href)
  const given = process.env.RQ_REDIS_URL
  if (given) {
    console.log('Using the Redis of RQ_REDIS_URL.\n')
    return runDemo({ redisUrl: given, prefix: `rq-demo-${randomBytes(4).toString('hex')}:`, signal })
  }
  const server = await startServer(await acquireRedis(console.log))
  try {
    console.log(`Redis of our own: ${server.url}, until the end of this demo.\n`)
    signal.throwIfAborted()
    return await runDemo({ redisUrl: server.url, prefix: 'rq:', signal })
  } finally {
    await server.stop()
  }
}

const end = new AbortController()
for (const name of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.once(name, () => end.abort(new Error(`Ended by ${name}.`)))
}
try {
  process.exitCode = (await demo(end.signal)) ? 0 : 1
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = end.signal.aborted ? 130 : 1
}
