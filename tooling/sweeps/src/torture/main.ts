import { MINUTE_MS } from '@rq/core'
import { isWell, reportText } from './report.ts'
import { torture } from './torture.ts'

/**
 * `pnpm torture [minutes] [seed]`: prints a report. Exits with 0 only if no job was lost, and none ran without reason.
 */
const [minutes = '10', seedText = String(Date.now() % 1_000_000)] = process.argv.slice(2)
const ms = Number(minutes) * MINUTE_MS
const seed = Number(seedText)

if (!(ms > 0) || !Number.isInteger(seed)) {
  process.stderr.write('Usage: pnpm torture [minutes] [seed]\n')
  process.exitCode = 2
} else {
  process.stdout.write(`${minutes} minutes of torture, seed ${seed}\n`)
  const report = await torture({ ms, seed })
  process.stdout.write(`\n${reportText(report)}\n`)
  process.exitCode = isWell(report) ? 0 : 1
}
