import { expect, test } from 'vitest'
import { isWell, reportText } from '../src/torture/report.ts'
import { torture } from '../src/torture/torture.ts'

const MS = 15_000
const SEED = 4

test('fifteen seconds of torture: nothing is lost, nothing runs twice without a reason', {
  timeout: 180_000,
}, async () => {
  const report = await torture({ ms: MS, seed: SEED, workers: 2, producers: 2 })
  expect(isWell(report), reportText(report)).toBe(true)
  expect(report.acknowledged).toBeGreaterThan(30)
  expect(report.faults.size).toBeGreaterThan(5)
})
