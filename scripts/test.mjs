import { check } from './check.mjs'
import { acquirePython } from './python.mjs'
import { acquireRedis } from './redis.mjs'
import { pnpm, run, step } from './run.mjs'

/**
 * Get all that the tests need, then run the gate and the tests. Works in a fresh clone. Argument: `--all` for all
 * tests, like `RQ_TEST=all` in the environment.
 * @returns {Promise<boolean>} whether all is well
 */
async function test() {
  if (process.argv.includes('--all')) process.env.RQ_TEST = 'all'
  const { ok, output } = await step('install', () => run(pnpm('install')))
  if (!ok) throw new Error(output)
  console.log(`     redis: ${await acquireRedis()}`)
  if (process.env.RQ_TEST === 'all') {
    const python = await acquirePython()
    const rq = python === undefined ? 'none, so its tests are skipped' : `${python.version} (${python.path})`
    console.log(`     Python RQ: ${rq}`)
  }
  return check()
}

try {
  process.exitCode = (await test()) ? 0 : 1
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  console.log('0 passed, 1 failed')
  process.exitCode = 1
}
