import { short } from './report.ts'
import type { Results } from './results.ts'

const ROWS: readonly (readonly [label: string, measurement: string, figure: string])[] = [
  ['enqueue, one by one', 'enqueue-one', 'rate'],
  ['enqueue, 1000 at once', 'enqueue-concurrent', 'rate'],
  ['enqueue, lists of 1000', 'enqueue-bulk', 'rate'],
  ['process, 1 at a time', 'process-1', 'rate'],
  ['process, 50 at a time', 'process-50', 'rate'],
  ['process, 2 child processes', 'isolated-process-2', 'rate'],
]
const COLORS = ['#2563eb', '#94a3b8', '#b8a994', '#a3b894', '#b894a8', '#94b0b8']
const LEFT = 190
const WIDTH = 720
const BAR = 13
const LEGEND_LEFT = 60
/** What a letter takes at most on average, and what stands beside a name: its color and the space around. */
const LETTER = 7
const BESIDE_NAME = 35
const LONGEST = WIDTH - LEFT - 90

/** Bars of jobs per second, each row to its own scale, as SVG. */
export function picture(results: Results): string {
  const subjects = [...new Set(ROWS.flatMap(([, measurement]) => Object.keys(results[measurement] ?? {})))]
  const parts: string[] = []
  let y = 34
  for (const [label, measurement, figure] of ROWS) {
    const values = subjects.flatMap((subject) => {
      const found = results[measurement]?.[subject]?.[figure]
      return found === undefined ? [] : [{ subject, value: found.median }]
    })
    if (values.length === 0) continue
    const most = Math.max(...values.map(({ value }) => value))
    parts.push(`<text x="${LEFT - 10}" y="${y + (values.length * BAR) / 2 + 4}" text-anchor="end">${label}</text>`)
    for (const { subject, value } of values) {
      const width = Math.max(1, (value / most) * LONGEST)
      parts.push(
        `<rect x="${LEFT}" y="${y}" width="${width.toFixed(1)}" height="${BAR - 2}" fill="${colorOf(subjects, subject)}"/>`,
        `<text x="${LEFT + width + 5}" y="${y + BAR - 3}" class="v">${short(value)}/s</text>`,
      )
      y += BAR
    }
    y += 12
  }
  let x = LEGEND_LEFT
  const legend = subjects.map((subject) => {
    const left = x
    x += subject.length * LETTER + BESIDE_NAME
    return (
      `<rect x="${left}" y="10" width="10" height="10" fill="${colorOf(subjects, subject)}"/>` +
      `<text x="${left + 15}" y="19">${subject}</text>`
    )
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" width="${WIDTH}" height="${y}" role="img" aria-label="Jobs per second, by library">`,
    '<style>text{font:12px system-ui,sans-serif;fill:#334155}.v{font-size:11px}</style>',
    `<rect width="${WIDTH}" height="${y}" fill="#fff"/>`,
    ...legend,
    ...parts,
    '</svg>\n',
  ].join('\n')
}

function colorOf(subjects: readonly string[], subject: string): string {
  return COLORS[subjects.indexOf(subject) % COLORS.length] ?? '#000'
}
