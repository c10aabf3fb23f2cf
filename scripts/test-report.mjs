import { relative } from 'node:path'
import { ROOT } from './run.mjs'
import { projectOf } from './test-projects.mjs'

/**
 * @typedef {object} FileReport One test file in Vitest's JSON report. Times in ms.
 * @property {string} name
 * @property {'passed' | 'failed'} status
 * @property {number} startTime
 * @property {number} endTime
 * @property {readonly { status: string }[]} assertionResults
 *
 * @typedef {object} Summary
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 * @property {readonly string[]} lines What to print: the time of each project, and the files that did not end.
 */

/**
 * Read Vitest's JSON report. A file that could not be loaded counts as one failure, and so does each test that never
 * ended because its process died. If Vitest failed and no test did (an unhandled rejection), that is one failure.
 * @param {string} json
 * @param {boolean} ok Whether Vitest ended with 0.
 * @returns {Summary}
 */
export function summarize(json, ok) {
  /** @type {{ testResults?: readonly FileReport[] }} */
  const { testResults = [] } = JSON.parse(json)
  const files = testResults.map(readFileReport)
  const sum = (/** @type {'passed' | 'failed' | 'skipped'} */ what) =>
    files.reduce((total, one) => total + one[what], 0)
  const unended = files.filter(({ hasEnded }) => !hasEnded)
  return {
    passed: sum('passed'),
    failed: Math.max(sum('failed'), ok ? 0 : 1),
    skipped: sum('skipped'),
    lines: [
      ...projectLines(files),
      ...unended.map(({ name }) => `DIED ${name}: its process ended before its tests did`),
    ],
  }
}

/** @param {FileReport} file */
function readFileReport({ name, status, startTime, endTime, assertionResults }) {
  const count = (/** @type {readonly string[]} */ ...statuses) =>
    assertionResults.filter((one) => statuses.includes(one.status)).length
  const [passed, failed, skipped] = [count('passed'), count('failed'), count('skipped', 'todo', 'disabled')]
  // Vitest reports "passed" for a file whose process died: its tests are pending, or there are none.
  const pending = assertionResults.length - passed - failed - skipped
  const isEmpty = assertionResults.length === 0
  const isBroken = failed === 0 && pending === 0 && (isEmpty || status === 'failed')
  return {
    name: relative(ROOT, name),
    project: projectOf(name),
    passed,
    failed: failed + pending + (isBroken ? 1 : 0),
    skipped,
    hasEnded: pending === 0 && !(isEmpty && status === 'passed'),
    startMs: startTime,
    endMs: endTime,
  }
}

/**
 * One line for each project: the time from its first test to its last, and the sum over its files, which run in
 * parallel.
 * @param {readonly ReturnType<typeof readFileReport>[]} files
 * @returns {string[]}
 */
function projectLines(files) {
  const names = [...new Set(files.map(({ project }) => project))]
  return names.map((name) => {
    const own = files.filter(({ project }) => project === name)
    const wallMs = Math.max(...own.map(({ endMs }) => endMs)) - Math.min(...own.map(({ startMs }) => startMs))
    const sumMs = own.reduce((total, { startMs, endMs }) => total + endMs - startMs, 0)
    const tests = own.reduce((total, { passed, failed, skipped }) => total + passed + failed + skipped, 0)
    const seconds = (/** @type {number} */ ms) => `${(ms / 1000).toFixed(1).padStart(6)} s`
    return `     ${name.padEnd(12)} ${seconds(wallMs)}  ${tests} tests in ${own.length} files, ${seconds(sumMs).trim()} together`
  })
}

/**
 * The last line of every run, which CI reads: `12 passed, 0 failed`.
 * @param {{ passed: number, failed: number, skipped: number }} counts
 */
export function closingLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}
