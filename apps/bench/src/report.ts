import { inOrder, unitOf } from './measurements.ts'
import type { FigureResult, OthersByMeasurement, Ratio, Results } from './results.ts'
import type { CommandUse } from './step.ts'
import { type TargetResult, type Verdict, wasBusy } from './verdict.ts'

/** Rounds disagree when their ratios differ by more than this share of the median. */
const DISAGREE = 0.25

const VERDICTS: Readonly<Record<Verdict, string>> = { met: 'met', missed: 'MISSED', doubtful: 'doubtful' }

/** What the marks in the tables mean. */
export const LEGEND =
  'CPU in microseconds per job: redis or postgres; main = the process of the worker or producer; child = all processes ' +
  'below it; cpu = all of these. "N x" is how many times better ours is, in the middle of the rounds. ? = doubtful: the ' +
  'rounds disagree, or other processes used much of the machine; then trust the CPU.\n'

/** A table for each measurement: median, spread, and our ratio to each library. */
export function resultTable(measurement: string, what: string, results: Results, others: OthersByMeasurement): string {
  const subjects = results[measurement] ?? {}
  const names = inOrder(Object.values(subjects).flatMap((figures) => Object.keys(figures)))
  const rows = Object.entries(subjects).map(([subject, figures]) => [
    subject,
    ...names.flatMap((name) => {
      const figure = figures[name]
      return figure === undefined
        ? ['', '']
        : [valueText(figure), ratioText(figure, wasBusy(others, { figure: `${measurement}.${name}` }))]
    }),
  ])
  const head = ['', ...names.flatMap((name) => [`${name.replace(/Us$/, '')} ${unitOf(name)}`, ''])]
  return `${measurement}: ${what}${othersText(others[measurement])}\n${aligned([head, ...rows])}`
}

function othersText(others: OthersByMeasurement[string] | undefined): string {
  if (others === undefined) return ''
  return `; other processes used ${percent(others.least)} to ${percent(others.most)} of the machine`
}

function valueText({ median, spread, values }: FigureResult): string {
  return Object.keys(values).length === 1 ? short(median) : `${short(median)} ±${percent(spread)}`
}

function ratioText({ ours }: FigureResult, isBusy: boolean): string {
  if (ours === undefined) return ''
  const { least, median, most } = ours
  const isDoubtful = isBusy || most - least > DISAGREE * median
  return `${short(median)} x${isDoubtful ? '?' : ''}`
}

/** The verdict for each target. */
export function targetTable(targets: readonly TargetResult[]): string {
  if (targets.length === 0) return ''
  const head = ['target', '', 'reached', 'in the rounds', 'by CPU', '']
  return aligned([head, ...targets.map(targetRow)])
}

/** What it is, what is wanted, what was reached in the middle and at least and most, the same by CPU, the verdict. */
export function targetRow(target: TargetResult): string[] {
  const { cpu, over, reached, rounds, verdict, what } = target
  return [
    over === undefined ? what : `${what} : ${over.subject}`,
    wantedText(target),
    short(reached.median),
    rounds === 1 ? 'one' : rangeText(reached),
    cpu === undefined ? '' : short(cpu.median),
    VERDICTS[verdict],
  ]
}

function wantedText({ least, most, over }: TargetResult): string {
  if (most !== undefined) return `<= ${most}`
  return over === undefined ? `>= ${least}` : `>= ${short(least ?? 0)} x`
}

function rangeText({ least, most }: Ratio): string {
  return `${short(least)} to ${short(most)}`
}

/** The Redis commands per job, the most expensive first. */
export function commandTable(commands: Readonly<Record<string, Readonly<Record<string, CommandUse>>>>): string {
  const lines: string[] = []
  for (const [measurement, subjects] of Object.entries(commands)) {
    for (const [subject, uses] of Object.entries(subjects)) {
      if (Object.keys(uses).length === 0) continue
      lines.push(`${measurement}, ${subject}: calls and microseconds of Redis per job`)
      for (const [name, { calls, us }] of Object.entries(uses)) {
        lines.push(`  ${name.padEnd(20)} ${calls.toFixed(3).padStart(8)} ${us.toFixed(2).padStart(8)}`)
      }
    }
  }
  return `${lines.join('\n')}\n`
}

/** Text in columns, the first one to the left and the others to the right. */
export function aligned(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
  return rows.map((row) => `  ${line(row).join('  ').trimEnd()}\n`).join('')
}

export function short(value: number): string {
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en')
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3)
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}
