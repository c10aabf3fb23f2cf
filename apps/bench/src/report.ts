import { unitOf } from './measurements.ts'
import type { FigureResult, Results, TargetResult } from './results.ts'
import type { CommandUse } from './step.ts'

/** A table for each measurement: median, spread, and our ratio to each library. */
export function resultTable(measurement: string, what: string, results: Results): string {
  const subjects = results[measurement] ?? {}
  const lines = [`${measurement}: ${what}`]
  for (const [subject, figures] of Object.entries(subjects)) {
    const texts = Object.entries(figures).map(([name, figure]) => `${name} ${figureText(name, figure)}`)
    lines.push(`  ${subject.padEnd(10)} ${texts.map((text) => text.padEnd(36)).join(' ')}`.trimEnd())
  }
  return `${lines.join('\n')}\n`
}

function figureText(name: string, { median, ours, spread }: FigureResult): string {
  const ratio = ours === undefined ? '' : ` (ours ${short(ours)} x)`
  return `${short(median)} ${unitOf(name)} ±${Math.round(spread * 100)} %${ratio}`
}

export function targetTable(targets: readonly TargetResult[]): string {
  const lines = targets.map(({ figure, isMet, least, most, over, reached }) => {
    const versus = over === undefined ? '' : ` to ${over.subject}${over.figure === figure ? '' : `'s ${over.figure}`}`
    const wanted = over === undefined ? `<= ${most}` : `>= ${short(least ?? 0)} x`
    return `  ${isMet ? 'met   ' : 'MISSED'} ${`${figure}${versus}`.padEnd(58)} ${short(reached).padStart(8)}  (${wanted})`
  })
  return lines.length === 0 ? '' : `targets\n${lines.join('\n')}\n`
}

/** The Redis commands per job, the most expensive first. */
export function commandTable(commands: Readonly<Record<string, Readonly<Record<string, CommandUse>>>>): string {
  const lines: string[] = []
  for (const [measurement, subjects] of Object.entries(commands)) {
    for (const [subject, uses] of Object.entries(subjects)) {
      lines.push(`${measurement}, ${subject}: calls and microseconds of Redis per job`)
      for (const [name, { calls, us }] of Object.entries(uses)) {
        lines.push(`  ${name.padEnd(20)} ${calls.toFixed(3).padStart(8)} ${us.toFixed(2).padStart(8)}`)
      }
    }
  }
  return `${lines.join('\n')}\n`
}

export function short(value: number): string {
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en')
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3)
}
