import { table } from '../table.ts'
import type { TortureReport } from './torture.ts'

/** Whether a torture found no errors. */
export function isWell({ complaints, failed, lost, parkedWrongly, unexplained, violations }: TortureReport): boolean {
  return [complaints, failed, lost, parkedWrongly, unexplained, violations].every((list) => list.length === 0)
}

/** The report of a torture, in Markdown. */
export function reportText(report: TortureReport): string {
  const { again, faults, recoveriesMs } = report
  const told = [
    ['not kept', report.lost],
    ['failed', report.failed],
    ['parked without three explained losses', report.parkedWrongly],
    ['ran again without a reason', report.unexplained],
    ['broken invariants', report.violations],
    ['complaints', report.complaints],
  ] as const
  return [
    table(
      ['fault', 'times'],
      [...faults].sort(([one], [other]) => (one < other ? -1 : 1)).map((row) => [...row]),
    ),
    table(
      ['outcome', 'jobs'],
      [
        ['acknowledged', report.acknowledged],
        ['done', report.done],
        ['lost', report.lost.length],
        ['parked after three losses of its worker, or waiting for such a job', report.parked.length],
        ['parked without a reason', report.parkedWrongly.length],
        ['failed that should not', report.failed.length],
        ...Object.entries(again).map(([why, count]) => [`ran again: ${why}`, count] as const),
        ['ran again without a reason', report.unexplained.length],
        ['broken invariants at the end', report.violations.length],
      ],
    ),
    `Taken over after the death of a worker: ${spread(recoveriesMs)}.`,
    ...told
      .filter(([, list]) => list.length > 0)
      .map(([name, list]) => `${name}:\n  ${list.slice(0, 50).join('\n  ')}`),
  ].join('\n\n')
}

function spread(sortedMs: readonly number[]): string {
  const at = (part: number) => `${((sortedMs[Math.floor(part * (sortedMs.length - 1))] ?? 0) / 1000).toFixed(1)} s`
  return sortedMs.length === 0
    ? 'none'
    : `${sortedMs.length} jobs, half of them within ${at(0.5)}, 95 % within ${at(0.95)}, all within ${at(1)}`
}
