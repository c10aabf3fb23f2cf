import { pnpm, run, step, tool } from './run.mjs'
import { runTests } from './run-tests.mjs'
import { closingLine } from './test-report.mjs'

/**
 * @typedef {object} Step
 * @property {string} name
 * @property {string} again How to run the step alone.
 * @property {readonly [string, ...string[]]} command
 */

/** Steps that do not depend on each other and run in parallel. @type {readonly Step[]} */
const GATE = [
  { name: 'build', again: 'pnpm build', command: pnpm('run', 'build') },
  { name: 'types', again: 'pnpm types', command: pnpm('run', 'types') },
  { name: 'lint', again: 'pnpm lint (pnpm fix repairs what it can)', command: tool('biome', 'check', '.') },
  { name: 'unused', again: 'pnpm unused', command: tool('knip') },
  { name: 'boundaries', again: 'pnpm boundaries', command: pnpm('run', 'boundaries') },
  { name: 'words', again: 'pnpm words', command: pnpm('run', 'words') },
  { name: 'lua', again: 'pnpm gen:lua', command: pnpm('run', 'gen:lua', '--check') },
]

/** Needs the build; runs in parallel with the tests. @type {Step} */
const PACKAGES = {
  name: 'packages',
  again: 'pnpm build && pnpm lint:packages',
  command: pnpm('run', 'lint:packages'),
}

/** The site: the API reference from the sources, and every page, whose links must lead somewhere. @type {Step} */
const SITE = { name: 'site', again: 'pnpm site:build', command: pnpm('run', 'site:build') }

/**
 * Pass the gate, then run the tests. The last line counts tests; each failed step of the gate counts as one failure.
 * @returns {Promise<boolean>} whether all is well
 */
export async function check() {
  const failedSteps = await failuresOf(GATE)
  if (failedSteps > 0) {
    console.log(closingLine({ passed: 0, failed: failedSteps, skipped: 0 }))
    return false
  }
  const afterwards = process.env.RQ_TEST === 'all' ? [PACKAGES, SITE] : [PACKAGES]
  const [failedAfterwards, summary] = await Promise.all([failuresOf(afterwards), runTests()])
  for (const line of summary.lines) console.log(line)
  const failed = summary.failed + failedAfterwards
  if (summary.failed > 0) console.error('\nThe tests failed. Again, alone: pnpm test:run [file]')
  console.log(closingLine({ ...summary, failed }))
  return failed === 0
}

/** @param {readonly Step[]} steps */
async function failuresOf(steps) {
  const ended = await Promise.all(
    steps.map(async ({ name, again, command }) => {
      const { ok, output } = await step(name, () => run(command))
      if (!ok) console.error(`\n${output.trimEnd()}\n\n${name} failed. Again, alone: ${again}\n`)
      return ok
    }),
  )
  return ended.filter((ok) => !ok).length
}

if (import.meta.filename === process.argv[1]) process.exitCode = (await check()) ? 0 : 1
