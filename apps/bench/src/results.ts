import { MORE_IS_BETTER } from './measurements.ts'
import { median, spread } from './statistics.ts'
import type { CommandUse, Measured } from './step.ts'

/** How many times better ours is than another library. */
export interface Ratio {
  /** Of the ratios within each round. */
  readonly median: number
  readonly least: number
  readonly most: number
}

export interface FigureResult {
  readonly median: number
  /** The spread, as a share of the median. */
  readonly spread: number
  /** The values by round. A round in which the library failed is missing. */
  readonly values: Readonly<Record<number, number>>
  /** Absent for ours. */
  readonly ours?: Ratio
}

/** `measurement` -> `library` -> `figure`. */
export type Results = Record<string, Record<string, Record<string, FigureResult>>>

/** The shares of the machine that other processes used during a measurement, from 0 to 1. */
export type OthersByMeasurement = Record<string, { readonly least: number; readonly most: number }>

type Rounds = Map<number, number>

/** Collects the figures of all rounds. */
export class Collection {
  readonly #ours: string
  readonly #values = new Map<string, Map<string, Map<string, Rounds>>>()
  readonly commands: Record<string, Record<string, CommandUse>> = {}
  readonly others: OthersByMeasurement = {}

  constructor(ours: string) {
    this.#ours = ours
  }

  add(measurement: string, subject: string, round: number, { commands, figures, others }: Measured): void {
    if (figures === undefined) return
    const subjects = at(this.#values, measurement, () => new Map<string, Map<string, Rounds>>())
    const known = at(subjects, subject, () => new Map<string, Rounds>())
    for (const [name, value] of Object.entries(figures)) at(known, name, (): Rounds => new Map()).set(round, value)
    if (commands !== undefined) this.commands[measurement] = { ...this.commands[measurement], [subject]: commands }
    if (others === undefined) return
    const { least, most } = this.others[measurement] ?? { least: others, most: others }
    this.others[measurement] = { least: Math.min(least, others), most: Math.max(most, others) }
  }

  results(): Results {
    const results: Results = {}
    for (const [measurement, subjects] of this.#values) {
      const ours = subjects.get(this.#ours)
      const ofMeasurement: Results[string] = {}
      for (const [subject, figures] of subjects) {
        ofMeasurement[subject] = Object.fromEntries(
          [...figures].map(([name, rounds]) => [
            name,
            figure(name, Object.fromEntries(rounds), subject === this.#ours ? undefined : ours?.get(name)),
          ]),
        )
      }
      results[measurement] = ofMeasurement
    }
    return results
  }
}

function figure(name: string, values: Record<number, number>, ours: Rounds | undefined): FigureResult {
  const all = Object.values(values)
  const ratio = ours === undefined ? undefined : ratioOf(pairs(name, Object.fromEntries(ours), values))
  return { median: median(all), spread: spread(all), values, ...(ratio !== undefined && { ours: ratio }) }
}

/** How many times better `ours` is, in each round that both have. */
export function pairs(
  figure: string,
  ours: Readonly<Record<number, number>>,
  theirs: Readonly<Record<number, number>>,
): number[] {
  return Object.entries(ours).flatMap(([round, value]) => {
    const other = theirs[Number(round)]
    if (other === undefined) return []
    const ratio = MORE_IS_BETTER.has(figure) ? value / other : other / value
    // Both may be nothing, as the CPU of children where there are none.
    return Number.isFinite(ratio) ? [ratio] : []
  })
}

export function ratioOf(ratios: readonly number[]): Ratio | undefined {
  if (ratios.length === 0) return undefined
  return { median: median(ratios), least: Math.min(...ratios), most: Math.max(...ratios) }
}

function at<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}
