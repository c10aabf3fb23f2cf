import { execFileSync } from 'node:child_process'
import { cpus, loadavg, platform, release } from 'node:os'
import { measure } from './measure.ts'
import type { Measurement } from './measurements.ts'
import { acquireBinary } from './own-redis.ts'
import { Collection, type OthersByMeasurement, type Results } from './results.ts'
import type { ProfileFolder } from './run-step.ts'
import type { CommandUse } from './step.ts'
import type { Subject } from './subject.ts'
import { NEAREST, OURS } from './subjects.ts'
import { judge, type TargetResult } from './verdict.ts'

const MINUTE_MS = 60_000

/** Everything that a run has found, as `--json` prints it and `--from` reads it. */
export interface Run {
  /** Machine, versions and settings, a line each. */
  readonly settings: readonly string[]
  /** The load of the machine (of the last minute) before each round, and at the end. */
  readonly load: readonly number[]
  readonly rounds: number
  readonly minutes: number
  /** What each measurement is. */
  readonly what: Readonly<Record<string, string>>
  readonly results: Results
  readonly others: OthersByMeasurement
  readonly targets: readonly TargetResult[]
  readonly commands: Readonly<Record<string, Readonly<Record<string, CommandUse>>>>
}

interface RunOptions {
  readonly measurements: readonly Measurement[]
  /** Ours first. */
  readonly subjects: readonly Subject[]
  /** Whether all subjects are measured wherever they can be, since they were asked for by name. */
  readonly namesPeers: boolean
  readonly runs: number
  readonly profile: ProfileFolder
  /** Lines for `settings` beside those of the libraries. */
  readonly notes: readonly string[]
}

/** The libraries to measure in a round, ours first. */
function librariesOf(
  { nearestOnly, onRequest }: Measurement,
  round: number,
  { namesPeers, subjects }: RunOptions,
): readonly Subject[] {
  if (onRequest === true) return round === 0 ? subjects.slice(0, 1) : []
  if (nearestOnly !== true || namesPeers) return subjects
  return subjects.filter(({ name }) => name === OURS || name === NEAREST)
}

/**
 * Measure all in rounds: each round has every measurement and every library, in turn and as near to each other as it
 * goes, so that a ratio within a round is hardly changed by a machine that becomes slower.
 */
export async function runAll(options: RunOptions): Promise<Run> {
  const { measurements, notes, profile, runs, subjects } = options
  const beganMs = performance.now()
  const ours = subjects[0]?.name ?? ''
  const collection = new Collection(ours)
  const load: number[] = []
  for (let round = 0; round < runs; round++) {
    load.push(loadavg()[0] ?? 0)
    for (const measurement of measurements) {
      const libraries = librariesOf(measurement, round, options)
      for (const subject of round % 2 === 0 ? libraries : [...libraries].reverse()) {
        process.stderr.write(`${round + 1}/${runs} ${measurement.name} ${subject.name}\n`)
        try {
          collection.add(measurement.name, subject.name, round, await measure(measurement, subject, profile))
        } catch (error) {
          process.stderr.write(`  failed: ${(error as Error).message}\n`)
        }
      }
    }
  }
  load.push(loadavg()[0] ?? 0)
  const results = collection.results()
  return {
    settings: [...(await settingsOf(subjects)), ...notes],
    load,
    rounds: runs,
    minutes: Math.round((performance.now() - beganMs) / MINUTE_MS),
    what: Object.fromEntries(measurements.map(({ name, what }) => [name, what])),
    results,
    others: collection.others,
    targets: judge(results, collection.others, ours),
    commands: collection.commands,
  }
}

async function settingsOf(subjects: readonly Subject[]): Promise<string[]> {
  const redis = String(execFileSync(await acquireBinary(), ['--version'])).trim()
  return [
    `Node ${process.version}, ${platform()} ${release()}, ${cpus().length} x ${cpus()[0]?.model.trim()}`,
    `Redis ${/v=(\S+)/.exec(redis)?.[1] ?? redis}, no persistence unless a measurement says so`,
    ...subjects.map(({ name, settings, version }) => `${name} ${version() ?? '?'}: ${settings}`),
  ]
}
