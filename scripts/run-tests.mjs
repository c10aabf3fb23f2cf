import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run, tool } from './run.mjs'

/** Run all tests, in sight, and close with the line that CI reads: `12 passed, 0 failed`. */
export async function runTests() {
  const folder = await mkdtemp(join(tmpdir(), 'rq-vitest-'))
  const report = join(folder, 'report.json')
  const { ok } = await run(tool('vitest', 'run', '--reporter=default', '--reporter=json', `--outputFile=${report}`), {
    show: true,
  })
  const summary = closingLine(await readFile(report, 'utf8').catch(() => '{}'), ok)
  await rm(folder, { recursive: true, force: true })
  console.log(summary)
  return { ok, output: '' }
}

/**
 * What failed outside of any test (a file that does not load, an unhandled rejection) counts as one failure.
 * @param {string} report vitest's JSON
 * @param {boolean} ok
 */
export function closingLine(report, ok) {
  const { numPassedTests = 0, numFailedTests = 0, numPendingTests = 0, numTodoTests = 0 } = JSON.parse(report)
  const failed = ok ? numFailedTests : Math.max(1, numFailedTests)
  const skipped = numPendingTests + numTodoTests
  return `${numPassedTests} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}
