/** The bench: rounds of measurements, each library in turn, and a report. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { floorTable, measureFloors } from './floors/measure-floors.ts'
import { type BenchOptions, readOptions, USAGE } from './options.ts'
import { fillPage } from './page.ts'
import { picture } from './picture.ts'
import { commandTable, LEGEND, resultTable, targetTable } from './report.ts'
import { type Run, runAll } from './run.ts'

const DOCS = new URL('../../../docs/', import.meta.url)
const PICTURE = fileURLToPath(new URL('performance.svg', DOCS))
const PAGE = fileURLToPath(new URL('performance.md', DOCS))

async function main(argv: readonly string[]): Promise<void> {
  const options = await readOptions(argv)
  if (options.list) {
    process.stdout.write(options.measurements.map(({ name, what }) => `${name.padEnd(20)} ${what}\n`).join(''))
    return
  }
  if (options.floors) {
    process.stdout.write(floorTable(await measureFloors(options.runs)))
    return
  }
  const run =
    options.from === undefined ? await runAll(options) : (JSON.parse(readFileSync(options.from, 'utf8')) as Run)
  process.stdout.write(options.json ? `${JSON.stringify(run, null, 2)}\n` : report(run, options))
  if (options.svg) writeFileSync(PICTURE, picture(run.results))
  if (options.markdown) writeFileSync(PAGE, fillPage(readFileSync(PAGE, 'utf8'), run))
}

function report(run: Run, { commands, targets }: BenchOptions): string {
  const load = run.load.map((value) => value.toFixed(1)).join(' ')
  const head = `${run.settings.join('\n')}\nrounds ${run.rounds}, ${run.minutes} minutes, load before each and at the end: ${load}\n\n`
  const tables = Object.entries(run.what).map(([name, what]) => `${resultTable(name, what, run.results, run.others)}\n`)
  return [
    head,
    ...(targets ? [] : [LEGEND, '\n', ...tables]),
    targetTable(run.targets),
    ...(commands ? ['\n', commandTable(run.commands)] : []),
  ].join('')
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${(error as Error).message}\n\n${USAGE}`)
  process.exitCode = 1
})
