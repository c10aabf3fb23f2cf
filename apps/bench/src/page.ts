import { short, targetRow } from './report.ts'
import type { FigureResult } from './results.ts'
import type { Run } from './run.ts'
import { OURS } from './subjects.ts'

/** A row of a table: what it is, and the figure of each library, as `measurement.figure`. */
type Row = readonly [label: string, path: string]

const FIGURES: readonly Row[] = [
  ['enqueue one by one, /s', 'enqueue-one.rate'],
  ['enqueue 1000 at once, /s', 'enqueue-concurrent.rate'],
  ['enqueue lists of 1000, /s', 'enqueue-bulk.rate'],
  ['process 1 at a time, /s', 'process-1.rate'],
  ['process 50 at a time, /s', 'process-50.rate'],
  ['- CPU of Redis, us', 'process-50.redisUs'],
  ['- CPU of the worker, us', 'process-50.mainUs'],
  ['2 child processes, /s', 'isolated-process-2.rate'],
  ['- CPU of Redis, us', 'isolated-process-2.redisUs'],
  ['- CPU of the worker, us', 'isolated-process-2.mainUs'],
  ['- CPU of its children, us', 'isolated-process-2.childUs'],
  ['idle pick-up p50, ms', 'latency.pickUpP50'],
  ['idle pick-up p99, ms', 'latency.pickUpP99'],
  ['enqueue to result p50, ms', 'latency.resultP50'],
  ['enqueue to result p99, ms', 'latency.resultP99'],
  ['scheduled jobs late p50, ms', 'schedule.lateP50'],
  ['scheduled jobs late p99, ms', 'schedule.lateP99'],
  ['bytes per waiting job', 'memory.waitingBytes'],
  ['bytes per finished job', 'memory.finishedBytes'],
]

const MORE: readonly Row[] = [
  ['10 at a time, /s', 'process-10.rate'],
  ['200 at a time, /s', 'process-200.rate'],
  ['1 child process, /s', 'isolated-process-1.rate'],
  ['4 child processes, /s', 'isolated-process-4.rate'],
  ['2 threads, /s', 'isolated-thread-2.rate'],
  ['50 at a time, payloads of 100 bytes, /s', 'payload-100.rate'],
  ['50 at a time, payloads of 10 kilobytes, /s', 'payload-10k.rate'],
  ['50 at a time, append-only file everysec, /s', 'aof.rate'],
  ['1 ms of network: enqueue one by one, /s', 'slow-enqueue-one.rate'],
  ['1 ms of network: 1 at a time, /s', 'slow-process-1.rate'],
  ['1 ms of network: 50 at a time, /s', 'slow-process-50.rate'],
  ['100,000 jobs due at once: longest script, ms', 'due-100k.longestMs'],
  ['1000 more jobs waiting, /s', 'growth-1k.rate'],
  ['a million more jobs waiting, /s', 'growth-1m.rate'],
  ['growth of a worker over 800,000 jobs, MB', 'rss.rssGrowthMb'],
]

const BLOCKS: Readonly<Record<string, (run: Run) => string>> = {
  settings: ({ load, minutes, rounds, settings }) =>
    [
      ...settings,
      `Rounds: ${rounds}, in ${minutes} minutes. Load before each, and at the end: ${load.map((one) => one.toFixed(1)).join(', ')}`,
    ]
      .map((line) => `- ${line}\n`)
      .join(''),
  figures: (run) => figureTable(run, FIGURES),
  targets: ({ targets }) =>
    table(['target', 'wanted', 'reached', 'in the rounds', 'by CPU', ''], targets.map(targetRow)),
  more: (run) => figureTable(run, MORE),
}

/**
 * The page with its blocks filled anew: each from `<!-- bench NAME -->` to `<!-- end -->`. All else stays.
 * @throws Error if a block is missing.
 */
export function fillPage(page: string, run: Run): string {
  let filled = page
  for (const [name, write] of Object.entries(BLOCKS)) {
    const [head, end] = [`<!-- bench ${name} -->\n`, '<!-- end -->']
    const from = filled.indexOf(head)
    const to = filled.indexOf(end, from)
    if (from < 0 || to < 0) throw new Error(`The page has no block from ${head.trim()} to ${end}.`)
    filled = `${filled.slice(0, from + head.length)}\n${write(run)}\n${filled.slice(to)}`
  }
  return filled
}

function figureTable({ results }: Run, rows: readonly Row[]): string {
  const found = rows.flatMap(([label, path]) => {
    const [measurement = '', name = ''] = path.split('.')
    const figures = Object.entries(results[measurement] ?? {}).flatMap(([subject, all]) => {
      const figure = all[name]
      return figure === undefined ? [] : [[subject, figure] as const]
    })
    return figures.length === 0 ? [] : [{ label, figures: new Map(figures) }]
  })
  const subjects = [...new Set(found.flatMap(({ figures }) => [...figures.keys()]))]
  const peers = subjects.filter((subject) => subject !== OURS)
  const body = found.map(({ figures, label }) => [
    label,
    ...[OURS, ...peers].map((subject) => valueText(figures.get(subject))),
    ratioText(figures.get('bullmq')),
  ])
  return table(['', ...[OURS, ...peers], 'ours : bullmq'], body)
}

function valueText(figure: FigureResult | undefined): string {
  return figure === undefined ? '' : short(figure.median)
}

function ratioText(figure: FigureResult | undefined): string {
  if (figure?.ours === undefined) return ''
  const { least, median, most } = figure.ours
  const isOne = Object.keys(figure.values).length === 1
  return isOne ? short(median) : `${short(median)} (${short(least)} to ${short(most)})`
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |\n`
  return [line(head), `|${head.map(() => '---').join('|')}|\n`, ...rows.map(line)].join('')
}
