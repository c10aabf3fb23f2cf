import { counted } from '../output/counted.ts'
import type { Paint } from '../output/paint.ts'
import { wrapped } from '../output/wrapped.ts'
import type { Finding, Level } from './finding.ts'

const INDENT = 22
const WIDEST = 100

/** One line for each finding, wrapped at `columns`, with what to do below it. */
export function report(findings: readonly Finding[], paint: Paint, columns: number): string {
  const width = Math.max(20, Math.min(columns, WIDEST) - INDENT)
  const paints: Readonly<Record<Level, (text: string) => string>> = {
    ok: paint.green,
    note: paint.dim,
    warning: paint.yellow,
    problem: paint.red,
  }
  const lines = findings.flatMap(({ advice, check, level, text }) => {
    const [first = '', ...rest] = wrapped(text, width)
    const below = [...rest, ...(advice === undefined ? [] : wrapped(`> ${advice}`, width))]
    const head = `${paints[level](level.padEnd(9))}${check.padEnd(INDENT - 9)}${first}`
    return [head, ...below.map((line) => ' '.repeat(INDENT) + line)]
  })
  return lines.join('\n')
}

/** `1 problem, 2 warnings`, or that all is well. */
export function summary(findings: readonly Finding[]): string {
  const of = (level: Level) => findings.filter((finding) => finding.level === level).length
  const [problems, warnings] = [of('problem'), of('warning')]
  if (problems + warnings === 0) return 'No problems.'
  return [problems > 0 && counted(problems, 'problem'), warnings > 0 && counted(warnings, 'warning')]
    .filter((part) => part !== false)
    .join(', ')
}
