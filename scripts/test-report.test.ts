import { describe, expect, test } from 'vitest'
import { closingLine, summarize } from './test-report.mjs'

const file = (name: string, statuses: readonly string[], rest: object = {}) => ({
  name,
  status: 'passed',
  startTime: 1000,
  endTime: 3500,
  assertionResults: statuses.map((status) => ({ status })),
  ...rest,
})
const summaryOf = (files: readonly object[], ok = true) => summarize(JSON.stringify({ testResults: files }), ok)

describe('summarize', () => {
  test('counts tests, and says how long each project took', () => {
    const summary = summaryOf([
      file('/x/a.test.ts', ['passed', 'passed', 'skipped']),
      file('/x/b.redis.test.ts', ['passed', 'todo']),
      file('/x/c.redis.test.ts', ['passed'], { startTime: 2000, endTime: 6000 }),
    ])
    expect(summary).toMatchObject({ passed: 4, failed: 0, skipped: 2 })
    expect(summary.lines).toEqual([
      '     unit            2.5 s  3 tests in 1 files, 2.5 s together',
      '     redis           5.0 s  3 tests in 2 files, 6.5 s together',
    ])
  })

  test('counts what failed in a test, at loading, and outside of both', () => {
    const failed = { status: 'failed' }
    expect(summaryOf([file('/x/a.test.ts', ['passed', 'failed'], failed)], false)).toMatchObject({
      passed: 1,
      failed: 1,
    })
    expect(summaryOf([file('/x/a.test.ts', [], failed)], false)).toMatchObject({ passed: 0, failed: 1 })
    expect(summaryOf([file('/x/a.test.ts', ['passed'])], false)).toMatchObject({ passed: 1, failed: 1 })
    expect(summarize('{}', false)).toEqual({ passed: 0, failed: 1, skipped: 0, lines: [] })
  })

  test('counts the tests of a file whose process died as failed, and names the file', () => {
    const summary = summaryOf(
      [file('/x/a.process.test.ts', ['passed', 'pending', 'pending']), file('/x/b.process.test.ts', [])],
      false,
    )
    expect(summary).toMatchObject({ passed: 1, failed: 3 })
    expect(summary.lines.slice(1)).toEqual([
      expect.stringMatching(/^DIED .*a\.process\.test\.ts: its process ended before its tests did$/),
      expect.stringMatching(/^DIED .*b\.process\.test\.ts: /),
    ])
  })
})

test.each([
  [{ passed: 12, failed: 0, skipped: 0 }, '12 passed, 0 failed'],
  [{ passed: 3, failed: 1, skipped: 2 }, '3 passed, 1 failed, 2 skipped'],
])('closes with the line that CI reads', (counts, line) => {
  expect(closingLine(counts)).toBe(line)
})
