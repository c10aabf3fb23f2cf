import type { Measured } from './measure.ts'
import { MORE_IS_BETTER } from './measurements.ts'
import { median, spread } from './statistics.ts'
import type { CommandUse } from './step.ts'
import { TARGETS, type Target } from './targets.ts'

export interface FigureResult {
  readonly median: number
  /** The spread, as a share of the median. */
  readonly spread: number
  /** The values, in order of the rounds. */
  readonly values: readonly number[]
  /** How many times better ours is: the median of the ratios within each round. Absent for ours. */
  readonly ours?: number
}

/** `measurement` -> `library` -> `figure`. */
export type Results = Record<string, Record<string, Record<string, FigureResult>>>

/** A round in which a library failed is missing. */
type Rounds = Map<number, number>

/** Collects the figures of all rounds. */
export class Collection {
  readonly #ours: string
  readonly #values = new Map<string, Map<string, Map<string, Rounds>>>()
  readonly commands: Record<string, Record<string, CommandUse>> = {}

  constructor(ours: string) {
    this.#ours = ours
  }

  add(measurement: string, subject: string, round: number, { figures, commands }: Measured): void {
    if (figures === undefined) return
    const subjects = at(this.#values, measurement, () => new Map<string, Map<string, Rounds>>())
    const known = at(subjects, subject, () => new Map<string, Rounds>())
    for (const [name, value] of Object.entries(figures)) at(known, name, (): Rounds => new Map()).set(round, value)
    if (commands !== undefined) this.commands[measurement] = { ...this.commands[measurement], [subject]: commands }
  }

  results(): Results {
    const results: Results = {}
    for (const [measurement, subjects] of this.#values) {
      const ours = subjects.get(this.#ours)
      const ofMeasurement: Results[string] = {}
      for (const [subject, figures] of subjects) {
        ofMeasurement[subject] = Object.fromEntries(
          [...figures].map(([name, values]) => [
            name,
            figure(name, values, subject === this.#ours ? undefined : ours?.get(name)),
          ]),
        )
      }
      results[measurement] = ofMeasurement
    }
    return results
  }
}

function figure(name: string, rounds: Rounds, ours: Rounds | undefined): FigureResult {
  const values = [...rounds.values()]
  const ratios = [...(ours ?? [])].flatMap(([round, value]) => {
    const other = rounds.get(round)
    return other === undefined ? [] : [better(name, value, other)]
  })
  return {
    median: median(values),
    spread: spread(values),
    values,
    ...(ratios.length > 0 && { ours: median(ratios) }),
  }
}

function better(name: string, value: number, other: number): number {
  return MORE_IS_BETTER.has(name.replace(/^.*\./, '')) ? value / other : other / value
}

export interface TargetResult extends Target {
  /** The ratio, or the value if there is nothing to compare with. */
  readonly reached: number
  readonly isMet: boolean
}

/** The targets that these measurements check. */
export function judge(results: Results, ours: string): TargetResult[] {
  return TARGETS.flatMap((target) => {
    const reached = reach(results, ours, target)
    if (reached === undefined) return []
    const isMet = reached >= (target.least ?? 0) && reached <= (target.most ?? Number.POSITIVE_INFINITY)
    return [{ ...target, reached, isMet }]
  })
}

function reach(results: Results, ours: string, { figure, over }: Target): number | undefined {
  const own = find(results, ours, figure)
  if (own === undefined || over === undefined) return own?.median
  const other = find(results, over.subject, over.figure)
  if (other === undefined) return undefined
  if (over.figure === figure && other.ours !== undefined) return other.ours
  return better(figure, own.median, other.median)
}

function find(results: Results, subject: string, path: string): FigureResult | undefined {
  const [measurement = '', name = ''] = path.split('.')
  return results[measurement]?.[subject]?.[name]
}

function at<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}
