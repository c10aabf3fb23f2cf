import { describe, expect, test } from 'vitest'
import { isWell, reportText } from './report.ts'
import type { TortureReport } from './torture.ts'

const WELL: TortureReport = {
  ...{ acknowledged: 2, done: 1, lost: [], parked: ['job'], parkedWrongly: [], unexplained: [], recoveriesMs: [] },
  again: { 'its worker died': 1, 'its work horse died': 0, 'its lease was lost': 0, 'it was enqueued again': 0 },
  ...{ faults: new Map(), failed: [], violations: [], complaints: [] },
}

describe('isWell', () => {
  test('takes explained second runs, and jobs that were parked for a reason, for well', () => {
    expect(isWell(WELL)).toBe(true)
  })

  test.each(['complaints', 'failed', 'lost', 'parkedWrongly', 'unexplained', 'violations'] as const)(
    'does not when there are %s, and the text tells them',
    (name) => {
      const report = { ...WELL, [name]: ['what happened to job 7'] }
      expect(isWell(report)).toBe(false)
      expect(reportText(report)).toContain('what happened to job 7')
    },
  )
})
