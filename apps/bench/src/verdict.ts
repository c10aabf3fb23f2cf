import { unitOf } from './measurements.ts'
import { type FigureResult, type OthersByMeasurement, pairs, type Ratio, type Results, ratioOf } from './results.ts'
import { TARGETS, type Target } from './targets.ts'

/** Other processes make a rate or a time doubtful from this share of the machine on. */
const BUSY = 0.1

/**
 * `doubtful`: a quieter machine or more rounds have to decide. The rounds disagree; or other processes used much of the
 * machine, which changes times and rates, and the CPU time does not say the same.
 */
export type Verdict = 'met' | 'missed' | 'doubtful'

export interface TargetResult extends Target {
  /** Over the rounds: the ratio, or our figure where there is nothing to compare with. */
  readonly reached: Ratio
  /** For a rate: the same ratio of CPU time per job of all processes, which other load changes much less. */
  readonly cpu?: Ratio
  readonly rounds: number
  readonly verdict: Verdict
}

/** The targets that these results can check. */
export function judge(results: Results, others: OthersByMeasurement, ours: string): TargetResult[] {
  return TARGETS.flatMap((target) => {
    const values = reach(results, ours, target)
    const reached = ratioOf(values)
    if (reached === undefined) return []
    const byCpu = target.figure.endsWith('.rate') ? reach(results, ours, cpuOf(target)) : []
    const cpu = ratioOf(byCpu)
    const verdict = verdictOf(target, wasBusy(others, target) ? [...values, ...(cpu ? byCpu : [Number.NaN])] : values)
    return [{ ...target, reached, rounds: values.length, verdict, ...(cpu !== undefined && { cpu }) }]
  })
}

/** Whether other processes may have changed the figures. CPU times and bytes they hardly change. */
export function wasBusy(others: OthersByMeasurement, { figure, over }: Pick<Target, 'figure' | 'over'>): boolean {
  const [, name = ''] = figure.split('.')
  if (name !== 'rate' && unitOf(name) !== 'ms') return false
  const measurements = [figure, over?.figure ?? figure].map((path) => path.split('.')[0] ?? '')
  return measurements.some((measurement) => (others[measurement]?.most ?? 0) > BUSY)
}

/** A value that is not a number is unknown. */
function verdictOf(target: Target, values: readonly number[]): Verdict {
  if (values.some(Number.isNaN)) return 'doubtful'
  const good = values.filter((value) => isGood(target, value)).length
  return good === values.length ? 'met' : good === 0 ? 'missed' : 'doubtful'
}

function isGood({ least = Number.NEGATIVE_INFINITY, most = Number.POSITIVE_INFINITY }: Target, value: number): boolean {
  return value >= least && value <= most
}

/** In each round. */
function reach(results: Results, ours: string, { figure, over, scaled }: Target): number[] {
  const own = find(results, ours, figure)
  if (own === undefined) return []
  const peer = over ?? (scaled && { subject: scaled.subject, figure })
  if (peer === undefined) return Object.values(own.values)
  const other = find(results, peer.subject, peer.figure)
  if (other === undefined) return []
  const ratios = pairs(figure.split('.')[1] ?? '', own.values, other.values)
  return scaled === undefined ? ratios : ratios.map((ratio) => scaled.value / ratio)
}

function cpuOf({ figure, over, ...rest }: Target): Target {
  const cpu = (path: string) => path.replace(/\.rate$/, '.cpuUs')
  return { ...rest, figure: cpu(figure), ...(over && { over: { ...over, figure: cpu(over.figure) } }) }
}

function find(results: Results, subject: string, path: string): FigureResult | undefined {
  const [measurement = '', name = ''] = path.split('.')
  return results[measurement]?.[subject]?.[name]
}
