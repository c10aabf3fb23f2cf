import { expect, test } from 'vitest'
import { closingLine } from './run-tests.mjs'

test.each([
  [{ numPassedTests: 12, numFailedTests: 0 }, true, '12 passed, 0 failed'],
  [{ numPassedTests: 12, numFailedTests: 2 }, false, '12 passed, 2 failed'],
  [
    { numPassedTests: 3, numFailedTests: 0, numPendingTests: 1, numTodoTests: 1 },
    true,
    '3 passed, 0 failed, 2 skipped',
  ],
])('counts tests', (report, ok, line) => {
  expect(closingLine(JSON.stringify(report), ok)).toBe(line)
})

test('counts a failure outside of any test, and a run without a report', () => {
  expect(closingLine(JSON.stringify({ numPassedTests: 5, numFailedTests: 0 }), false)).toBe('5 passed, 1 failed')
  expect(closingLine('{}', false)).toBe('0 passed, 1 failed')
})
