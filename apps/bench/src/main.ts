/** The bench: rounds of measurements, each library in turn, and a report. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { cpus, loadavg, platform, release } from 'node:os'
import { fileURLToPath } from 'node:url'
import { measure } from './measure.ts'
import { readOptions, USAGE } from './options.ts'
import { acquireBinary } from './own-redis.ts'
import { picture } from './picture.ts'
import { commandTable, resultTable, targetTable } from './report.ts'
import { Collection, judge } from './results.ts'
import type { Subject } from './subject.ts'

const PICTURE = fileURLToPath(new URL('../../../docs/performance.svg', import.meta.url))

async function main(argv: readonly string[]): Promise<void> {
  const options = await readOptions(argv)
  const { json, measurements, profile, runs, subjects } = options
  const [ours] = subjects
  if (ours === undefined) throw new Error('Nothing to measure.')
  if (options.list) {
    process.stdout.write(measurements.map(({ name, what }) => `${name.padEnd(20)} ${what}\n`).join(''))
    return
  }
  const settings = await settingsOf(subjects)
  if (!json) process.stdout.write(`${settings.join('\n')}\n\n`)
  const collection = new Collection(ours.name)
  for (const measurement of measurements) {
    for (let round = 0; round < runs; round++) {
      for (const subject of round % 2 === 0 ? subjects : [...subjects].reverse()) {
        process.stderr.write(`${measurement.name} ${round + 1}/${runs} ${subject.name}\n`)
        try {
          collection.add(measurement.name, subject.name, round, await measure(measurement, subject, profile))
        } catch (error) {
          process.stderr.write(`  failed: ${(error as Error).message}\n`)
        }
      }
    }
    if (!json) process.stdout.write(`${resultTable(measurement.name, measurement.what, collection.results())}\n`)
  }
  const results = collection.results()
  const targets = judge(results, ours.name)
  if (json)
    process.stdout.write(`${JSON.stringify({ settings, results, targets, commands: collection.commands }, null, 2)}\n`)
  else process.stdout.write(targetTable(targets))
  if (options.commands && !json) process.stdout.write(`\n${commandTable(collection.commands)}`)
  const names = subjects.map(({ name }) => name)
  if (options.svg) writeFileSync(PICTURE, picture(results, names))
}

async function settingsOf(subjects: readonly Subject[]): Promise<string[]> {
  const redis = String(execFileSync(await acquireBinary(), ['--version'])).trim()
  const load = loadavg().map((value) => value.toFixed(1))
  return [
    `Node ${process.version}, ${platform()} ${release()}, ${cpus().length} x ${cpus()[0]?.model.trim()}, load ${load.join(' ')}`,
    `Redis ${/v=(\S+)/.exec(redis)?.[1] ?? redis}, no persistence unless a measurement says so`,
    ...subjects.map(({ name, settings, version }) => `${name} ${version() ?? '?'}: ${settings}`),
  ]
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${(error as Error).message}\n\n${USAGE}`)
  process.exitCode = 1
})
