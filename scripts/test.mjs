import { check } from './check.mjs'
import { acquirePython } from './python.mjs'
import { acquireRedis } from './redis.mjs'
import { pnpm, run, step } from './run.mjs'

/** From a fresh clone on: get what the tests need, then pass the gate. */
async function test() {
  const { ok, output } = await step('install', () => run(pnpm('install')))
  if (!ok) throw new Error(output)
  console.log(`     redis: ${await acquireRedis()}`)
  const python = await acquirePython()
  const rq = python === undefined ? 'none, so its tests are skipped' : `${python.version} (${python.path})`
  console.log(`     Python RQ: ${rq}`)
  return check()
}

try {
  process.exitCode = (await test()) ? 0 : 1
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
