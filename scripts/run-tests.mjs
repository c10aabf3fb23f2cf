import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run, tool } from './run.mjs'
import { QUICK } from './test-projects.mjs'
import { summarize } from './test-report.mjs'

/**
 * Run the tests with their output visible. With `RQ_TEST=all` everything runs: all projects, whole sweeps, more random
 * sequences.
 * @returns {Promise<import('./test-report.mjs').Summary>}
 */
export async function runTests() {
  const folder = await mkdtemp(join(tmpdir(), 'rq-vitest-'))
  const report = join(folder, 'report.json')
  const projects = process.env.RQ_TEST === 'all' ? [] : QUICK.map((name) => `--project=${name}`)
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile=${report}`]
  const { ok } = await run(tool('vitest', 'run', ...projects, ...reporters), { show: true })
  const json = await readFile(report, 'utf8').catch(() => '{}')
  await rm(folder, { recursive: true, force: true })
  return summarize(json, ok)
}
