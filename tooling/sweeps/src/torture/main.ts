import { MINUTE_MS } from '@rq/core'
import { isWell, reportText } from './report.ts'
import { torture } from './torture.ts'

/** `pnpm torture [minutes] [seed]`: prints what came of it, and ends with 0 only when nothing was lost or done without reason. */
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
