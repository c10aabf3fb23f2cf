import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pnpm, ROOT, run, step, tool } from './run.mjs'
import { runTests } from './run-tests.mjs'

/**
 * The gate, cheapest first. `again`: how to run the step alone.
 * @type {readonly { name: string, again: string, work: () => Promise<{ ok: boolean, output: string }> }[]}
 */
const STEPS = [
  { name: 'lint', again: 'pnpm lint (pnpm fix repairs what it can)', work: () => run(tool('biome', 'check', '.')) },
  { name: 'types', again: 'pnpm types', work: () => run(pnpm('run', 'types')) },
  { name: 'boundaries', again: 'pnpm boundaries', work: () => run(pnpm('run', 'boundaries')) },
  { name: 'unused', again: 'pnpm unused', work: () => run(tool('knip')) },
  ...(hasScript('gen:lua')
    ? [{ name: 'lua', again: 'pnpm gen:lua', work: () => run(pnpm('run', 'gen:lua', '--check')) }]
    : []),
  { name: 'build', again: 'pnpm build', work: () => run(pnpm('run', 'build')) },
  { name: 'packages', again: 'pnpm build && pnpm lint:packages', work: () => run(pnpm('run', 'lint:packages')) },
  { name: 'tests', again: 'pnpm test:unit', work: runTests },
]

/** @returns {Promise<boolean>} whether all is well */
export async function check() {
  for (const { name, again, work } of STEPS) {
    const { ok, output } = await step(name, work)
    if (ok) continue
    if (output !== '') console.error(`\n${output.trimEnd()}`)
    console.error(`\n${name} failed. Again, alone: ${again}`)
    return false
  }
  return true
}

/** @param {string} name */
function hasScript(name) {
  return name in JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).scripts
}

if (import.meta.filename === process.argv[1]) process.exitCode = (await check()) ? 0 : 1
